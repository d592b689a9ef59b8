"""Turn a day's readings of a station into degrees Celsius, by what is known of the station."""

import json
import os
from pathlib import Path

pfs = Path(os.environ["DATAVC_PFS"])
station = os.environ["DATAVC_DATUM_stations_JOIN_ON"]
about = json.loads((pfs / "stations" / f"{station}.json").read_text())
readings = sorted((pfs / "readings").glob("*")) if (pfs / "readings").exists() else []
lines = [f"# {about['place']}"]
for file in readings:
    for line in file.read_text().split():
        value = float(line) if about["unit"] == "C" else (float(line) - 32) / 1.8
        lines.append(f"{file.stem.partition('-')[2]} {value:.1f}")
name = readings[0].stem if readings else f"{station}-nothing"
(pfs / "out" / f"{name}.txt").write_text("\n".join([*lines, ""]))
