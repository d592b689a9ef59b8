"""The figures as the page ``docs/load.md``."""

from __future__ import annotations

from collections import Counter

from benchmarks.load.outcome import Outcome

_HEAD = """\
# Under load

Many clients use one datavc at once, through the SDK: two servers, PostgreSQL that waits for its
disk, and an S3 server (SeaweedFS), all on one machine, together with the clients. So the clients
compete with what is measured for the same processors, and the times of a client that never pauses
are those of a queue: more clients wait longer, and are not served faster.

Each client has a branch of its own in one of eight repos, and shares `main` with others. In random
order it puts and commits a file (200 bytes to 1.5 MB of noise) onto its own branch or the shared
one, stages two and commits them, reads, lists a folder, compares a commit with its parent, and
looks at the history. What it reads is compared with what was written. In the end every commit that
was acknowledged is looked for in the history and compared byte for byte, no message may be there
twice, and `fsck --deep` looks at everything.

A server keeps the nodes of trees that it has used last, 32 MiB as they are stored, which takes
about 100 MiB of its memory; until that is full, its memory grows.

`make load` measures again and writes this page, `make load FAULTS=1` its second part.

"""
_TITLES = {
    "calm": "Nothing breaks",
    "faults": "Everything breaks, one after the other",
}
_ABOUT_FAULTS = """\
Each server is killed (`kill -9`) and started again, PostgreSQL is stopped as by a crash, and the S3
server is killed, by turns. Clients are told of nothing: what the SDK may repeat it repeats, with
the same key, so that it is done once. An operation is *refused* where something stayed away for
longer than the SDK tries; its client then goes on with another one.
"""


def page(outcomes: dict[str, Outcome]) -> str:
    """The whole page, in Markdown."""
    text = [_HEAD.rstrip()]
    if not outcomes:
        text += ["", "No run is kept yet."]
    for name, title in _TITLES.items():
        if name in outcomes:
            text += ["", f"## {title}", ""]
            if name == "faults":
                text += [_ABOUT_FAULTS]
            text += lines(outcomes[name])
    return "\n".join(text) + "\n"


def lines(outcome: Outcome) -> list[str]:
    """One run: a table of times, and what else there is to say."""
    table = [
        "| operation | count | p50 | p95 | p99 | longest |",
        "| --- | --- | --- | --- | --- | --- |",
        *(
            f"| {one.kind} | {one.count:,} | {_time(one.p50)} | {_time(one.p95)} "
            f"| {_time(one.p99)} | {_time(one.longest)} |"
            for one in outcome.figures
        ),
    ]
    return [*table, "", *(f"- {line}" for line in notes(outcome))]


def notes(outcome: Outcome) -> list[str]:
    """What the table does not hold."""
    minutes, rate = outcome.seconds / 60, outcome.operations / outcome.seconds
    per_operation = 1000 / max(outcome.operations, 1)
    said = [
        f"{outcome.clients} clients for {minutes:.3g} minutes: {outcome.operations:,} operations, "
        f"{rate:,.0f} a second; {outcome.commits:,} commits, "
        f"{outcome.commits / outcome.seconds:,.0f} a second",
        f"errors: {len(outcome.errors)}; refused: {outcome.refused}; wrong in what is stored: "
        f"{len(outcome.problems)}; commits whose end no client was told: {outcome.unknown}",
        f"processor time for each operation: {outcome.servers_processor * per_operation:.1f} ms of "
        f"the servers, {outcome.clients_processor * per_operation:.1f} ms of the clients",
    ]
    said += [
        f"memory of {one.name}: {one.first_quarter:.0f} MiB in the first quarter, "
        f"{one.last_quarter:.0f} MiB in the last, {one.most:.0f} MiB at most; "
        f"{one.slope:+.1f} MiB a minute in the second half"
        for one in outcome.memory
    ]
    if outcome.outages:
        times = Counter(outage.what for outage in outcome.outages)
        longest = {
            what: max(one.seconds for one in outcome.outages if one.what == what) for what in times
        }
        said += [
            "away: "
            + ", ".join(
                f"{what} {count} times, {longest[what]:.1f} s at most"
                for what, count in times.items()
            )
        ]
    busy = f", busy with other work (load {outcome.load_before:.1f} before)"
    said += [
        f"{outcome.day}: {outcome.machine}{busy if outcome.load_before > 1 else ''}",
        *(f"error: {_last_line(error)}" for error in outcome.errors[:5]),
        *(f"wrong: {problem}" for problem in outcome.problems[:5]),
    ]
    return said


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
