"""The data: scikit-learn's breast cancer table (569 rows of 30 measurements), cut into batches."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer

#: Files that the table is cut into.
COUNT = 6


def write_batches(folder: Path) -> list[Path]:
    """Write the batches as CSV files, and give their paths in order."""
    table = load_breast_cancer()
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, rows in enumerate(np.array_split(np.arange(len(table.data)), COUNT), start=1):
        path = folder / f"batch-{number}.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*table.feature_names, "diagnosis"])
            for row in rows:
                writer.writerow([*table.data[row].tolist(), table.target_names[table.target[row]]])
        paths.append(path)
    return paths
