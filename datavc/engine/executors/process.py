"""The ``process`` executor: transforms as plain processes of this machine, with no isolation."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from datavc.engine.datum_log import DatumLog, LogStream
from datavc.engine.executors.executor import Outcome, WorkerRequest
from datavc.engine.executors.exit_reason import (
    INTERRUPTED,
    outcome_of_exit,
    outcome_of_signal,
    outcome_of_timeout,
)
from datavc.engine.executors.given_secrets import secret_variables
from datavc.engine.executors.start_program import ProgramStarter, StartedProgram
from datavc.errors import ExecutorUnavailable
from datavc.model.pipeline import PipelineSpec

#: The engine's own variables that a transform sees; all others (keys, tokens) stay behind.
_PASSED_ON = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR",
    "LD_LIBRARY_PATH",
)  # fmt: skip
_READ_SIZE = 65536
_PR_SET_PDEATHSIG = 1
# Loaded before there are threads: a forked process is to do as little as possible.
_LIBC = ctypes.CDLL(None, use_errno=True)


class ProcessExecutor:
    """Runs transforms on this machine, as this user. For development: it isolates nothing."""

    name = "process"

    def prepare(self, image: str, pinned: str | None) -> str:  # noqa: ARG002
        """Nothing to do: a process needs no image."""
        return self.name

    def open_worker(self, request: WorkerRequest) -> ProcessWorker:
        """Open a worker; its folder is ``$DATAVC_PFS``.

        Raises:
            ExecutorUnavailable: the spec has no ``cmd``, or wants secrets as files.
        """
        return ProcessWorker(request)

    def s3_endpoint(self, gateway: str, spec: PipelineSpec) -> str:  # noqa: ARG002
        """The gateway itself: a process reaches what this one does."""
        return gateway

    def clean_up(self) -> None:
        """Nothing is left of a process that was killed."""

    def clean_up_dead(self) -> None:
        """Nothing can be told to have been left."""

    def close(self) -> None:
        """Nothing is held between jobs."""


@dataclass
class _Prepared:
    """A program, and the open file that its standard input is read from."""

    cmd: tuple[str, ...]
    stdin: int | None

    def close(self) -> None:
        stdin, self.stdin = self.stdin, None
        if stdin is not None:
            os.close(stdin)


class ProcessWorker:
    """Runs one process at a time, in a session of its own that ends with it."""

    protects_inputs = False

    def __init__(self, request: WorkerRequest) -> None:
        transform = request.spec.transform
        if not transform.cmd:
            raise ExecutorUnavailable(
                f"pipeline {request.spec.name!r} has no transform.cmd, only an image",
                hint="name the program in transform.cmd, or use the docker executor",
            )
        if any(use.mount_path for use in transform.secrets):
            raise ExecutorUnavailable(
                f"pipeline {request.spec.name!r} wants a secret as files, which needs containers",
                hint="give it as env_var, or use the docker executor",
            )
        self.inputs = request.scratch / "pfs"
        self.output = self.inputs / "out"
        self.pfs = str(self.inputs)
        self._transform = transform
        self._timeout = request.spec.datum_timeout
        self._is_standing = request.spec.is_standing
        self._directory = Path(transform.working_dir or self.inputs)
        passed_on = {key: os.environ[key] for key in _PASSED_ON if key in os.environ}
        self._env = passed_on | dict(transform.env)
        self._env |= secret_variables(transform.secrets, request.secrets)
        self._programs = {
            False: _Prepared(transform.cmd, _stdin_file(transform.stdin)),
            True: _Prepared(transform.err_cmd, _stdin_file(transform.err_stdin)),
        }
        self._starter = ProgramStarter()
        self._running: StartedProgram | None = None
        self._lock = threading.Lock()
        self.interrupted = False
        self.gpus: tuple[int, ...] = ()
        self.output.mkdir(parents=True, exist_ok=True)

    def run(self, env: Mapping[str, str], log: DatumLog, *, recover: bool = False) -> Outcome:
        """Run the transform's command once."""
        program = self._programs[recover]
        try:
            process = self._start(program, {**self._env, **env})
        except OSError as error:
            what = error.filename or program.cmd[0]
            reason = f"cannot run {what!r}: {error.strerror}"
            return Outcome(None, reason, may_retry=False)
        if process is None:
            return INTERRUPTED
        try:
            timed_out = _collect(process, log, self._timeout)
        finally:
            # From here on its number may belong to another process.
            with self._lock:
                self._running = None
            code = process.wait()
            process.close()
        if self.interrupted:
            return INTERRUPTED
        if timed_out:
            return outcome_of_timeout(self._timeout or 0)
        if code < 0:
            return outcome_of_signal(-code)
        return outcome_of_exit(code, self._transform.accept_return_code, program.cmd[0])

    def _start(self, program: _Prepared, env: dict[str, str]) -> StartedProgram | None:
        # A file opened anew has its own offset, and one opened for reading cannot be changed.
        path = os.devnull if program.stdin is None else f"/proc/self/fd/{program.stdin}"
        stdin = os.open(path, os.O_RDONLY)
        try:
            with self._lock:
                if self.interrupted:
                    return None
                self._running = self._starter.start(
                    program.cmd,
                    self._directory,
                    env,
                    stdin,
                    _end_with_engine if self._is_standing else None,
                )
                return self._running
        finally:
            os.close(stdin)

    def interrupt(self) -> None:
        """Kill the running process and its session."""
        with self._lock:
            self.interrupted = True
            if self._running is not None:
                _kill_group(self._running.pid)

    def close(self) -> None:
        """Kill what runs, and free the standard input."""
        self.interrupt()
        for program in self._programs.values():
            program.close()


def _end_with_engine() -> None:
    """In a program that would not end by itself: have the kernel end it when its engine is gone."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _stdin_file(lines: tuple[str, ...]) -> int | None:
    if not lines:
        return None
    descriptor = os.memfd_create("datavc-stdin", os.MFD_CLOEXEC)
    with open(descriptor, "wb", closefd=False) as file:
        file.write("".join(line + "\n" for line in lines).encode())
    return descriptor


def _collect(process: StartedProgram, log: DatumLog, timeout: float | None) -> bool:
    """Read what *process* prints until it ends, then end all it started; whether time ran out."""
    streams = {process.stdout: LogStream.STDOUT, process.stderr: LogStream.STDERR}
    deadline = None if timeout is None else time.monotonic() + timeout
    timed_out = False
    ended = os.pidfd_open(process.pid)
    try:
        poller = select.poll()
        poller.register(ended, select.POLLIN)
        for descriptor in streams:
            os.set_blocking(descriptor, False)
            poller.register(descriptor, select.POLLIN)
        while True:
            wait_ms = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
            ready = [descriptor for descriptor, _ in poller.poll(wait_ms)]
            if not ready:
                timed_out, deadline = True, None
                _kill_group(process.pid)
            for descriptor in ready:
                if descriptor != ended and not _read_piece(descriptor, streams[descriptor], log):
                    poller.unregister(descriptor)
            if ended in ready:
                break
        # The leader is not reaped yet, so its group's number cannot belong to anyone else.
        _kill_group(process.pid)
        for descriptor, stream in streams.items():
            while _read_piece(descriptor, stream, log):
                pass
    except BaseException:
        _kill_group(process.pid)
        raise
    finally:
        os.close(ended)
    return timed_out


def _read_piece(descriptor: int, stream: LogStream, log: DatumLog) -> bool:
    try:
        data = os.read(descriptor, _READ_SIZE)
    except BlockingIOError:
        return False
    log.write(stream, data)
    return bool(data)


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
