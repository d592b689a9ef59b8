"""The description of a file that lies elsewhere: where, and which version of it is meant.

The byte layout is in ``docs/format/external.md``. Equal files of a source have equal descriptions,
so a listing alone tells whether a branch holds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from datavc.errors import DataCorrupt, DatavcError, UnknownFormat
from datavc.model.entry import ChunkRef, Entry, EntryKind, Location
from datavc.model.ids import digest_of
from datavc.model.source_uri import check_kept

_VERSION = 1
_MAX_PIN = 1024


class Pin(StrEnum):
    """By what a version of a source is told. Names are only ever added."""

    #: An HTTP entity tag, with its quotes.
    ETAG = "etag"
    #: The ``Last-Modified`` header of a web server, as it was sent.
    LAST_MODIFIED = "last_modified"
    #: A file's time of last change, in nanoseconds since the Unix epoch.
    MTIME_NS = "mtime_ns"
    #: The id of an object's version, in a bucket that keeps versions.
    VERSION = "version"


class _Record(msgspec.Struct, array_like=True, frozen=True):
    version: int
    uri: str
    size: int
    pins: list[tuple[str, str]]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Record).decode


@dataclass(frozen=True, slots=True)
class External:
    """Where a file lies, and which version of it is meant."""

    uri: str
    #: In bytes.
    size: int
    #: What must hold of the source when it is read, sorted by name.
    pins: tuple[tuple[Pin, str], ...]

    @classmethod
    def of(cls, uri: str, size: int, pins: dict[Pin, str | None]) -> External:
        """A description with those of *pins* that are known."""
        known = sorted((pin, value) for pin, value in pins.items() if value is not None)
        return cls(uri, size, tuple(known))

    def pin(self, wanted: Pin) -> str | None:
        """What is known of the version by that name."""
        return next((value for name, value in self.pins if name is wanted), None)

    def encode(self) -> bytes:
        """The payload of its record."""
        return _encode(_Record(_VERSION, self.uri, self.size, [(p.value, v) for p, v in self.pins]))

    @property
    def digest(self) -> bytes:
        """BLAKE3-256 of the payload of its record: the digest of the entry, too."""
        return digest_of(self.encode())

    def entry(self, location: Location) -> Entry:
        """The entry that stands for the file, once its record is stored at *location*."""
        digest = self.digest
        ref = ChunkRef(digest, self.size, location)
        return Entry(self.size, digest, (ref,), 1, kind=EntryKind.EXTERNAL)


def decode_external(payload: bytes | bytearray | memoryview) -> External:
    """Read a description.

    Raises:
        DataCorrupt: it is malformed, or names what may not be kept.
        UnknownFormat: a newer datavc wrote it.
    """
    try:
        record = _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataCorrupt(f"the description of an external file cannot be read: {error}") from None
    names = [name for name, _ in record.pins]
    known = {pin.value for pin in Pin}
    if record.version != _VERSION or not known.issuperset(names):
        raise UnknownFormat(
            "the description of an external file has a form that this datavc does not know",
            hint="read it with a newer datavc",
        )
    try:
        check_kept(record.uri)
    except DatavcError as error:
        raise DataCorrupt(
            f"the description of an external file is wrong: {error.message}"
        ) from None
    if not names or names != sorted(set(names)) or record.size < 0:
        raise DataCorrupt("the description of an external file pins no version of it")
    if any(not 0 < len(value) <= _MAX_PIN or not value.isprintable() for _, value in record.pins):
        raise DataCorrupt("the description of an external file has a malformed version")
    found = External(record.uri, record.size, tuple((Pin(n), v) for n, v in record.pins))
    mtime = found.pin(Pin.MTIME_NS)
    if mtime is not None and not mtime.removeprefix("-").isdecimal():
        raise DataCorrupt("the description of an external file has a malformed time")
    if found.encode() != bytes(payload):
        raise DataCorrupt("the description of an external file is not in its plain form")
    return found
