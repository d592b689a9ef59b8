"""Access keys of the S3 gateway."""

from __future__ import annotations

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from datavc.engine import s3_keys
from datavc.model.s3_key import NewS3Key, S3KeyInfo
from datavc_server.paging import Items
from datavc_server.state import State

router = APIRouter(prefix="/s3-keys", tags=["s3-keys"])


class S3KeyRequest(BaseModel):
    """A key to be made."""

    account: str = Field(
        description="Who is written down for what is done with it.", examples=["ana"]
    )
    read_only: bool = Field(default=False, description="It opens nothing for writing.")


@router.get("")
def list_s3_keys(state: State) -> Items[S3KeyInfo]:
    """All access keys, the oldest first, without their secrets."""
    return Items(items=s3_keys.list_s3_keys(state.vs))


@router.post("", status_code=status.HTTP_201_CREATED)
def create_s3_key(new: S3KeyRequest, state: State) -> NewS3Key:
    """Make an access key. Its secret is told now and never again."""
    return s3_keys.create_s3_key(state.vs, new.account, read_only=new.read_only)


@router.delete("/{key}", status_code=status.HTTP_204_NO_CONTENT)
def revoke_s3_key(key: str, state: State) -> None:
    """Let an access key open nothing any more."""
    s3_keys.revoke_s3_key(state.vs, key)
