"""The figures as the page ``docs/benchmarks-growth.md``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from benchmarks.growth.figure import Figure

_HEAD = """\
# How datavc grows

Each column is a repo of so many files, 100 in each folder; each figure is time, bytes handed to the
system to be written, and the most memory that the process held. Every measurement runs in a process
of its own, by the SDK and without a server: SQLite and a local store. The start of the process and
of the client is not timed, and the memory is all of the process, of which Python and the libraries
take about 50 MiB. Up to a million files the contents are real, 128 bytes of noise each; of ten
million files there are only entries, as a put of files of 4 KiB would give them.

- *first commit*: all files at once, contents included.
- *one-file commit*: `Client.put` of 1,000 bytes with a message, onto a path that is taken; the
  median of 15 in a row, spread over the repo. What is limited: 50 ms and 1 MiB at a million files.
- *listing a folder*: of 100 files; the median of 5.
- *diff*, *merge*: of branches that changed 100 files each, spread over the repo.
- *gc, the first one*: everything is marked; nothing is known from earlier runs.
- *gc after a commit*: what the run before marked is remembered.

`make bench-growth` measures again and writes this page.

"""


@dataclass(frozen=True)
class Curve:
    """All figures of one run."""

    day: str
    machine: str
    #: Of the machine before the run.
    load: float
    #: Seconds for which the disk makes a writer wait.
    sync: float
    #: By number of files and by work.
    figures: Mapping[int, Mapping[str, Figure]]

    def to_json(self) -> str:
        """What is kept beside the page."""
        return json.dumps(asdict(self), indent=1) + "\n"


def page(curve: Curve) -> str:
    """The whole page, in Markdown."""
    sizes = list(curve.figures)
    works = list(curve.figures[sizes[0]])
    text = [
        _HEAD.rstrip() + "\n",
        "| work | " + " | ".join(f"{size:,} files" for size in sizes) + " |",
        "|" + " --- |" * (len(sizes) + 1),
    ]
    for work in works:
        cells = [summary(curve.figures[size][work]) for size in sizes]
        text.append(f"| {work} | " + " | ".join(cells) + " |")
    busy = f", busy with other work (load {curve.load:g})" if curve.load > 1 else ""
    text += [
        "",
        "## Measured on",
        "",
        f"{curve.day}: {curve.machine}{busy}. To make 4 KiB durable takes this disk"
        f" {curve.sync * 1000:.1f} ms; a one-file commit waits for it five times: for the content,"
        " for the tree, each as a file and as a name, and for the database.",
    ]
    return "\n".join(text) + "\n"


def summary(figure: Figure) -> str:
    """One cell."""
    seconds = figure.seconds
    time = f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"
    return f"{time}, {_size(figure.written)}, {_size(figure.memory)}"


def _size(count: int) -> str:
    if count < 1024 * 1024:
        return f"{count / 1024:.0f} KiB"
    return f"{count / 1024 / 1024:.0f} MiB"
