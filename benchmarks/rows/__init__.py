"""Every row of the table, in its order: rows that share what programs keep are together."""

from benchmarks.row import Row
from benchmarks.rows import (
    branch,
    contention,
    diff,
    engine_process,
    get,
    job,
    one_datum,
    plan,
    put,
    put_edited,
    s3,
    status,
    switch,
)

ROWS: tuple[Row, ...] = (
    put.BIG,
    get.BIG,
    put_edited.BIG,
    s3.BIG,
    put.SMALL,
    get.SMALL,
    status.SAME,
    status.CHANGED,
    put_edited.SMALL,
    diff.ROW,
    branch.ROW,
    switch.ROW,
    s3.SMALL,
    contention.SQLITE,
    contention.POSTGRES,
    job.COPIES,
    job.WRITES,
    job.CONTAINERS,
    plan.GLOB,
    plan.JOIN,
    one_datum.ROW,
    engine_process.START,
    engine_process.IDLE,
)
