"""Train a classifier on all cleaned batches, and measure it on rows that it has not seen.

Reads ``$DATAVC_PFS/clean/*.csv``, writes ``model.joblib`` and ``metrics.json``.
"""

from __future__ import annotations

import csv
import json
import os
import zlib
from pathlib import Path

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

PFS = Path(os.environ["DATAVC_PFS"])


def read_rows() -> list[list[str]]:
    """All rows of all batches, without their headers."""
    rows: list[list[str]] = []
    for batch in sorted((PFS / "clean").glob("*.csv")):
        with batch.open(newline="") as file:
            rows.extend(list(csv.reader(file))[1:])
    return rows


def is_held_out(row: list[str]) -> bool:
    """Decided by the row alone, so a row stays on its side as batches arrive."""
    return zlib.crc32(",".join(row).encode()) % 4 == 0


rows = read_rows()
held_out = np.array([is_held_out(row) for row in rows])
table = np.array(rows, dtype=float)
features, labels = table[:, :-1], table[:, -1]

model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
model.fit(features[~held_out], labels[~held_out])
scores = model.predict_proba(features[held_out])[:, 1]

metrics = {
    "rows_trained": int((~held_out).sum()),
    "rows_held_out": int(held_out.sum()),
    "accuracy": round(float(accuracy_score(labels[held_out], scores > 0.5)), 4),
    "roc_auc": round(float(roc_auc_score(labels[held_out], scores)), 4),
}
joblib.dump(model, PFS / "out" / "model.joblib")
(PFS / "out" / "metrics.json").write_text(json.dumps(metrics, indent=2))
print(json.dumps(metrics))
