"""``datavc serve`` as a process of its own, which can be killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from tests.services.ports import free_ports


class ServerProcess:
    """A server on a free loopback port, which it keeps when it is started again.

    Args:
        home: what it serves.
        environment: variables beside this process's own.
    """

    def __init__(self, home: Path, **environment: str) -> None:
        self._home = home
        self._environment = environment
        (self.port,) = free_ports(1)
        #: Where S3 clients find it, once it was started with ``--s3``.
        self.s3_url = ""
        self._process: subprocess.Popen[str] | None = None
        #: A file, since a pipe that nobody reads would hold up a server that has much to say.
        self._errors: IO[str] | None = None

    @property
    def pid(self) -> int:
        """Its number among the processes."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._process is not None

    def start(self, *arguments: str) -> str:
        """Start it with options of ``datavc serve``, and give its URL once it answers."""
        command = [sys.executable, "-m", "datavc_cli", "serve", "--port", str(self.port)]
        environment = {
            **os.environ,
            "DATAVC_HOME": str(self._home),
            "DATAVC_EXECUTOR": "process",
            **self._environment,
        }
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - until it is stopped
        self._process = subprocess.Popen(
            [*command, *arguments],
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("datavc serves http://127.0.0.1:"):
            raise AssertionError(self.stop(signal.SIGKILL))
        self.port = int(line.rpartition(":")[2])
        if "--s3" in arguments:
            self.s3_url = self._process.stdout.readline().split()[2]
        return line.split()[-1]

    def stop(self, number: signal.Signals) -> tuple[int, str]:
        """Send it a signal; exit code and what it said of errors."""
        assert self._process is not None
        assert self._errors is not None
        process, self._process = self._process, None
        process.send_signal(number)
        process.communicate(timeout=60)
        with self._errors as errors:
            errors.seek(0)
            return process.returncode, errors.read()

    def close(self) -> None:
        """Kill it if it runs."""
        if self._process is not None:
            self.stop(signal.SIGKILL)
