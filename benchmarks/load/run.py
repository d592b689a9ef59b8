"""One run: the stack starts, clients work, things break, and everything is compared."""

from __future__ import annotations

import datetime
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import datavc
from benchmarks.load.check import check
from benchmarks.load.crowd import Crowd
from benchmarks.load.faults import Faults
from benchmarks.load.load_client import Place
from benchmarks.load.outcome import Outcome, figures_of
from benchmarks.load.process_watch import ProcessWatch
from benchmarks.load.stack import Stack, running_stack
from benchmarks.machine import describe_machine

_REPOS = 8
#: Seconds from the start of the clients' processes until they begin.
_START = 2.0
#: Characters of a server's log that are shown where something went wrong.
_SHOWN = 20_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run shall be."""

    clients: int
    seconds: float
    #: Seconds between two kills; ``None`` for none.
    faults_every: float | None = None
    #: How many kills; ``None`` for as many as there is time for.
    faults: int | None = None


def run(folder: Path, wanted: Wanted) -> Outcome:
    """Make a run; *folder* is for what is stored, and stays the caller's to remove.

    Raises:
        Missing: a service is not installed.
        AssertionError: something that was killed did not come back.
    """
    load_before = os.getloadavg()[0]
    with running_stack(folder) as stack:
        _prepare(stack, wanted.clients)
        begin = time.monotonic() + _START
        end = begin + wanted.seconds
        pids = {server.name: (lambda server=server: server.pid) for server in stack.servers}
        with ProcessWatch(pids) as watch:
            crowd = Crowd(_places(stack, wanted.clients, begin, end))
            faults = None
            if wanted.faults_every is not None:
                # The last one is back for a while before the end, so that clients go on.
                every = wanted.faults_every
                faults = Faults(stack, begin, end - every, every, wanted.faults)
            told, clients_processor = crowd.wait()
            if faults is not None:
                faults.wait()
        with stack.opened() as vs:
            problems = check(vs, told)
        if told.errors or problems:
            _show_logs(stack)
    return Outcome(
        day=datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        machine=describe_machine(folder),
        load_before=round(load_before, 1),
        clients=wanted.clients,
        seconds=wanted.seconds,
        figures=figures_of(told.taken),
        commits=len(told.landed),
        refused=len(told.refused),
        unknown=len(told.unknown),
        errors=told.errors,
        problems=problems,
        memory=watch.memory,
        servers_processor=round(watch.processor_seconds, 1),
        clients_processor=round(clients_processor, 1),
        outages=faults.outages if faults is not None else [],
    )


def _prepare(stack: Stack, clients: int) -> None:
    with datavc.connect(stack.urls[0], token=stack.token, author="load") as client:
        for number in range(min(_REPOS, clients)):
            client.create_repo(f"repo-{number}")
        for number in range(clients):
            client.create_branch(_repo(number), _name(number))


def _show_logs(stack: Stack) -> None:
    for server in stack.servers:
        server.stop()
        sys.stderr.write(f"{server.name} said:\n{server.said[-_SHOWN:]}\n")


def _places(stack: Stack, clients: int, begin: float, end: float) -> list[Place]:
    return [
        Place(
            # Each repo is used through both servers.
            url=stack.urls[(number + number // _REPOS) % len(stack.urls)],
            token=stack.token,
            repo=_repo(number),
            name=_name(number),
            begin=begin,
            end=end,
        )
        for number in range(clients)
    ]


def _repo(client: int) -> str:
    return f"repo-{client % _REPOS}"


def _name(client: int) -> str:
    return f"client-{client:02}"
