"""Secrets: making, listing and deleting them, and giving them to the jobs that need them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from datavc.db import secrets as rows
from datavc.db.clock import now_us
from datavc.engine.run_jobs import all_pipelines
from datavc.engine.secret_box import SecretBox
from datavc.errors import AlreadyExists, Conflict, NotFound
from datavc.model.pipeline import parse_pipeline_spec
from datavc.model.secret import SecretInfo, SecretUse, check_secret
from datavc.versioning.versioned_store import VersionedStore

#: The values of secrets, by the secret's name and the value's.
SecretValues = Mapping[str, Mapping[str, bytes]]


def create_secret(
    vs: VersionedStore, name: str, values: Mapping[str, bytes], author: str, *, update: bool = False
) -> SecretInfo:
    """Make a secret, encrypted before it is written.

    Args:
        vs: where.
        name: the secret.
        values: by their names.
        author: who makes it.
        update: put it in the place of one that is there; jobs that start later use it.

    Raises:
        InvalidName, InvalidInput: a name or value is not allowed.
        AlreadyExists: there is one of that name, and *update* is not set.
        DatavcError: the cryptography package is not installed.
    """
    check_secret(name, values)
    info = SecretInfo(name, tuple(sorted(values)), author, now_us())
    sealed = SecretBox(vs.home).seal(name, values)
    with vs.db.write() as conn:
        if not rows.put(conn, info, sealed, replace=update):
            raise AlreadyExists(f"secret {name!r} exists already", hint="replace it with --update")
    return info


def list_secrets(vs: VersionedStore) -> list[SecretInfo]:
    """All secrets by name, without their values."""
    with vs.db.read() as conn:
        return rows.list_all(conn)


def delete_secret(vs: VersionedStore, name: str, *, force: bool = False) -> None:
    """Delete a secret.

    Raises:
        NotFound: there is none of that name.
        Conflict: a pipeline uses it, and *force* is not set.
    """
    with vs.db.write() as conn:
        users = [row.name for row in all_pipelines(conn) if name in _names_in(row.spec)]
        if users and not force:
            raise Conflict(
                f"secret {name!r} is used by pipeline {', '.join(users)}",
                hint="delete it all the same with --force",
            )
        if not rows.remove(conn, name):
            raise _missing(name)


def check_secrets(conn: Connection, uses: Iterable[SecretUse]) -> None:
    """Make sure that the secrets of a spec are there.

    Raises:
        NotFound: one of them, or the value that is asked for, is not.
    """
    known = {info.name: info.keys for info in rows.list_all(conn)}
    for use in uses:
        if use.name not in known:
            raise _missing(use.name)
        if use.key and use.key not in known[use.name]:
            raise NotFound(
                f"secret {use.name!r} has no value {use.key!r}",
                hint=f"it has {', '.join(known[use.name])}",
            )


def open_secrets(vs: VersionedStore, uses: Iterable[SecretUse]) -> SecretValues:
    """Decrypt what a transform uses.

    Raises:
        NotFound: as :func:`check_secrets`.
        AccessDenied: this engine has another key, or none.
    """
    wanted = tuple(uses)
    if not wanted:
        return {}
    with vs.db.read() as conn:
        check_secrets(conn, wanted)
        sealed = rows.sealed(conn, sorted({use.name for use in wanted}))
    box = SecretBox(vs.home)
    return {name: box.open(name, data) for name, data in sealed.items()}


def _names_in(spec: Mapping[str, object]) -> set[str]:
    return {use.name for use in parse_pipeline_spec(spec).secrets}


def _missing(name: str) -> NotFound:
    return NotFound(
        f"secret {name!r} does not exist", hint=f"make it: datavc secret create {name} KEY=FILE"
    )
