"""Fetch what there is at this hour. Here it is made up; a real one would ask a server."""

import os
from pathlib import Path

pfs = Path(os.environ["DATAVC_PFS"])
for tick in (pfs / "tick").iterdir():
    hour = int(tick.name[11:13])
    (pfs / "out" / f"{tick.name}.csv").write_text(f"hour,load\n{hour},{100 + 3 * hour}\n")
