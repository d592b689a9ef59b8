"""Tree nodes and change sets in the object store: the model's sources and sinks."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from datavc.model.tree.node import decode_node
from datavc.store.record import RecordKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datavc.model.entry import Location
    from datavc.model.tree.node import Node
    from datavc.store.backend import Buffer
    from datavc.store.objects import ObjectStore
    from datavc.store.pack_session import PackSession

#: Payloads as they are stored of what was just read or written: each at most so large ...
_SMALL = 64 * 1024
#: ... and so many bytes of them.
_KEPT_PAYLOADS = 4 * 1024 * 1024
#: Bytes that a sink has remembered at most.
_REMEMBERED = 512 * 1024

#: What a payload is known by: its digest, and its place.
Key = tuple[bytes, "Location"]

#: Stored bytes of the nodes kept in memory, where they take about three times as much.
_KEPT_BYTES = 32 * 1024 * 1024


class NodeStore:
    """Reads nodes and change sets, keeping the nodes used last. Safe to share between threads.

    Args:
        objects: where they are stored.
        kept_bytes: how many bytes of nodes to keep, as stored.
    """

    def __init__(self, objects: ObjectStore, kept_bytes: int = _KEPT_BYTES) -> None:
        self._objects = objects
        self._room = kept_bytes
        #: Nodes with their stored bytes, the one used last at the end. The place is part of the
        #: key, since a node that was moved says other places for what is below it.
        self._nodes: OrderedDict[Key, tuple[Node, int]] = OrderedDict()
        self._payloads: OrderedDict[Key, bytes] = OrderedDict()
        self._payload_room = _KEPT_PAYLOADS
        self._lock = threading.Lock()

    def load(self, digest: bytes, location: Location) -> Node:
        """The node of that digest, verified.

        Raises:
            NotFound: its pack is gone.
            DataCorrupt: what lies there is not that node.
        """
        key = (digest, location)
        with self._lock:
            kept = self._nodes.get(key)
            if kept is not None:
                self._nodes.move_to_end(key)
                return kept[0]
        payload: Buffer | None = self._payload(key)
        if payload is None:
            payload = self._objects.read(location, digest, RecordKind.NODE)
        node = decode_node(payload, digest)
        self._keep(key, node, len(payload))
        return node

    def _keep(self, key: tuple[bytes, Location], node: Node, size: int) -> None:
        with self._lock:
            if key in self._nodes:
                return
            self._nodes[key] = node, size
            self._room -= size
            while self._room < 0:
                _, (_, freed) = self._nodes.popitem(last=False)
                self._room += freed

    def load_change_set(self, digest: bytes, location: Location) -> bytes:
        """The payload of a change-set record, verified.

        Raises:
            NotFound, DataCorrupt: as :meth:`load`.
        """
        key = (digest, location)
        payload = self._payload(key)
        if payload is None:
            payload = bytes(self._objects.read(location, digest, RecordKind.CHANGE_SET))
            self._keep_payload(key, payload)
        return payload

    def remember(self, written: Iterable[tuple[Key, bytes]]) -> None:
        """Take note of payloads that were just stored: they are read sooner than anything else."""
        for key, payload in written:
            self._keep_payload(key, payload)

    def _payload(self, key: Key) -> bytes | None:
        with self._lock:
            payload = self._payloads.get(key)
            if payload is not None:
                self._payloads.move_to_end(key)
            return payload

    def _keep_payload(self, key: Key, payload: bytes) -> None:
        with self._lock:
            if len(payload) > _SMALL or key in self._payloads:
                return
            self._payloads[key] = payload
            self._payload_room -= len(payload)
            while self._payload_room < 0:
                self._payload_room += len(self._payloads.popitem(last=False)[1])


class SessionSink:
    """Writes nodes and change sets through a pack session; readable once that has finished."""

    def __init__(self, session: PackSession) -> None:
        self._session = session
        self._room = _REMEMBERED
        #: What was written first, for :meth:`NodeStore.remember` once the session has finished.
        self.written: list[tuple[Key, bytes]] = []

    def save(self, digest: bytes, payload: bytes) -> Location:
        """Store a node."""
        return self._save(RecordKind.NODE, digest, payload)

    def save_change_set(self, digest: bytes, payload: bytes) -> Location:
        """Store a change-set record."""
        return self._save(RecordKind.CHANGE_SET, digest, payload)

    def _save(self, kind: RecordKind, digest: bytes, payload: bytes) -> Location:
        location = self._session.add(kind, digest, payload)
        self._room -= len(payload)
        if self._room >= 0:
            self.written.append(((digest, location), payload))
        return location
