"""Tree nodes and change sets in the object store: the model's sources and sinks."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from datavc.model.tree.node import decode_node
from datavc.store.record import RecordKind

if TYPE_CHECKING:
    from datavc.model.entry import Location
    from datavc.model.tree.node import Node
    from datavc.store.objects import ObjectStore
    from datavc.store.pack_session import PackSession

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
        self._nodes: OrderedDict[tuple[bytes, Location], tuple[Node, int]] = OrderedDict()
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
