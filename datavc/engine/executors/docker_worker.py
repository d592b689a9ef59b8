"""A worker in a container that stays warm, or in one container per datum where it cannot."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from docker import APIClient

from datavc.engine.datum_log import DatumLog, LogStream
from datavc.engine.executors.docker_container import Container, ContainerPlan
from datavc.engine.executors.executor import Outcome, Program, WorkerRequest
from datavc.engine.executors.exit_reason import (
    INTERRUPTED,
    SIGNAL_BASE,
    outcome_of_exit,
    outcome_of_timeout,
)
from datavc.engine.executors.shell_loop import PRELUDE, EndMarker, datum_script
from datavc.errors import ExecutorUnavailable

_KILLED = SIGNAL_BASE + 9


class DockerWorker:
    """Feeds datums to the shell of a warm container.

    Args:
        client: the Docker engine.
        request: what the worker is for.
        plan: what its containers are made from.
        cmd: program and arguments, the image's own where the spec names none.
        has_shell: whether the image has ``sh``; without, every datum gets a fresh container.
    """

    pfs = "/pfs"
    protects_inputs = True

    def __init__(
        self,
        client: APIClient,
        request: WorkerRequest,
        plan: ContainerPlan,
        cmd: Sequence[str],
        has_shell: bool,
    ) -> None:
        self.inputs = plan.inputs
        self.output = plan.output
        self._client = client
        self._request = request
        self._plan = plan
        transform = request.spec.transform
        self._programs = {
            False: Program(tuple(cmd), transform.stdin),
            True: Program(transform.err_cmd, transform.err_stdin),
        }
        self._has_shell = has_shell
        self._container: Container | None = None
        self._out_of_memory_kills = 0
        self._lock = threading.Lock()
        self.interrupted = False
        self.gpus: tuple[int, ...] = ()

    def run(self, env: Mapping[str, str], log: DatumLog, *, recover: bool = False) -> Outcome:
        """Run the transform once, in the warm container if there is one."""
        program = self._programs[recover]
        timeout = self._request.spec.datum_timeout
        deadline = None if timeout is None else time.monotonic() + timeout
        if self.gpus != self._plan.gpu_ids:
            # Those that a container has are decided when it is made.
            self._drop_container()
            self._plan = replace(self._plan, gpu_ids=self.gpus)
        try:
            if self._has_shell:
                outcome = self._run_warm(program, env, log, deadline)
            else:
                outcome = self._run_cold(program, env, log, deadline)
        except TimeoutError:
            self._drop_container()
            outcome = outcome_of_timeout(timeout or 0)
        except ExecutorUnavailable:
            if not self.interrupted:
                raise
            outcome = INTERRUPTED
        return INTERRUPTED if self.interrupted else outcome

    def _run_warm(
        self, program: Program, env: Mapping[str, str], log: DatumLog, deadline: float | None
    ) -> Outcome:
        container = self._container or self._open_shell()
        nonce = secrets.token_hex(16)
        container.send(datum_script(nonce, program.cmd, env, program.stdin).encode())
        markers = {LogStream.STDOUT: EndMarker(nonce), LogStream.STDERR: EndMarker(nonce)}
        try:
            for stream, data in container.output(deadline):
                log.write(stream, markers[stream].feed(data))
                if all(marker.words is not None for marker in markers.values()):
                    code, kills = (int(word) for word in markers[LogStream.STDOUT].words or ())
                    return self._outcome(program, code, kills)
        except TimeoutError:
            _write_rest(markers, log)
            raise
        _write_rest(markers, log)
        return self._outcome_of_stop(program, container)

    def _run_cold(
        self, program: Program, env: Mapping[str, str], log: DatumLog, deadline: float | None
    ) -> Outcome:
        try:
            container = self._open(program.cmd, env)
        except ExecutorUnavailable as error:
            if "executable file not found" not in error.message:
                raise
            return Outcome(127, f"{program.cmd[0]!r} is not in the image", may_retry=False)
        container.send("".join(line + "\n" for line in program.stdin).encode())
        container.end_input()
        for stream, data in container.output(deadline):
            log.write(stream, data)
        return self._outcome_of_stop(program, container)

    def _outcome(self, program: Program, code: int, kills: int) -> Outcome:
        accepted = self._request.spec.transform.accept_return_code
        outcome = outcome_of_exit(code, accepted, program.cmd[0])
        killed = kills > self._out_of_memory_kills
        self._out_of_memory_kills = kills
        if not killed or outcome.succeeded:
            return outcome
        if code == _KILLED:
            return self._out_of_memory()
        # It was one of the transform's processes, and the transform ended because of it.
        return replace(
            outcome,
            reason=f"{outcome.reason}, after one of its processes {self._memory_limit()}",
            may_retry=False,
        )

    def _outcome_of_stop(self, program: Program, container: Container) -> Outcome:
        """The container is gone: at its regular end when cold, with its shell when warm."""
        code, out_of_memory, error = container.exit_state()
        self._drop_container()
        if out_of_memory and code == _KILLED:
            return self._out_of_memory()
        if self._has_shell:
            return Outcome(None, f"its container stopped with {code}{error and f': {error}'}")
        accepted = self._request.spec.transform.accept_return_code
        return outcome_of_exit(code, accepted, program.cmd[0])

    def _out_of_memory(self) -> Outcome:
        return Outcome(_KILLED, self._memory_limit(), may_retry=False)

    def _memory_limit(self) -> str:
        limit = self._plan.memory / 2**20
        return f"ran out of memory: its limit is {limit:.0f} MiB (see resource_limits.memory)"

    def _open_shell(self) -> Container:
        container = self._open(["sh"], {})
        container.send(PRELUDE.encode())
        return container

    def _open(self, command: Sequence[str], env: Mapping[str, str]) -> Container:
        container = Container(self._client, self._plan, command, env)
        with self._lock:
            self._container = container
            self._out_of_memory_kills = 0
            interrupted = self.interrupted
        if interrupted:
            container.kill()
        return container

    def _drop_container(self) -> None:
        with self._lock:
            container, self._container = self._container, None
        if container is not None:
            container.remove()

    def interrupt(self) -> None:
        """Kill the container."""
        with self._lock:
            self.interrupted = True
            container = self._container
        if container is not None:
            container.kill()

    def close(self) -> None:
        """Remove the container."""
        self._drop_container()


def _write_rest(markers: Mapping[LogStream, EndMarker], log: DatumLog) -> None:
    for stream, marker in markers.items():
        log.write(stream, marker.rest())
