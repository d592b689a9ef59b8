"""Queries on whose turn it is to look after the store."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update

from datavc.db.conflict_insert import insert_if_new
from datavc.db.tables import UpkeepTurn


def take_turn(conn: Connection, name: str, holder: str, *, now: int, until: int) -> str | None:
    """Take a turn that nobody has, or whose time is over. Returns who has it, if not *holder*."""
    row = {"name": name, "holder": holder, "until_us": until}
    if insert_if_new(conn, UpkeepTurn, row):
        return None
    over = update(UpkeepTurn).where(UpkeepTurn.c.name == name, UpkeepTurn.c.until_us < now)
    if conn.execute(over.values(holder=holder, until_us=until)).rowcount:
        return None
    return conn.scalar(select(UpkeepTurn.c.holder).where(UpkeepTurn.c.name == name))


def extend_turn(conn: Connection, name: str, holder: str, *, until: int) -> bool:
    """Keep a turn for longer; ``False`` when somebody else has it by now."""
    mine = update(UpkeepTurn).where(UpkeepTurn.c.name == name, UpkeepTurn.c.holder == holder)
    return conn.execute(mine.values(until_us=until)).rowcount == 1


def end_turn(conn: Connection, name: str, holder: str) -> None:
    """Let others have the turn."""
    conn.execute(delete(UpkeepTurn).where(UpkeepTurn.c.name == name, UpkeepTurn.c.holder == holder))
