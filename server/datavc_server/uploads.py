"""Packs that clients have begun to bring, and that are not registered yet."""

from __future__ import annotations

import threading
from collections import OrderedDict

from datavc.errors import AlreadyExists

_REMEMBERED = 100_000
#: Bytes of the contents that are kept.
_KEPT = 16 * 1024 * 1024


class Uploads:
    """Remembers them, so that no pack is written twice and only unregistered ones are dropped.

    Forgetting one, by a restart say, does no harm: its bytes are left to be collected.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: Of each pack, the upload that was begun for it by a request with that key, if any.
        self._packs: OrderedDict[bytes, tuple[str, str] | None] = OrderedDict()
        self._contents: OrderedDict[bytes, bytes] = OrderedDict()
        self._room = _KEPT

    def begin(self, pack: bytes) -> None:
        """Claim the right to write *pack*.

        Raises:
            AlreadyExists: somebody has it.
        """
        with self._lock:
            if pack in self._packs:
                raise AlreadyExists(
                    f"pack {pack.hex()} is being uploaded already", hint="use a new id"
                )
            self._packs[pack] = None
            while len(self._packs) > _REMEMBERED:
                self._packs.popitem(last=False)

    def note(self, pack: bytes, key: str, upload: str) -> None:
        """Remember which upload was begun for *pack* by the request with that key."""
        with self._lock:
            if pack in self._packs:
                self._packs[pack] = key, upload

    def begun_by(self, pack: bytes, key: str) -> str | None:
        """The upload of *pack* that the request with that key has begun, if it has."""
        with self._lock:
            known = self._packs.get(pack)
        return known[1] if known is not None and known[0] == key else None

    def keep(self, pack: bytes, content: bytes) -> None:
        """Keep all of a small *pack*, which is read when it is registered."""
        with self._lock:
            self._drop(pack)
            self._contents[pack] = content
            self._room -= len(content)
            while self._room < 0:
                self._drop(next(iter(self._contents)))

    def content(self, pack: bytes) -> bytes | None:
        """All of *pack*, if it was kept."""
        with self._lock:
            return self._contents.get(pack)

    def has(self, pack: bytes) -> bool:
        """Whether *pack* was begun, and neither registered nor dropped."""
        with self._lock:
            return pack in self._packs

    def end(self, pack: bytes) -> bool:
        """Forget *pack*, which was registered or dropped; ``False`` when it is not known."""
        with self._lock:
            self._drop(pack)
            return self._packs.pop(pack, self) is not self

    def _drop(self, pack: bytes) -> None:
        self._room += len(self._contents.pop(pack, b""))
