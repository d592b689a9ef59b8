"""Names for processes that are never used twice, so that a dead one can be told from a slow one."""

from __future__ import annotations

import os
from pathlib import Path

#: Sets an engine's own number apart from the name of its process.
_SEPARATOR = "#"


def identify_process() -> str:
    """A name for this process: machine boot, process namespace, process id and start time."""
    return f"{_place()}:{os.getpid()}:{_start_time(os.getpid())}"


def is_dead(identity: str) -> bool:
    """Whether the process so named is known to have ended.

    False also when it ran elsewhere, where this process cannot look.
    """
    place, _, rest = identity.rpartition(":")[0].rpartition(":")
    if place != _place() or not rest.isdecimal():
        return False
    return _start_time(int(rest)) != identity.rpartition(":")[2]


def engine_name(process: str, engine: int) -> str:
    """The name of one of a process's engines."""
    return f"{process}{_SEPARATOR}{engine}"


def claim_name(engine: str, claim: int) -> str:
    """The name under which an engine holds one job.

    Each claim has its own, so that who works on a job that was stopped, started again and claimed
    once more by the same engine can tell that it is not the job's owner any more.
    """
    return f"{engine}{_SEPARATOR}{claim}"


def claim_of(owner: str) -> str:
    """The number of a claim by that name."""
    return owner.rpartition(_SEPARATOR)[2]


def process_of(owner: str) -> str:
    """The process of an engine or a claim of such a name."""
    return owner.partition(_SEPARATOR)[0]


def _place() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot}:{Path('/proc/self/ns/pid').readlink()}"


def _start_time(pid: int) -> str:
    """Clock ticks after boot at which *pid* started; ``""`` when it is gone or only a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]
