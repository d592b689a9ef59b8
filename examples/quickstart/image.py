"""A container image of this very Python with scikit-learn, made without any registry.

The interpreter, its standard library, scikit-learn with what it needs, a shell, and the shared
libraries that all of these load are packed into one tar, which ``docker import`` takes.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import IO

import docker

REPOSITORY = "datavc-quickstart"
#: Where the packages lie in the image.
_PACKAGES = "/opt/packages"
#: Folders that no transform needs.
_LEFT_OUT = frozenset(
    {"test", "tests", "idlelib", "tkinter", "ensurepip", "lib2to3", "turtledemo",
     "site-packages", "dist-packages"}
)  # fmt: skip
#: Programs beside Python: what a warm container runs between two datums.
_PROGRAMS = ("sh", "rm")


class ImageImpossible(Exception):
    """The image cannot be made here; says why."""


def ensure_image(client: docker.DockerClient) -> tuple[str, str]:
    """Make the image unless it is there already; its name, and the path of Python in it.

    Raises:
        ImageImpossible: this Python cannot be packed, or does not run once it is.
    """
    if not sys.platform.startswith("linux") or shutil.which("ldd") is None:
        raise ImageImpossible("only a Linux with ldd can pack its own Python")
    python = str(Path(sys.executable).resolve())
    files = dict(_with_libraries(_own_files(python)))
    tag = _fingerprint(files)
    name = f"{REPOSITORY}:{tag}"
    if not client.images.list(name=name):
        _import(client, files, tag)
    _check(client, name, python)
    return name, python


def _own_files(python: str) -> Iterator[tuple[str, Path]]:
    """Path in the image, and path here, of everything but shared libraries."""
    yield python, Path(python)
    for program in _PROGRAMS:
        found = shutil.which(program)
        if found is None:
            raise ImageImpossible(f"there is no {program} here")
        yield f"/bin/{program}", Path(found).resolve()
    for folder in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}:
        # A virtual environment names folders of its own; the interpreter looks in the base's.
        base = folder.replace(sys.prefix, sys.base_prefix, 1)
        yield from _folder(Path(base))
    for package in sorted(_needed("scikit-learn")):
        yield from _package(package)


def _folder(folder: Path) -> Iterator[tuple[str, Path]]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if _is_wanted(name)]
        for name in names:
            path = Path(root, name)
            if path.is_file() and path.suffix != ".a":
                yield str(path), path


def _is_wanted(name: str) -> bool:
    return name not in _LEFT_OUT and not name.startswith("config-")


def _needed(name: str) -> set[str]:
    """*name* and the packages that it requires, at any depth, as far as they are installed."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        try:
            requires = distribution(current).requires or []
        except PackageNotFoundError:
            continue
        if current not in found:
            found.add(current)
            waiting += [
                re.split(r"[^\w.-]", each, maxsplit=1)[0] for each in requires if ";" not in each
            ]
    return found


def _package(name: str) -> Iterator[tuple[str, Path]]:
    files = distribution(name).files
    if files is None:
        raise ImageImpossible(f"nobody knows the files of the package {name}")
    for file in files:
        path = Path(str(file.locate()))
        if ".." not in file.parts and not _LEFT_OUT & set(file.parts) and path.is_file():
            yield f"{_PACKAGES}/{file.as_posix()}", path


def _with_libraries(files: Iterable[tuple[str, Path]]) -> Iterator[tuple[str, Path]]:
    """*files*, and the shared libraries outside of them that they load."""
    binaries = []
    for target, path in files:
        yield target, path
        with path.open("rb") as file:
            if file.read(4) == b"\x7fELF":
                binaries.append(path)
    packages = Path(sysconfig.get_path("platlib")).resolve()
    for library in sorted(_libraries(binaries)):
        if not Path(library).resolve().is_relative_to(packages):
            yield library, Path(library).resolve()


def _libraries(binaries: list[Path]) -> set[str]:
    listed = subprocess.run(
        ["ldd", *map(str, binaries)], capture_output=True, text=True, check=False
    ).stdout
    named = re.findall(r"=> (/\S+) \(", listed)
    loaders = re.findall(r"^\s+(/\S+) \(", listed, re.MULTILINE)
    return {*named, *loaders}


def _fingerprint(files: dict[str, Path]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for target, path in sorted(files.items()):
        digest.update(f"{target}\0{path.stat().st_size}\n".encode())
    for package in sorted(_needed("scikit-learn")):
        digest.update(f"{package} {distribution(package).version}\n".encode())
    digest.update(sys.version.encode())
    return digest.hexdigest()


def _import(client: docker.DockerClient, files: dict[str, Path], tag: str) -> None:
    command = ["docker", "import", "--change", f"ENV PYTHONPATH={_PACKAGES} PATH=/bin", "-"]
    if shutil.which("docker") is None:
        raise ImageImpossible("the docker command is not installed")
    with subprocess.Popen(
        [*command, f"{REPOSITORY}:{tag}"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as importing:
        if importing.stdin is None:
            raise ImageImpossible("docker import takes no input")
        _write_tar(files, importing.stdin)
        importing.stdin.close()
    if importing.returncode:
        raise ImageImpossible("docker import failed")


def _write_tar(files: dict[str, Path], stream: IO[bytes]) -> None:
    with tarfile.open(fileobj=stream, mode="w|") as tar:
        temporary = tarfile.TarInfo("tmp")
        temporary.type, temporary.mode = tarfile.DIRTYPE, 0o1777
        tar.addfile(temporary)
        for target, path in sorted(files.items()):
            info = tar.gettarinfo(str(path), target.lstrip("/"))
            # Whoever the transform runs as may read all of it; hard links stay whole files.
            info.type, info.linkname = tarfile.REGTYPE, ""
            info.size = path.stat().st_size
            info.uid = info.gid = 0
            info.uname = info.gname = "root"
            info.mode = 0o755 if os.access(path, os.X_OK) else 0o644
            with path.open("rb") as file:
                tar.addfile(info, file)


def _check(client: docker.DockerClient, name: str, python: str) -> None:
    from docker.errors import DockerException

    try:
        client.containers.run(
            name, [python, "-c", "import sklearn.ensemble"], network_mode="none", remove=True
        )
    except DockerException as error:
        raise ImageImpossible(f"this Python does not run in a container: {error}") from None
