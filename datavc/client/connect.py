"""Opening a datavc: in this process, or on a server."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from datavc.errors import InvalidInput

if TYPE_CHECKING:
    from datavc.client.client import Client
    from datavc.client.transport import Transport

#: Where an embedded datavc is kept unless it is said otherwise.
DEFAULT_HOME = "~/.datavc"


def connect(
    address: str | None = None,
    *,
    home: str | Path | None = None,
    store: str | None = None,
    database: str | None = None,
    token: str | None = None,
    author: str | None = None,
) -> Client:
    """Open a datavc; use it as a context manager, or close it.

    What is not given comes from the environment.

    Args:
        address: ``http://...`` of a server, or a home folder; ``DATAVC_URL``. Without one, the
            home folder is opened in this process.
        home: folder of an embedded datavc; ``DATAVC_HOME``, ``~/.datavc``.
        store: where its packs are: a folder or ``s3://bucket/prefix``; ``DATAVC_STORE``. A bucket
            is opened once something is read from it or written to it.
        database: its database as a SQLAlchemy URL; ``DATAVC_DATABASE``.
        token: for a server; ``DATAVC_TOKEN``, or what ``datavc auth login`` has kept for it.
        author: who is written down for changes; ``DATAVC_AUTHOR``, ``user@host``.

    Raises:
        InvalidInput: the address is neither, or a setting does not go with it.
        StoreUnavailable, DatabaseUnavailable, ServerUnavailable: it cannot be reached.
        AccessDenied: the token is missing or wrong.
    """
    from datavc.client.client import Client

    local = home is not None or store is not None or database is not None
    where = address
    if where is None and not local:
        where = os.environ.get("DATAVC_URL") or None
    if where is not None and "://" in where:
        if local:
            raise InvalidInput(
                "a server's address goes with no home, store or database",
                hint="leave those out, or the address",
            )
        transport = _open_server(where, token)
        cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "datavc"
    else:
        if where is not None and home is not None:
            raise InvalidInput("a home folder is given twice", hint="give it once")
        folder = Path(where or home or os.environ.get("DATAVC_HOME") or DEFAULT_HOME)
        folder = folder.expanduser().absolute()
        if ".." in folder.parts:
            folder = folder.resolve()
        transport = _open_embedded(folder, store, database)
        cache = folder / "cache"
    name = author or os.environ.get("DATAVC_AUTHOR") or default_author()
    return Client(transport, name, cache)


def default_author() -> str:
    """``user@host`` of this process."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def _open_server(url: str, token: str | None) -> Transport:
    scheme = url.partition("://")[0]
    if scheme not in ("http", "https"):
        raise InvalidInput(
            f"{url!r} is no server's address", hint="use http://host:port or https://host"
        )
    from datavc.client.http import HttpTransport
    from datavc.client.saved_tokens import saved_token

    return HttpTransport(url, token or os.environ.get("DATAVC_TOKEN") or saved_token(url))


def _open_embedded(home: Path, store: str | None, database: str | None) -> Transport:
    from datavc.client.embedded import EmbeddedTransport

    return EmbeddedTransport(
        home,
        store or os.environ.get("DATAVC_STORE") or None,
        database or os.environ.get("DATAVC_DATABASE") or None,
    )
