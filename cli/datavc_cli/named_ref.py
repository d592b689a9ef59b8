"""``repo@name`` where the name itself is meant, not the commit it stands for."""

from __future__ import annotations

from datavc.errors import InvalidAddress


def split_named_ref(text: str, kind: str) -> tuple[str, str]:
    """The repo and the name in *text*; *kind* says what it names, for the message.

    Raises:
        InvalidAddress: one of them is missing.
    """
    repo, _, name = text.partition("@")
    if not repo or not name or ":" in name:
        raise InvalidAddress(f"{text!r} names no {kind}", hint=f"write REPO@{kind.upper()}")
    return repo, name
