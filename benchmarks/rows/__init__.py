"""Every row of the table, in its order."""

from benchmarks.row import Row
from benchmarks.rows import (
    branch,
    diff,
    get_big,
    get_small,
    job,
    put_big,
    put_edited_big,
    put_edited_small,
    put_small,
    s3_big,
    s3_small,
)

ROWS: tuple[Row, ...] = (
    put_big.ROW,
    put_edited_big.ROW,
    put_small.ROW,
    put_edited_small.ROW,
    get_small.ROW,
    get_big.ROW,
    branch.ROW,
    diff.ROW,
    s3_small.ROW,
    s3_big.ROW,
    job.ROW,
)
