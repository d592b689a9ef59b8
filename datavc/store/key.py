"""Keys of objects in a store: which are allowed, and where a pack of a given id lies."""

from __future__ import annotations

import re

from datavc.errors import InvalidInput
from datavc.model.entry import PACK_ID_SIZE

#: Every pack's key starts so.
PACK_PREFIX = "packs/"
#: So starts the key of what tells where a rewritten pack's records went.
MOVES_PREFIX = "moves/"

_PART = r"[a-z0-9_-][a-z0-9._-]*"
_KEY = re.compile(rf"{_PART}(?:/{_PART})*")
_PACK_KEY = re.compile(rf"{PACK_PREFIX}[0-9a-f]{{2}}/([0-9a-f]{{{2 * PACK_ID_SIZE}}})\.pack")
_MOVES_KEY = re.compile(rf"{MOVES_PREFIX}[0-9a-f]{{2}}/([0-9a-f]{{{2 * PACK_ID_SIZE}}})\.moves")


def check_key(key: str) -> str:
    """Return *key* if an object may be called so.

    No part may start with a dot, so no key leaves its root (``..``), and a backend may keep what
    is its own under such names.

    Raises:
        InvalidInput: it is empty or holds anything else than ``[a-z0-9._-]`` between slashes.
    """
    if not _KEY.fullmatch(key):
        raise InvalidInput(f"{key!r} cannot be the key of a stored object")
    return key


def pack_key(pack: bytes) -> str:
    """Key of the pack whose id is *pack* (16 bytes).

    Sharded by the last digits, since the first ones are a clock and would fill one folder.
    """
    name = pack.hex()
    return f"{PACK_PREFIX}{name[-2:]}/{name}.pack"


def pack_of_key(key: str) -> bytes | None:
    """Id of the pack that *key* names, or ``None`` if it names something else."""
    match = _PACK_KEY.fullmatch(key)
    return bytes.fromhex(match[1]) if match else None


def moves_key(pack: bytes) -> str:
    """Key of the object that tells where the records of the rewritten pack *pack* went."""
    name = pack.hex()
    return f"{MOVES_PREFIX}{name[-2:]}/{name}.moves"


def moves_of_key(key: str) -> bytes | None:
    """Id of the pack whose moves *key* names, or ``None`` if it names something else."""
    match = _MOVES_KEY.fullmatch(key)
    return bytes.fromhex(match[1]) if match else None
