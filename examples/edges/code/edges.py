"""Write the edges of each picture: how much a pixel differs from those right of it and below."""

import os
from pathlib import Path

pfs = Path(os.environ["DATAVC_PFS"])


def read_pgm(path: Path) -> list[list[int]]:
    words = path.read_text().split()
    width, numbers = int(words[1]), [int(word) for word in words[4:]]
    return [numbers[at : at + width] for at in range(0, len(numbers), width)]


def write_pgm(path: Path, rows: list[list[int]]) -> None:
    lines = [" ".join(map(str, row)) for row in rows]
    path.write_text("\n".join(["P2", f"{len(rows[0])} {len(rows)}", "9", *lines, ""]))


def edges(rows: list[list[int]]) -> list[list[int]]:
    def at(y: int, x: int) -> int:
        return rows[min(y, len(rows) - 1)][min(x, len(rows[0]) - 1)]

    return [
        [
            min(9, abs(at(y, x) - at(y, x + 1)) + abs(at(y, x) - at(y + 1, x)))
            for x in range(len(rows[0]))
        ]
        for y in range(len(rows))
    ]


for picture in (pfs / "pictures").iterdir():
    write_pgm(pfs / "out" / picture.name, edges(read_pgm(picture)))
