"""``python -m benchmarks.growth.measured_process WORK HOME FILES``: measure, print a figure."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.growth.works import WORKS
from datavc import connect

if __name__ == "__main__":
    name, where, count = sys.argv[1:]
    home = Path(where)
    with connect(home=home, author="bench") as client:
        print(json.dumps(asdict(WORKS[name](client, home, int(count)))))
