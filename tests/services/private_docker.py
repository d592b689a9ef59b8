"""A Docker engine of a test's own, which may be killed without harm to others."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import docker
from docker.errors import DockerException

from tests.services.docker_engine import add_image
from tests.services.requirement import missing

_PATIENCE = 60.0


class PrivateDocker:
    """Shares nothing with the machine's own one, and needs no network."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        #: What ``DOCKER_HOST`` is to be.
        self.host = f"unix://{folder / 'docker.sock'}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [
            # Without a bridge it removes docker0, which the machine's own engine needs.
            "unshare", "--net",
            "dockerd",
            f"--host={self.host}",
            f"--data-root={self._folder / 'data'}",
            f"--exec-root={self._folder / 'exec'}",
            f"--pidfile={self._folder / 'pid'}",
            "--bridge=none",
            "--iptables=false",
            "--ip6tables=false",
        ]  # fmt: skip
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + _PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                lines = (self._folder / "log").read_text(errors="replace").splitlines()
                missing(f"a Docker engine of a test's own does not start: {lines[-1:]}"[:300])
            time.sleep(0.1)

    def kill(self) -> None:
        """``kill -9`` of it and of its containerd; containers are left as they are."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        for process in self._left("containerd"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        # Where nobody collects what has ended, its number seems to be in use, and the next engine
        # would wait for it in vain.
        (self._folder / "exec/containerd/containerd.pid").unlink(missing_ok=True)

    def containers(self) -> list[str]:
        """Ids of all containers that there are, running or not."""
        with contextlib.closing(docker.DockerClient(base_url=self.host)) as client:
            return [each["Id"] for each in client.api.containers(all=True)]

    def stop(self) -> None:
        """End it, and all that belongs to it."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE)
        # What it started outlives it when it is killed.
        for process in self._left(""):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()[::-1]:
            if line.split(" ")[1].startswith(str(self._folder)):
                subprocess.run(["umount", "-l", line.split(" ")[1]], check=False)

    def _left(self, program: str) -> list[int]:
        """Processes of a program, or of any, that name its folder: they are ours."""
        found: list[int] = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (process / "cmdline").read_text(errors="replace").split("\0")
                is_ours = any(str(self._folder) in word for word in words)
                if is_ours and program in ("", Path(words[0]).name):
                    found.append(int(process.name))
        return found

    def _answers(self) -> bool:
        if not (self._folder / "docker.sock").exists():
            return False
        try:
            with contextlib.closing(docker.DockerClient(base_url=self.host)) as client:
                return bool(client.ping())
        except DockerException:
            return False


@contextlib.contextmanager
def private_docker() -> Iterator[PrivateDocker]:
    """One that runs, with the test image in it."""
    if shutil.which("dockerd") is None or os.getuid() != 0:
        missing("a Docker engine of a test's own needs dockerd, and root")
    # Short, since the paths of sockets have an end.
    folder = Path(tempfile.mkdtemp(prefix="dvc-docker-"))
    engine = PrivateDocker(folder)
    try:
        engine.start()
        with contextlib.closing(docker.DockerClient(base_url=engine.host)) as client:
            add_image(client)
        yield engine
    finally:
        engine.stop()
        shutil.rmtree(folder, ignore_errors=True)
