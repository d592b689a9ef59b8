"""Access keys of the S3 gateway: making, listing and revoking them, and their secrets.

A signature can only be checked by who knows the secret itself, so it is kept, encrypted as the
secrets of pipelines are.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field

from datavc.db import s3_keys as rows
from datavc.db.clock import now_us
from datavc.engine.secret_box import SecretBox
from datavc.errors import InvalidInput, NotFound
from datavc.model.s3_key import NewS3Key, S3KeyInfo
from datavc.versioning.versioned_store import VersionedStore

_PREFIX = "DVC"
_VALUE = "secret"
_MAX_ACCOUNT = 200


@dataclass(frozen=True, slots=True)
class OpenedS3Key:
    """A key with its secret."""

    info: S3KeyInfo
    secret: str = field(repr=False)


def create_s3_key(vs: VersionedStore, account: str, *, read_only: bool = False) -> NewS3Key:
    """Make an access key. Its secret is told now and never again.

    Args:
        vs: where.
        account: who is written down for what is done with it.
        read_only: it opens nothing for writing.

    Raises:
        InvalidInput: the account's name is empty, too long, or not one line.
        DatavcError: the cryptography package is not installed.
    """
    if not account.strip() or len(account) > _MAX_ACCOUNT or not account.isprintable():
        raise InvalidInput(
            f"{account!r} cannot name an account", hint="use one line of up to 200 characters"
        )
    key_id = _PREFIX + base64.b32encode(secrets.token_bytes(10)).decode("ascii")
    secret = base64.b64encode(secrets.token_bytes(30)).decode("ascii")
    info = S3KeyInfo(key_id, account, read_only, now_us())
    sealed = SecretBox(vs.home).seal(_name(key_id), {_VALUE: secret.encode("ascii")})
    with vs.db.write() as conn:
        rows.add(conn, info, sealed)
    return NewS3Key(key_id, secret, account, read_only, info.created_us)


def list_s3_keys(vs: VersionedStore) -> list[S3KeyInfo]:
    """All access keys, the oldest first, without their secrets."""
    with vs.db.read() as conn:
        return rows.list_all(conn)


def revoke_s3_key(vs: VersionedStore, key_id: str) -> None:
    """Let an access key open nothing any more.

    Raises:
        NotFound: there is none of that id.
    """
    with vs.db.write() as conn:
        if not rows.remove(conn, key_id):
            raise NotFound(f"there is no S3 access key {key_id!r}", hint="see `datavc s3 key list`")


def open_s3_key(vs: VersionedStore, key_id: str) -> OpenedS3Key | None:
    """An access key with its secret, or ``None`` when there is none of that id.

    Raises:
        AccessDenied: it was encrypted with another key than this process has.
    """
    with vs.db.read() as conn:
        found = rows.find(conn, key_id)
    if found is None:
        return None
    info, sealed = found
    values = SecretBox(vs.home).open(_name(key_id), sealed)
    return OpenedS3Key(info, values[_VALUE].decode("ascii"))


def _name(key_id: str) -> str:
    return f"s3 key {key_id}"
