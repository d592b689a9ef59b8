"""What is wrong with the source of an external file, told with the file's path."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from datavc.errors import SourceChanged
from datavc.model.source_uri import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

_Piece = TypeVar("_Piece")

_UNNAMED = "an external file"


def changed(uri: str, what: str) -> SourceChanged:
    """The error for a source that is not what was imported; *what* says in which way."""
    return SourceChanged(
        f"{_UNNAMED} cannot be read: its source {shown(uri)} {what}",
        hint="import it again for what is there now, or bring back what was there",
    )


def gone(uri: str) -> SourceChanged:
    """The error for a source that is not there."""
    return changed(uri, "is gone")


def differs(uri: str, name: str, found: object, pinned: object) -> SourceChanged:
    """The error for a source of which *name* is another than when it was imported."""
    return changed(uri, f"has changed: its {name} is {found}, not {pinned}")


@contextmanager
def naming(path: str) -> Iterator[None]:
    """Let errors about an external file's source say which file it is."""
    try:
        yield
    except SourceChanged as error:
        if not error.message.startswith(_UNNAMED):
            raise
        text = f"external file '{path}'{error.message[len(_UNNAMED) :]}"
        raise SourceChanged(text, hint=error.hint) from None


def named(path: str, pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """*pieces*, with errors as of :func:`naming`."""
    with naming(path):
        yield from pieces
