"""Stage 1: checks one batch of measurements, and keeps the rows that can be learned from.

Reads ``raw/<batch>.csv`` and writes ``out/<batch>.csv``: numbers only, the diagnosis as 0 or 1.
"""

import csv
import math
import os
from pathlib import Path

PFS = Path(os.environ["DATAVC_PFS"])
LABELS = {"malignant": 1, "benign": 0}


def numbers(row):
    """A row's measurements and label, or None where one is missing or cannot be."""
    *texts, label = row
    try:
        values = [float(text) for text in texts]
    except ValueError:
        return None
    if label not in LABELS or any(not math.isfinite(value) or value < 0 for value in values):
        return None
    return (*values, LABELS[label])


for source in sorted((PFS / "raw").glob("*.csv")):
    with source.open(newline="") as file:
        header, *rows = csv.reader(file)
    # A dict keeps the order, and each row once.
    good = list(dict.fromkeys(row for row in map(numbers, rows) if row is not None))
    with (PFS / "out" / source.name).open("w", newline="") as file:
        csv.writer(file).writerows([header, *good])
    print(f"{source.name}: kept {len(good)} of {len(rows)} rows")
