"""``datavc engine`` as a process of its own, which can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path


class EngineProcess:
    """An engine that runs transforms as processes.

    Args:
        home: its folder for what runs.
        environment: variables beside this process's own.
    """

    def __init__(self, home: Path, **environment: str) -> None:
        self._environment = {
            **os.environ,
            "DATAVC_HOME": str(home),
            "DATAVC_EXECUTOR": "process",
            **environment,
        }
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """Its number among the processes."""
        assert self._process is not None
        return self._process.pid

    def start(self, *arguments: str) -> None:
        """Start it with options of ``datavc engine``; returns once it works."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "datavc_cli", "engine", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("datavc engine works on "), self._process.communicate()

    def stop(self, number: signal.Signals) -> tuple[int, str]:
        """Send it a signal; exit code and what it said of errors."""
        assert self._process is not None
        process, self._process = self._process, None
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        return process.returncode, errors

    def close(self) -> None:
        """Kill it if it runs."""
        if self._process is not None:
            self.stop(signal.SIGKILL)
