"""Queries on reproductions: what came of making a commit's output once more."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, insert, select

from datavc.db.tables import ReproductionRow
from datavc.model.reproduction import ReproducedDifference, Reproduction, Verdict


def add(conn: Connection, done: Reproduction) -> None:
    """Write down what a job has found."""
    conn.execute(
        insert(ReproductionRow).values(
            job_id=done.job,
            repo=done.repo,
            commit_id=done.commit,
            verdict=done.verdict.value,
            files=done.files,
            different=done.different,
            differences=[asdict(each) for each in done.differences],
            tolerance=done.tolerance,
            metrics=list(done.metrics),
            author=done.author,
            time_us=done.time_us,
        )
    )


def of_commit(conn: Connection, commit_id: str) -> list[Reproduction]:
    """All reproductions of a commit, newest first."""
    row = ReproductionRow.c
    statement = (
        select(ReproductionRow)
        .where(row.commit_id == commit_id)
        .order_by(row.time_us.desc(), row.job_id.desc())
    )
    return [
        Reproduction(
            job=found.job_id,
            repo=found.repo,
            commit=found.commit_id,
            verdict=Verdict(found.verdict),
            files=found.files,
            different=found.different,
            differences=tuple(ReproducedDifference(**each) for each in found.differences),
            tolerance=found.tolerance,
            metrics=tuple(found.metrics),
            author=found.author,
            time_us=found.time_us,
        )
        for found in conn.execute(statement)
    ]
