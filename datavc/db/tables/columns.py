"""What all tables share: their collection, and types of columns."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, MetaData, Text

# Byte order on both databases: PostgreSQL's default collation may sort names by language.
TEXT = Text().with_variant(Text(collation="C"), "postgresql")
# SQLite numbers rows by itself only when the key's type is spelled INTEGER.
BIG = BigInteger().with_variant(Integer(), "sqlite")

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
