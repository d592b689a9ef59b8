"""Verbs on secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.client.base import ClientBase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datavc.model.secret import SecretInfo


class SecretVerbs(ClientBase):
    """What transforms need to know and nobody else is to read; values can be set, never read."""

    def create_secret(
        self, name: str, values: Mapping[str, bytes | str], *, update: bool = False
    ) -> SecretInfo:
        """Make a secret of one or more values; it is encrypted where it is kept.

        Args:
            name: lower-case letters, digits, ``-`` and ``.``.
            values: by their names; text becomes UTF-8.
            update: put it in the place of one that is there; jobs that start later use it.

        Raises:
            InvalidName, InvalidInput: a name or value is not allowed.
            AlreadyExists: there is one of that name, and *update* is not set.
        """
        given = {
            key: value.encode() if isinstance(value, str) else value
            for key, value in values.items()
        }
        return self.transport.create_secret(name, given, self.author, update=update)

    def list_secrets(self) -> list[SecretInfo]:
        """All secrets by name, without their values."""
        return self.transport.list_secrets()

    def delete_secret(self, name: str, *, force: bool = False) -> None:
        """Delete a secret.

        Args:
            name: the secret.
            force: delete it although pipelines use it; their jobs fail then.

        Raises:
            NotFound: there is none of that name.
            Conflict: a pipeline uses it, and *force* is not set.
        """
        self.transport.delete_secret(name, force=force)
