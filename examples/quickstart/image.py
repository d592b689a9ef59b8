"""Builds a container image out of this Python environment, without any registry.

The image holds the interpreter, its standard library, scikit-learn with what that imports, a
shell, and the shared libraries that all of these load. It works where the Docker engine runs on
this machine's kind of Linux.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from docker import DockerClient

NAME = "datavc-quickstart"

#: Where Python and the packages lie in the image, wherever they are here.
_HOME = "/opt/python"
_PACKAGES = "/opt/packages"

#: Small programs that the container needs around the interpreter.
TOOLS = ("sh", "rm", "cat", "mkdir", "sleep")

_IMPORTS = "import joblib, numpy, sklearn.linear_model, sklearn.metrics, sklearn.preprocessing"
_LEFT_OUT = frozenset(
    ("__pycache__", "test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip",
     "site-packages", "dist-packages")
)  # fmt: skip


def build() -> str:
    """Make the image unless the same one is there, and try it out. Returns its name.

    Raises:
        RuntimeError: it cannot be made here; the message says why.
    """
    import docker

    if platform.system() != "Linux":
        raise RuntimeError(f"an image of this environment needs Linux, not {platform.system()}")
    if not shutil.which("ldd"):
        raise RuntimeError("this machine has no ldd to find shared libraries with")
    client = docker.from_env(timeout=300)
    try:
        files = dict(sorted(_files()))
        tag = _fingerprint(files)
        image = f"{NAME}:{tag}"
        if not client.images.list(name=image):
            with tempfile.NamedTemporaryFile(suffix=".tar") as archive:
                _write(files, archive)
                archive.flush()
                client.api.import_image_from_file(archive.name, NAME, tag, changes=_settings())
        try_out(client, image)
        return image
    except docker.errors.DockerException as error:
        raise RuntimeError(f"the Docker engine does not take the image: {error}") from error
    finally:
        client.close()


def try_out(client: DockerClient, image: str) -> None:
    """Import in a container what the transforms import.

    An engine may answer and still not run this: it may stand on another kind of machine.

    Raises:
        RuntimeError: Python or a package does not work there; the message says why.
        DockerException: the engine cannot start the container.
    """
    container = client.containers.create(image, ["python3", "-c", _IMPORTS], network_disabled=True)
    try:
        container.start()
        if container.wait()["StatusCode"]:
            said = container.logs().decode(errors="replace").strip().rpartition("\n")[2]
            raise RuntimeError(f"this environment does not work in a container: {said}")
    finally:
        container.remove(force=True)


def _settings() -> list[str]:
    """What the image says to every container."""
    return [
        f"ENV PATH={_HOME}/bin:/bin",
        f"ENV PYTHONHOME={_HOME}",
        f"ENV PYTHONPATH={_PACKAGES}",
    ]


def _files() -> Iterator[tuple[str, Path]]:
    """What goes into the image: the path there, and the file here."""
    programs = [Path(found) for tool in TOOLS if (found := shutil.which(tool))]
    if len(programs) < len(TOOLS):
        raise RuntimeError(f"this machine lacks one of {', '.join(TOOLS)}")
    interpreter = Path(sys.executable).resolve()
    yield f"{_HOME}/bin/python3", interpreter
    yield from ((f"/bin/{program.name}", program.resolve()) for program in programs)
    binaries = [interpreter, *programs]
    for root, place in _python_folders():
        for path in _below(root):
            yield f"{place}/{path.relative_to(root)}" if root.is_dir() else place, path
            if ".so" in path.name:
                binaries.append(path)
    for path in _libraries(binaries):
        yield str(path), path.resolve()


def _python_folders() -> list[tuple[Path, str]]:
    """The standard library and the packages that the transforms import, with their new places."""
    listing = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{_IMPORTS}\nimport sys\n"
            "print(*sorted({m.__file__ for m in sys.modules.values()"
            " if getattr(m, '__file__', None)}), sep='\\n')",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    site = Path(sysconfig.get_path("purelib"))
    imported = {
        site / Path(line).relative_to(site).parts[0]
        for line in listing
        if line.startswith(f"{site}/")
    }
    # Wheels keep the libraries that they bring in a folder beside the package.
    imported |= {
        folder
        for folder in site.glob("*.libs")
        if folder.stem in {"numpy", "scipy", "scikit_learn"}
    }
    standard = f"{_HOME}/lib/python{sysconfig.get_python_version()}"
    return [
        (Path(sysconfig.get_path("stdlib")), standard),
        *((path, f"{_PACKAGES}/{path.name}") for path in sorted(imported)),
    ]


def _below(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        yield from (
            Path(folder, name) for name in names if not name.endswith((".pyc", ".a", ".h", ".pyx"))
        )


def _libraries(binaries: list[Path]) -> set[Path]:
    """The shared libraries that *binaries* load, the dynamic loader included."""
    found: set[Path] = set()
    for start in range(0, len(binaries), 200):
        batch = [str(path) for path in binaries[start : start + 200]]
        listing = subprocess.run(["ldd", *batch], capture_output=True, text=True, check=False)
        for line in listing.stdout.splitlines():
            words = line.split("=>")[-1].split()
            if words and words[0].startswith("/") and not words[0].endswith(":"):
                # A library that is found beside its user comes with `..` in its path.
                found.add(Path(os.path.normpath(words[0])))
    return found


def _fingerprint(files: dict[str, Path]) -> str:
    names = "\n".join(f"{path} {file.stat().st_size}" for path, file in files.items())
    return hashlib.sha256(f"{_settings()}\n{names}".encode()).hexdigest()[:12]


def _write(files: dict[str, Path], archive: IO[bytes]) -> None:
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for folder, mode in (("tmp", 0o1777), ("pfs", 0o755)):
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, mode
            tar.addfile(info)
        for path, file in files.items():
            tar.add(file, path.lstrip("/"), recursive=False)
