"""A real Docker engine, and a small image for it that needs no registry."""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.services.requirement import missing

if TYPE_CHECKING:
    from docker import DockerClient

IMAGE = "datavc-test-busybox:1"


def require_engine() -> None:
    """Skip or fail unless an engine answers."""
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env()
        client.ping()
        client.close()
    except DockerException as error:
        missing(f"no Docker engine answers: {str(error)[:80]}")


def require_image() -> str:
    """The name of an image with a shell and the usual small tools, imported if it is not there."""
    import docker

    with contextlib.closing(docker.from_env()) as client:
        add_image(client)
    return IMAGE


def add_image(client: DockerClient) -> None:
    """Import that image into an engine, if it is not there."""
    from docker.errors import ImageNotFound

    try:
        client.images.get(IMAGE)
    except ImageNotFound:
        repository, _, tag = IMAGE.partition(":")
        client.api.import_image_from_data(_root_file_system(), repository=repository, tag=tag)


def _root_file_system() -> bytes:
    program = shutil.which("busybox")
    if program is None:
        missing("no busybox for a test image: apt-get install busybox-static")
    applets = subprocess.run([program, "--list"], capture_output=True, text=True, check=True)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for folder, mode in (("bin", 0o755), ("etc", 0o755), ("tmp", 0o1777), ("pfs", 0o755)):
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, mode
            tar.addfile(info)
        tar.add(Path(program).resolve(), "bin/busybox")
        for applet in applets.stdout.split():
            if applet != "busybox":
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
        users = b"root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"
        passwd = tarfile.TarInfo("etc/passwd")
        passwd.size = len(users)
        tar.addfile(passwd, io.BytesIO(users))
    return buffer.getvalue()
