"""A versioned store: the database and the object store that belong together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xxhash import xxh3_64_hexdigest

from datavc.db.chunks import SqlChunkIndex
from datavc.db.session import Database
from datavc.errors import OutOfSpace, StoreUnavailable
from datavc.store.objects import ObjectStore
from datavc.store.open import open_backend
from datavc.versioning.nodes import NodeStore

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from datavc.store.chunk_index import ChunkIndex


@dataclass(frozen=True)
class VersionedStore:
    """What every function of this layer works on. Safe to share between threads."""

    #: Folder of what belongs to this machine alone, such as the key of the secrets.
    home: Path
    db: Database
    objects: ObjectStore
    chunks: ChunkIndex
    nodes: NodeStore
    #: Where is kept what the collection marked, which makes the next one quick, and may be lost.
    marks: Path

    def close(self) -> None:
        """Let go of the database's connections, and of those to what lies elsewhere."""
        self.objects.close()
        self.db.close()

    def __enter__(self) -> VersionedStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_versioned_store(
    home: Path,
    store_url: str | None = None,
    database_url: str | None = None,
    *,
    store_when_used: bool = False,
) -> VersionedStore:
    """Open the store in *home*, making what is not there yet.

    Args:
        home: folder of the database and the packs, unless the URLs say otherwise.
        store_url: a folder or ``s3://bucket/prefix`` for the packs; ``home/store`` by default.
        database_url: an SQLAlchemy URL; the SQLite file ``home/datavc.db`` by default.
        store_when_used: let S3 be opened by the first call that needs it, which may raise the same.

    Raises:
        StoreUnavailable, DatabaseUnavailable: one of them cannot be reached or made.
        InvalidInput: a URL is of no known kind.
    """
    if store_url is None or database_url is None:
        _make_home(home)
    database = Database.open(database_url or f"sqlite:///{home / 'datavc.db'}")
    try:
        backend = open_backend(store_url or str(home / "store"), when_used=store_when_used)
        objects = ObjectStore(backend)
    except BaseException:
        database.close()
        raise
    name = xxh3_64_hexdigest(f"{store_url} {database_url}".encode())
    marks = home / "cache" / f"marks-{name}.db"
    nodes = NodeStore(objects)
    return VersionedStore(home, database, objects, SqlChunkIndex(database), nodes, marks)


def _make_home(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        kind = OutOfSpace if error.errno in (28, 122) else StoreUnavailable
        raise kind(
            f"the home folder {str(home)!r} cannot be made: {error.strerror}",
            hint="set DATAVC_HOME to a folder that you may write to",
        ) from None
