"""Verbs on access keys of the S3 gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.client.base import ClientBase

if TYPE_CHECKING:
    from datavc.model.s3_key import NewS3Key, S3KeyInfo


class S3KeyVerbs(ClientBase):
    """Access keys, by which S3 clients sign what they send to the gateway."""

    def create_s3_key(self, account: str | None = None, *, read_only: bool = False) -> NewS3Key:
        """Make an access key. Its secret is told now and never again.

        Args:
            account: whose it is, and who is written down for what is done with it; the one whose
                token this client shows, or its author, by default.
            read_only: it opens nothing for writing.

        Raises:
            InvalidInput: the account's name is empty, too long, or not one line.
            NotFound: there are accounts, and none of that name.
            AccessDenied: it is another's, or this client's token is narrowed down or ends.
        """
        return self.transport.create_s3_key(account, self.author, read_only=read_only)

    def list_s3_keys(self) -> list[S3KeyInfo]:
        """One's own access keys, an admin's all of them; oldest first, without their secrets."""
        return self.transport.list_s3_keys()

    def revoke_s3_key(self, key: str) -> None:
        """Let an access key open nothing any more.

        Args:
            key: its id.

        Raises:
            NotFound: there is none of that id.
        """
        self.transport.revoke_s3_key(key)
