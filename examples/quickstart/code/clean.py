"""Clean one batch of measurements: keep the rows that can be used, and say what was dropped.

Reads ``$DATAVC_PFS/raw/*.csv``, writes ``$DATAVC_PFS/out/<name>.csv`` and a report beside it.
"""

from __future__ import annotations

import csv
import json
import math
import os
from pathlib import Path

PFS = Path(os.environ["DATAVC_PFS"])


def is_usable(row: list[str], width: int) -> bool:
    """Whether a row has all its numbers, none of them negative, and a label of 0 or 1."""
    try:
        values = [float(text) for text in row]
    except ValueError:
        return False
    return (
        len(values) == width
        and all(math.isfinite(value) and value >= 0 for value in values)
        and values[-1] in (0, 1)
    )


def clean(source: Path) -> None:
    """Clean one batch."""
    with source.open(newline="") as file:
        header, *rows = csv.reader(file)
    unique = list(dict.fromkeys(map(tuple, rows)))
    usable = [row for row in unique if is_usable(list(row), len(header))]
    with (PFS / "out" / source.name).open("w", newline="") as file:
        csv.writer(file).writerows([header, *usable])
    report = {"rows": len(rows), "duplicates": len(rows) - len(unique), "kept": len(usable)}
    (PFS / "out" / f"{source.stem}.report.json").write_text(json.dumps(report))
    print(f"{source.name}: kept {len(usable)} of {len(rows)} rows")


for batch in sorted((PFS / "raw").glob("*.csv")):
    clean(batch)
