"""Train: the mean of each class, which is a nearest-centroid classifier."""

import csv
import json
import os
from collections import defaultdict
from pathlib import Path

pfs = Path(os.environ["DATAVC_PFS"])
rows: dict[str, list[list[float]]] = defaultdict(list)
for file in sorted((pfs / "train").iterdir()):
    for *numbers, name in csv.reader(file.open()):
        rows[name].append([float(number) for number in numbers])
model = {
    name: [sum(column) / len(column) for column in zip(*members, strict=True)]
    for name, members in sorted(rows.items())
}
(pfs / "out" / "model.json").write_text(json.dumps(model, indent=1))
