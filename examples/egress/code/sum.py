"""Adds up what each product brought in, as rows for a table."""

import csv
import os
from collections import Counter
from pathlib import Path

pfs = Path(os.environ["DATAVC_PFS"])
cents: Counter[str] = Counter()
for path in sorted((pfs / "orders").glob("*.csv")):
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            cents[row["product"]] += int(row["pieces"]) * int(row["cents"])

# A folder for each table.
target = pfs / "out" / "revenue"
target.mkdir()
with (target / "all.csv").open("w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["product", "cents"])
    rows.writerows(sorted(cents.items()))
