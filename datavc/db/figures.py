"""Figures of a whole datavc, for those who watch over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from datavc.db.tables import Commit, Job, OutboxEvent, Pack, Repo
from datavc.model.job import JobState


@dataclass(frozen=True, slots=True)
class Figures:
    """How much there is, and what waits."""

    repos: int
    commits: int
    #: Registered packs, and their bytes.
    packs: int
    pack_bytes: int
    #: Jobs that are remembered, by state.
    jobs: Mapping[JobState, int]
    #: Datums of those jobs, by what became of them.
    datums: Mapping[str, int]
    #: When the oldest job that waits was made; ``None`` when none does.
    oldest_waiting_us: int | None
    #: Events that no engine has acted upon, and when the oldest of them was written.
    events: int
    oldest_event_us: int | None


def find(conn: Connection) -> Figures:
    """The figures as they are now."""
    repos = conn.execute(select(func.count()).select_from(Repo)).scalar_one()
    commits = conn.execute(select(func.count()).select_from(Commit)).scalar_one()
    packs = conn.execute(select(func.count(), func.sum(Pack.c.size)).select_from(Pack)).one()
    events = conn.execute(
        select(func.count(), func.min(OutboxEvent.c.created_us)).select_from(OutboxEvent)
    ).one()
    by_state = conn.execute(
        select(
            Job.c.state,
            func.count(),
            func.min(Job.c.created_us),
            func.sum(Job.c.datums_processed),
            func.sum(Job.c.datums_skipped),
            func.sum(Job.c.datums_failed),
            func.sum(Job.c.datums_recovered),
        ).group_by(Job.c.state)
    ).all()
    jobs = {JobState(row[0]): row[1] for row in by_state}
    oldest = {JobState(row[0]): row[2] for row in by_state}
    names = ("processed", "skipped", "failed", "recovered")
    return Figures(
        repos=repos,
        commits=commits,
        packs=packs[0],
        # PostgreSQL adds integers up to a decimal number.
        pack_bytes=int(packs[1] or 0),
        jobs={state: jobs.get(state, 0) for state in JobState},
        datums={name: sum(int(row[at + 3]) for row in by_state) for at, name in enumerate(names)},
        oldest_waiting_us=oldest.get(JobState.WAITING),
        events=events[0],
        oldest_event_us=events[1],
    )
