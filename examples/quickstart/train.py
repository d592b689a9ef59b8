"""Stage 2: trains a classifier on every clean batch, and measures it on rows it has not seen.

Reads ``clean/*.csv`` and writes ``out/model.joblib`` and ``out/metrics.json``.
"""

import json
import os
from pathlib import Path

import joblib
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split

PFS = Path(os.environ["DATAVC_PFS"])

batches = sorted((PFS / "clean").glob("*.csv"))
table = np.vstack([np.loadtxt(batch, delimiter=",", skiprows=1) for batch in batches])
measurements, labels = table[:, :-1], table[:, -1].astype(int)
seen, unseen, seen_labels, unseen_labels = train_test_split(
    measurements, labels, test_size=0.25, random_state=0, stratify=labels
)
model = HistGradientBoostingClassifier(random_state=0).fit(seen, seen_labels)
metrics = {
    "batches": len(batches),
    "rows": len(table),
    "accuracy": round(accuracy_score(unseen_labels, model.predict(unseen)), 4),
    "roc_auc": round(roc_auc_score(unseen_labels, model.predict_proba(unseen)[:, 1]), 4),
}
joblib.dump(model, PFS / "out" / "model.joblib")
(PFS / "out" / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
print(f"trained on {len(seen)} rows of {len(batches)} batches")
