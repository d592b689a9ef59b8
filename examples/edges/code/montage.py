"""Put all edge pictures side by side into one."""

import os
from pathlib import Path

pfs = Path(os.environ["DATAVC_PFS"])
pictures = [path.read_text().splitlines() for path in sorted((pfs / "edges").iterdir())]
rows = [" 9 ".join(lines) for lines in zip(*(lines[3:] for lines in pictures), strict=True)]
width = len(rows[0].split())
(pfs / "out" / "montage.pgm").write_text("\n".join(["P2", f"{width} {len(rows)}", "9", *rows, ""]))
