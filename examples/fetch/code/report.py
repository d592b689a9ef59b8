"""Say how many fetches there were so far."""

import os
from pathlib import Path

pfs = Path(os.environ["DATAVC_PFS"])
count = len(list((pfs / "fetch").iterdir()))
(pfs / "out" / "report.txt").write_text(f"{count} fetched\n")
