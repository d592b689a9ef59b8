"""What the database knows of the store: packs, chunks, and their upkeep."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, LargeBinary, Named, Table, TypedColumns

from datavc.db.tables.columns import BIG, METADATA, TEXT


class PackColumns(TypedColumns):
    """A durable pack."""

    id: Named[bytes] = Column(LargeBinary, primary_key=True)
    size: Named[int] = Column(BIG)
    #: Chunks that the index was told of when the pack was added.
    chunks: Named[int] = Column(BIG)
    created_us: Named[int] = Column(BIG)
    #: When its records went to other packs; what refers to them still names this one.
    moved_us: Named[int | None] = Column(BIG)


Pack = Table("packs", METADATA, PackColumns)


class PurgeColumns(TypedColumns):
    """Content that was removed from all history: who wanted it, and why."""

    id: Named[str] = Column(TEXT, primary_key=True)
    #: What was asked for: a repo and a path, or a content's digest.
    subject: Named[str] = Column(TEXT)
    reason: Named[str] = Column(TEXT)
    #: Distinct contents that are gone, and bytes that the store won.
    contents: Named[int] = Column(BIG)
    freed_bytes: Named[int] = Column(BIG)
    author: Named[str] = Column(TEXT)
    time_us: Named[int] = Column(BIG)


Purge = Table("purges", METADATA, PurgeColumns)


class UpkeepTurnColumns(TypedColumns):
    """Who looks after the store: one at a time takes away or moves what others may read."""

    name: Named[str] = Column(TEXT, primary_key=True)
    holder: Named[str] = Column(TEXT)
    until_us: Named[int] = Column(BIG)


UpkeepTurn = Table("upkeep_turns", METADATA, UpkeepTurnColumns)


class DroppedPackColumns(TypedColumns):
    """A pack that was collected: nobody may make it known again."""

    id: Named[bytes] = Column(LargeBinary, primary_key=True)
    dropped_us: Named[int] = Column(BIG)


DroppedPack = Table("dropped_packs", METADATA, DroppedPackColumns)


class RetentionRuleColumns(TypedColumns):
    """How long commits behind the heads of some branches are kept."""

    repo_id: Named[int] = Column(BIG, ForeignKey("repos.id", ondelete="CASCADE"), primary_key=True)
    #: Glob over branch names.
    pattern: Named[str] = Column(TEXT, primary_key=True)
    keep_us: Named[int] = Column(BIG)
    author: Named[str] = Column(TEXT)
    created_us: Named[int] = Column(BIG)


RetentionRule = Table("retention_rules", METADATA, RetentionRuleColumns)


class ChunkColumns(TypedColumns):
    """Where a chunk lies: the deduplication hint."""

    digest: Named[bytes] = Column(LargeBinary, primary_key=True)
    pack: Named[bytes] = Column(LargeBinary)
    offset: Named[int] = Column(BIG)
    length: Named[int] = Column(BIG)
    size: Named[int] = Column(BIG)


Chunk = Table("chunks", METADATA, ChunkColumns, sqlite_with_rowid=False)
