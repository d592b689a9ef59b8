"""datavc: Git for data, with pipelines that run themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc import errors

if TYPE_CHECKING:
    from datavc.client.client import Client
    from datavc.client.connect import connect

__version__ = "0.1.0"

__all__ = ["Client", "__version__", "connect", "errors"]


def __getattr__(name: str) -> object:
    # Importing the SDK takes a while, and much of datavc is used without it.
    if name == "connect":
        from datavc.client.connect import connect

        return connect
    if name == "Client":
        from datavc.client.client import Client

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
