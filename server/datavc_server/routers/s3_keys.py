"""Access keys of the S3 gateway."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, status
from pydantic import Field

from datavc.access.key_holder import check_holder
from datavc.engine import s3_keys
from datavc.errors import AccessDenied, NotFound
from datavc.model.account import AccountKind
from datavc.model.role import Action
from datavc.model.s3_key import NewS3Key, S3KeyInfo
from datavc_server.asking import Asker, Asking
from datavc_server.body_model import BodyModel
from datavc_server.paging import Page, page_list
from datavc_server.state import Author, Cursor, Limit, State

router = APIRouter(prefix="/s3-keys", tags=["s3-keys"])


class S3KeyRequest(BodyModel):
    """A key to be made."""

    account: str | None = Field(
        default=None,
        description="Whose it is, and who is written down for what is done with it; without it, "
        "one's own.",
        examples=["ana"],
    )
    read_only: bool = Field(default=False, description="It opens nothing for writing.")


@router.get("")
def list_s3_keys(
    state: State, asker: Asker, limit: Limit = 1000, cursor: Cursor = None
) -> Page[S3KeyInfo]:
    """One's own access keys, an admin's all of them; the oldest first, without their secrets."""
    found = _visible(state, asker)
    return page_list(found, limit, cursor, lambda one: f"{one.created_us:020d}{one.id}")


@router.post("", status_code=status.HTTP_201_CREATED)
def create_s3_key(new: S3KeyRequest, state: State, author: Author, asker: Asker) -> NewS3Key:
    """Make an access key. Its secret is told now and never again.

    An admin makes keys for all accounts, everybody else for the own one. A key may do what its
    account may, and has no end: a token that is narrowed down makes none, and one that ends only
    an admin's.
    """
    caller = asker.caller
    account = author if new.account is None else new.account
    if account != caller.account or caller.kind is AccountKind.PIPELINE:
        asker.require(Action.ADMINISTER)
    ends = caller.token_expires_us is not None and not asker.may(Action.ADMINISTER)
    if caller.scopes or ends:
        raise AccessDenied(
            f"the token {caller.token} is narrowed down or ends, and makes no access keys",
            hint="use one without scopes and without an end",
        )
    check_holder(state.vs.db, account)
    return s3_keys.create_s3_key(state.vs, account, read_only=new.read_only)


@router.delete("/{key}", status_code=status.HTTP_204_NO_CONTENT)
def revoke_s3_key(
    key: Annotated[str, Path(description="An access key's id.", examples=["DVCK5TQ6ZC2M4XJ7WQA"])],
    state: State,
    asker: Asker,
) -> None:
    """Let an access key open nothing any more."""
    is_seen = any(one.id == key for one in _visible(state, asker))
    if not is_seen and not asker.may(Action.ADMINISTER):
        raise asker.hide(
            NotFound(f"there is no S3 access key {key!r}", hint="see `datavc s3 key list`")
        )
    s3_keys.revoke_s3_key(state.vs, key)


def _visible(state: State, asker: Asking) -> list[S3KeyInfo]:
    found = s3_keys.list_s3_keys(state.vs)
    if asker.may(Action.ADMINISTER):
        return found
    return [one for one in found if one.account == asker.caller.account]
