"""Records read through the server one by one, for accounts that may not read whole packs."""

from __future__ import annotations

from datavc.client.http_session import HttpSession
from datavc.client.wire import MAX_RECORDS, WantedRecord, encode_wanted
from datavc.errors import DataCorrupt
from datavc.model.entry import Location
from datavc.store.backend import Backend, Buffer
from datavc.store.objects import ObjectStore, Wanted
from datavc.store.record import RecordKind, decode_record


class HttpRecords(ObjectStore):
    """See :class:`~datavc.store.objects.ObjectStore`; what is read, is asked for by its digest.

    The server finds records that have moved, so that moves are not read here.
    """

    def __init__(self, session: HttpSession, backend: Backend) -> None:
        super().__init__(backend)
        self._session = session

    def read(self, location: Location, digest: bytes, kind: RecordKind) -> Buffer:
        """See :class:`~datavc.store.objects.ObjectStore`."""
        return self.read_run([(location, digest, kind)])[0]

    def read_run(self, run: list[Wanted]) -> list[Buffer]:
        """See :class:`~datavc.store.objects.ObjectStore`."""
        found: list[Buffer] = []
        for start in range(0, len(run), MAX_RECORDS):
            found += self._read(run[start : start + MAX_RECORDS])
        return found

    def _read(self, run: list[Wanted]) -> list[Buffer]:
        asked = [WantedRecord(digest, at.pack, at.offset, at.length) for at, digest, _ in run]
        response = self._session.send("POST", "/records", content=encode_wanted(asked), repeat=True)
        whole = memoryview(response.content)
        if len(whole) != sum(one.length for one in asked):
            raise DataCorrupt("the server's answer does not hold the records asked for")
        found: list[Buffer] = []
        offset = 0
        for at, digest, kind in run:
            found.append(decode_record(whole[offset : offset + at.length], at, digest, kind))
            offset += at.length
        return found
