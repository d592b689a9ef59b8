"""A standing job: its program is kept running until the job is replaced, stopped or let go of.

That of a service listens on a port; that of a spout puts out commits.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from datavc.db import job_claims, job_events, jobs
from datavc.db.clock import now_us
from datavc.db.job_claims import JobFacts
from datavc.engine.capacity import Capacity
from datavc.engine.datum_log import decode_log
from datavc.engine.datum_run import DatumRun
from datavc.engine.job_inputs import JobInputs
from datavc.engine.job_plan import JobCode
from datavc.engine.job_rights import JobRights
from datavc.engine.job_workers import JobWorkers
from datavc.engine.running_datums import RunningDatums
from datavc.engine.service_probe import listens
from datavc.engine.spout_commits import SpoutCommits
from datavc.engine.work_order import WorkOrder
from datavc.errors import (
    AccessDenied,
    DatavcError,
    ExecutorAway,
    LostRace,
    TransformFailed,
    Unavailable,
)
from datavc.model.datum import Datum, plan_datums
from datavc.model.job import JobState
from datavc.model.service import ServiceSpec
from datavc.versioning.versioned_store import VersionedStore

#: Seconds between two looks at whether to go on, and between two at whether it listens.
_LOOK, _PROBE = 0.1, 1.0
#: Seconds before a program that ended is started again: at first, and at most.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
#: Docker holds a connection for a moment before it has a container to pass it on to: a program
#: listens once it was seen to do so that often in a row.
_SURE = 2
#: A program that ran for so many seconds has started well.
_GOOD_START = 60.0
#: Lines of a program that ended which are kept with the job.
_LAST_LINES = 50


@dataclass(slots=True)
class StandingRun:
    """Keeps the program of one standing job running.

    Args:
        order: what its worker is opened for.
        service: where it listens, if it does.
        datum: what it sees; asked before each start.
        spout: takes what it has finished, if it puts out anything.
        owner: the engine that holds the job.
        check: called again and again; raises when the job is to be let go of.
        rights: asked for again and again, since they may be taken away.
    """

    order: WorkOrder
    service: ServiceSpec | None
    datum: Callable[[], Datum]
    spout: SpoutCommits | None
    owner: str
    check: Callable[[], None]
    rights: JobRights
    _shown: str = ""
    #: How often in a row the program has been seen to listen.
    _seen: int = 0
    #: Says why nothing can be committed for now.
    _away: str = ""
    #: One at a time: the program may end while what it finished is being taken.
    _taking: threading.Lock = field(default_factory=threading.Lock)
    _restarts: int = 0
    _ended: list[DatumRun] = field(default_factory=list)
    _errors: list[BaseException] = field(default_factory=list)

    def run(self, running: RunningDatums) -> None:
        """Run until a newer job of the pipeline can start; the job is a success then.

        Raises:
            LostRace: the job was stopped, or is somebody else's.
            AccessDenied: the pipeline may not do that any more.
            ExecutorAway: the container engine does not answer.
        """
        pause = _FIRST_PAUSE
        while True:
            began = time.monotonic()
            reason = self._run_once(running)
            if reason is None:
                return
            pause = _FIRST_PAUSE if time.monotonic() - began > _GOOD_START else pause
            self._restarts += 1
            self._show(f"{reason}; it is started again, for the {_nth(self._restarts)} time")
            if self._wait(pause):
                return
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _run_once(self, running: RunningDatums) -> str | None:
        """Run the program until it ends; why it did, or ``None`` when the job was replaced."""
        self._seen = 0
        self._ended.clear()
        self._errors.clear()
        workers = JobWorkers(
            self._lonely(), (self.datum(),), 1, self._ended.append, self._errors.append, running
        )
        running.on_restart = workers.restart
        try:
            replaced = self._watch(workers)
        finally:
            workers.stop(kill=True)
            while not workers.wait(_LOOK):
                pass
        if replaced:
            self._succeed()
            return None
        return self._why()

    def _take(self, folder: Path) -> None:
        """Commit what a spout's program has finished."""
        if self.spout is None:
            return
        with self._taking:
            self.spout.take(folder)

    def _take_some(self, workers: JobWorkers) -> None:
        """The same while the program runs; what cannot be committed for now stays where it is."""
        for folder in workers.output_folders():
            try:
                self._take(folder)
            except Unavailable as error:
                self._away = f"; what it put out waits, since {error.message}"
            else:
                self._away = ""

    def _lonely(self) -> WorkOrder:
        """As the order, but beside the datums of jobs, which would wait for it for ever."""
        spec = self.order.spec
        once = replace(
            spec,
            datum_tries=1,
            datum_timeout=None,
            transform=replace(spec.transform, err_cmd=(), err_stdin=()),
        )
        lonely = replace(self.order, spec=once, capacity=Capacity(self.order.share), early=None)
        if self.spout is None:
            return lonely
        return replace(
            lonely,
            commits=self.spout.commits(),
            trees=self.spout.trees(),
            take_rest=self._take,
        )

    def _watch(self, workers: JobWorkers) -> bool:
        """Wait until the program ends, or a newer job waits; whether it is the latter."""
        probed = 0.0
        while not workers.wait(_LOOK):
            self.check()
            if self._is_replaced():
                return True
            if time.monotonic() - probed >= _PROBE:
                self._check_rights()
                self._take_some(workers)
                self._probe()
                probed = time.monotonic()
        return self._is_replaced()

    def _wait(self, seconds: float) -> bool:
        """Wait before the next start; whether a newer job waits meanwhile."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.check()
            if self._is_replaced():
                self._succeed()
                return True
            time.sleep(_LOOK)
        return False

    def _probe(self) -> None:
        again = f"; it was started again {self._restarts} times" if self._restarts else ""
        if self.service is None:
            self._show(f"runs{again}{self._away}")
            return
        # To a spout a connection that sends nothing is one more message: it is not asked again.
        if self.spout is None or self._seen < _SURE:
            self._seen = self._seen + 1 if listens(self.service) else 0
        if self._seen >= _SURE:
            self._show(f"listens at {self.service.address}{again}{self._away}")
        else:
            self._show(f"nothing listens at {self.service.address} yet{again}")

    def _is_replaced(self) -> bool:
        with self.order.vs.db.read() as conn:
            job = jobs.find(conn, self.order.job_id)
            return job is not None and job_claims.superseding(conn, job) is not None

    def _check_rights(self) -> None:
        with self.order.vs.db.read() as conn:
            self.rights.check(conn)

    def _why(self) -> str:
        """Why the program ended, with its last lines kept."""
        for error in self._errors:
            fatal = isinstance(error, ExecutorAway | AccessDenied)
            if fatal or not isinstance(error, DatavcError):
                raise error
            return error.message
        if not self._ended:
            return "it was interrupted"
        ended = self._ended[0]
        lines = deque(decode_log(ended.log), maxlen=_LAST_LINES)
        with self.order.vs.db.write() as conn:
            for _, time_us, text in lines:
                job_events.add(conn, self.order.job_id, f"| {text}", time_us=time_us)
        return ended.reason or "exited with 0"

    def _show(self, text: str) -> None:
        if text == self._shown:
            return
        with self.order.vs.db.write() as conn:
            facts = JobFacts(reason=text)
            if not job_claims.record(conn, self.order.job_id, self.owner, facts):
                raise LostRace(f"job {self.order.job_id} was taken over or stopped")
            job_events.add(conn, self.order.job_id, text, time_us=now_us())
        self._shown = text

    def _succeed(self) -> None:
        job_id = self.order.job_id
        with self.order.vs.db.write() as conn:
            for state in (JobState.FINISHING, JobState.SUCCESS):
                if not job_claims.transition(conn, job_id, self.owner, state, JobFacts(reason="")):
                    raise LostRace(f"job {job_id} was taken over or stopped")
            job_events.add(
                conn, job_id, "success: a newer job of the pipeline takes over", time_us=now_us()
            )


def _nth(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"


def where_to_listen(service: ServiceSpec, executor: str) -> dict[str, str]:
    """The variables that tell a service's program its address."""
    in_container = executor != "process"
    # Whatever address it has there, only its port is let through.
    host = "0.0.0.0" if in_container else service.ip  # noqa: S104
    port = service.internal_port if in_container else service.external_port
    return {"DATAVC_SERVICE_HOST": host, "DATAVC_SERVICE_PORT": str(port)}


def only_datum(vs: VersionedStore, code: JobCode, inputs: JobInputs) -> Datum:
    """What a service sees.

    Raises:
        TransformFailed: the input makes another number of datums than one.
    """
    found = plan_datums(code.spec.input, inputs.trees, vs.nodes, code.digest)
    datums = list(islice(found, 2))
    if len(datums) != 1:
        how_many = "several datums" if datums else "no datum"
        raise TransformFailed(
            f"the input makes {how_many}, and a service sees one", hint='use the glob "/"'
        )
    return datums[0]
