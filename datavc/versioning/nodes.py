"""Tree nodes and change sets in the object store: the model's sources and sinks."""

from __future__ import annotations

import threading
from collections import OrderedDict

from datavc.model.entry import Location
from datavc.model.tree.node import Node, decode_node
from datavc.store.objects import ObjectStore
from datavc.store.pack_session import PackSession
from datavc.store.record import RecordKind

#: Nodes kept in memory: about 100 MB of them at most, since a node averages 128 items.
_KEPT = 4096


class NodeStore:
    """Reads nodes and change sets, keeping the nodes used last. Safe to share between threads."""

    def __init__(self, objects: ObjectStore, kept: int = _KEPT) -> None:
        self._objects = objects
        self._kept = kept
        self._nodes: OrderedDict[tuple[bytes, Location], Node] = OrderedDict()
        self._lock = threading.Lock()

    def load(self, digest: bytes, location: Location) -> Node:
        """The node of that digest, verified.

        Raises:
            NotFound: its pack is gone.
            DataCorrupt: what lies there is not that node.
        """
        key = (digest, location)
        with self._lock:
            node = self._nodes.get(key)
            if node is not None:
                self._nodes.move_to_end(key)
                return node
        node = decode_node(self._objects.read(location, digest, RecordKind.NODE), digest)
        with self._lock:
            self._nodes[key] = node
            if len(self._nodes) > self._kept:
                self._nodes.popitem(last=False)
        return node

    def load_change_set(self, digest: bytes, location: Location) -> bytes:
        """The payload of a change-set record, verified.

        Raises:
            NotFound, DataCorrupt: as :meth:`load`.
        """
        return bytes(self._objects.read(location, digest, RecordKind.CHANGE_SET))


class SessionSink:
    """Writes nodes and change sets through a pack session; readable once that has finished."""

    def __init__(self, session: PackSession) -> None:
        self._session = session

    def save(self, digest: bytes, payload: bytes) -> Location:
        """Store a node."""
        return self._session.add(RecordKind.NODE, digest, payload)

    def save_change_set(self, digest: bytes, payload: bytes) -> Location:
        """Store a change-set record."""
        return self._session.add(RecordKind.CHANGE_SET, digest, payload)
