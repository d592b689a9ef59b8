"""Queries on what has changed of jobs: in turn, each job at its last change.

On PostgreSQL transactions become visible in another order than that in which they began, so a
number alone does not say what was seen. A place is a transaction and a number in it: all before it
was seen. What was seen of transactions beside which older ones were still open is listed besides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import Connection, Select, func, literal, select, text, tuple_

from datavc.db.jobs import JobRow, job_of, select_jobs
from datavc.db.tables import Job, JobChange
from datavc.errors import InvalidInput
from datavc.model.job import JobState

_ENDLESS = 2**63 - 1
#: So many changes are told while an older transaction is open; later ones wait for its end.
_MOST_AHEAD = 200
_FORM = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})(?:\.([0-9]{1,18}(?:-[0-9]{1,18})*))?")
_OVER = [state.value for state in JobState if state.is_terminal]


@dataclass(frozen=True, slots=True)
class ChangePlace:
    """How far the changes of jobs are known."""

    xact: int = 0
    change: int = 0
    #: Numbers past it that are known all the same.
    ahead: frozenset[int] = frozenset()

    def __str__(self) -> str:
        ahead = "-".join(map(str, sorted(self.ahead)))
        return f"{self.xact}.{self.change}" + (f".{ahead}" if ahead else "")

    @classmethod
    def parse(cls, written: str) -> ChangePlace:
        """Read what ``str`` has written.

        Raises:
            InvalidInput: it is of another form.
        """
        found = _FORM.fullmatch(written)
        if found is None:
            raise InvalidInput(f"{written!r} is no place in the changes of jobs")
        ahead = frozenset(map(int, found[3].split("-"))) if found[3] else frozenset()
        return cls(int(found[1]), int(found[2]), ahead)

    def knows(self, xact: int, change: int) -> bool:
        """Whether a change is known here."""
        return (xact, change) <= (self.xact, self.change) or change in self.ahead


@dataclass(frozen=True, slots=True)
class JobChoice:
    """Which jobs are looked at: of this pipeline, of this run, or all."""

    pipeline_id: int | None = None
    run_id: str | None = None


def newest(conn: Connection) -> ChangePlace:
    """The place from which on all is still to come."""
    if conn.dialect.name != "postgresql":
        return ChangePlace(0, conn.scalar(select(func.max(JobChange.c.change))) or 0)
    horizon = _horizon(conn)
    ahead = sorted(_unsettled(conn, horizon))
    return ChangePlace(horizon, 0, frozenset(ahead[:_MOST_AHEAD]))


def is_to_come(conn: Connection, place: ChangePlace) -> bool:
    """Whether *place* is one that this database has not come to: another's, or of a lost future."""
    last = newest(conn)
    return (place.xact, place.change) > (last.xact, last.change)


def list_changed(
    conn: Connection, place: ChangePlace, choice: JobChoice, *, limit: int
) -> tuple[list[tuple[ChangePlace, JobRow]], ChangePlace]:
    """The jobs that have changed since, in turn, each with the place behind it.

    Returns:
        At most *limit* of them, and the place behind all that was looked at.
    """
    horizon = _horizon(conn)
    unsettled = _unsettled(conn, horizon)
    statement = (
        _chosen(choice)
        .add_columns(JobChange.c.change, JobChange.c.xact)
        .join(JobChange, JobChange.c.job_id == Job.c.id)
        .where(
            tuple_(JobChange.c.xact, JobChange.c.change)
            > tuple_(literal(place.xact), literal(place.change)),
            JobChange.c.change.not_in(place.ahead),
        )
        .order_by(JobChange.c.xact, JobChange.c.change)
        .limit(limit)
    )
    found: list[tuple[ChangePlace, JobRow]] = []
    rows = conn.execute(statement).all()
    for row in rows:
        if row.xact < horizon:
            place = ChangePlace(row.xact, row.change, place.ahead)
        else:
            ahead = (place.ahead & unsettled) | {row.change}
            if len(ahead) > _MOST_AHEAD:
                return found, place
            place = _at(horizon, place, ahead)
        found.append((place, job_of(row)))
    if len(rows) < limit:
        place = _at(horizon, place, place.ahead & unsettled)
        if horizon == _ENDLESS:
            last = newest(conn)
            place = max(place, last, key=lambda one: one.change)
    return found, place


def list_as_they_are(
    conn: Connection, place: ChangePlace, choice: JobChoice, *, after: str, limit: int
) -> tuple[list[JobRow], str | None]:
    """Jobs as they are, the oldest first, that :func:`list_changed` does not tell from *place* on.

    Of a run all of them, and otherwise those that are not over.

    Args:
        after: only jobs made after this one.
        limit: so many are looked at.

    Returns:
        The jobs, and the last one that was looked at; ``None`` where there are no more.
    """
    statement = (
        _chosen(choice)
        .add_columns(JobChange.c.change, JobChange.c.xact)
        .outerjoin(JobChange, JobChange.c.job_id == Job.c.id)
        .where(Job.c.id > after)
        .order_by(Job.c.id)
        .limit(limit)
    )
    if choice.run_id is None:
        statement = statement.where(Job.c.state.not_in(_OVER))
    rows = conn.execute(statement).all()
    known = [row for row in rows if row.change is None or place.knows(row.xact, row.change)]
    return [job_of(row) for row in known], rows[-1].id if len(rows) == limit else None


def _chosen(choice: JobChoice) -> Select[*tuple[object, ...]]:
    statement = select_jobs()
    if choice.pipeline_id is not None:
        statement = statement.where(Job.c.pipeline_id == choice.pipeline_id)
    if choice.run_id is not None:
        statement = statement.where(Job.c.run_id == choice.run_id)
    return statement


def _at(horizon: int, place: ChangePlace, ahead: frozenset[int]) -> ChangePlace:
    """Nothing of transactions before *horizon* is unknown any more."""
    if horizon == _ENDLESS or place.xact >= horizon:
        return ChangePlace(place.xact, place.change, ahead)
    return ChangePlace(horizon, 0, ahead)


def _horizon(conn: Connection) -> int:
    """The oldest transaction that may still be open: all before it are seen, or never will be."""
    if conn.dialect.name != "postgresql":
        return _ENDLESS
    statement = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    return int(conn.execute(statement).scalar_one())


def _unsettled(conn: Connection, horizon: int) -> frozenset[int]:
    if horizon == _ENDLESS:
        return frozenset()
    statement = select(JobChange.c.change).where(JobChange.c.xact >= horizon)
    return frozenset(conn.scalars(statement))
