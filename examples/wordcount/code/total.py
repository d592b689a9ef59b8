"""Reduce: add up all counts of one letter."""

import os
from collections import Counter
from pathlib import Path

pfs = Path(os.environ["DATAVC_PFS"])
for folder in (pfs / "count").iterdir():
    total: Counter[str] = Counter()
    for part in folder.iterdir():
        for line in part.read_text().splitlines():
            word, count = line.split()
            total[word] += int(count)
    lines = [f"{word} {count}\n" for word, count in sorted(total.items())]
    (pfs / "out" / folder.name).write_text("".join(lines))
