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
from typing import IO

NAME = "datavc-quickstart"

#: Small programs that the container needs around the interpreter.
TOOLS = ("sh", "rm", "cat", "mkdir", "sleep")

_IMPORTS = "import joblib, numpy, sklearn.linear_model, sklearn.metrics, sklearn.preprocessing"
_LEFT_OUT = {"__pycache__", "test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip",
             "site-packages", "dist-packages", "include", "config"}  # fmt: skip


def build() -> str:
    """Make the image unless the same one is there. Returns its name.

    Raises:
        RuntimeError: it cannot be made here; the message says why.
    """
    import docker

    if platform.system() != "Linux":
        raise RuntimeError(f"an image of this environment needs Linux, not {platform.system()}")
    client = docker.from_env(timeout=300)
    try:
        files = dict(sorted(_files()))
        tag = _fingerprint(files)
        image = f"{NAME}:{tag}"
        if not client.images.list(name=image):
            with tempfile.NamedTemporaryFile(suffix=".tar") as archive:
                _write(files, archive)
                archive.flush()
                client.api.import_image_from_file(
                    archive.name, NAME, tag, changes=[f"ENV PATH={_path_variable()}"]
                )
        return image
    except docker.errors.DockerException as error:
        raise RuntimeError(f"the Docker engine does not take the image: {error}") from error
    finally:
        client.close()


def _path_variable() -> str:
    return f"{Path(sys.executable).parent}:/bin"


def _files() -> Iterator[tuple[str, Path]]:
    """What goes into the image: the path there, and the file here."""
    programs = [Path(found) for tool in TOOLS if (found := shutil.which(tool))]
    if len(programs) < len(TOOLS):
        raise RuntimeError(f"this machine lacks one of {', '.join(TOOLS)}")
    interpreter = Path(sys.executable).resolve()
    collected = {str(path): path for root in _python_folders() for path in _below(root)} | {
        str(interpreter): interpreter
    }
    yield from collected.items()
    yield from ((f"/bin/{program.name}", program.resolve()) for program in programs)
    binaries = [path for path in collected.values() if _is_binary(path)]
    yield from ((str(path), path.resolve()) for path in _libraries([*binaries, *programs]))


def _python_folders() -> list[Path]:
    """The standard library, and the packages that the transforms import."""
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
    ).stdout.split("\n")
    site = Path(sysconfig.get_path("purelib"))
    packages = {
        site / Path(line).relative_to(site).parts[0]
        for line in listing
        if line.startswith(f"{site}/")
    }
    bundled = [folder for folder in site.glob("*.libs") if folder.is_dir()]
    standard = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    # In a virtual environment the interpreter looks for this file to find its packages.
    settings = Path(sys.prefix) / "pyvenv.cfg"
    return [*packages, *bundled, *standard, *([settings] if settings.exists() else [])]


def _below(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name.partition("-")[0] not in _LEFT_OUT]
        yield from (
            Path(folder, name) for name in names if not name.endswith((".pyc", ".a", ".h", ".pyx"))
        )


def _is_binary(path: Path) -> bool:
    return ".so" in path.name or path == Path(sys.executable).resolve()


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
    return hashlib.sha256(f"{_path_variable()}\n{names}".encode()).hexdigest()[:12]


def _write(files: dict[str, Path], archive: IO[bytes]) -> None:
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for folder, mode in (("tmp", 0o1777), ("pfs", 0o755)):
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, mode
            tar.addfile(info)
        # A virtual environment's python3 is a link to the real interpreter.
        link = tarfile.TarInfo(str(Path(sys.executable).parent / "python3").lstrip("/"))
        if f"/{link.name}" not in files:
            link.type, link.linkname = tarfile.SYMTYPE, str(Path(sys.executable).resolve())
            tar.addfile(link)
        for path, file in files.items():
            tar.add(file, path.lstrip("/"), recursive=False)
