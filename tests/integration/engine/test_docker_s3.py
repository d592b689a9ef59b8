"""Containers that use S3: they reach the gateway, and nothing else."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from datavc.model.job import JobState
from tests.integration.engine.conftest import World
from tests.services.s3_gateway import running_gateway

pytestmark = pytest.mark.docker

#: What an S3 client does, with what every Python has.
CLIENT = """
import hashlib, hmac, os, socket, time, urllib.request

def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()

def s3(method, path, body=None):
    base = os.environ["S3_ENDPOINT"]
    host, now = base.split("//")[1], time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{now[:8]}/{os.environ['AWS_REGION']}/s3/aws4_request"
    digest = hashlib.sha256(body or b"").hexdigest()
    headers = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": now}
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\\n" for name, value in headers.items())
    asked = f"{method}\\n{path}\\n\\n{lines}\\n{names}\\n{digest}"
    asked = hashlib.sha256(asked.encode()).hexdigest()
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/"):
        key = mac(key, part)
    signature = mac(key, f"AWS4-HMAC-SHA256\\n{now}\\n{scope}\\n{asked}").hex()
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    request = urllib.request.Request(base + path, body, headers, method=method)
    return urllib.request.urlopen(request, timeout=20).read()

def reaches(host, port):
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
"""


@pytest.fixture(scope="module")
def neighbour(docker_image: str) -> Iterator[str]:
    """The address of a web server in Docker's default network."""
    with contextlib.closing(docker.from_env()) as client:
        container = client.containers.run(docker_image, ["httpd", "-f", "-p", "80"], detach=True)
        try:
            container.reload()
            networks = container.attrs["NetworkSettings"]["Networks"]
            yield str(networks["bridge"]["IPAddress"])
        finally:
            container.remove(force=True)


@pytest.mark.parametrize("network", [False, True])
def test_a_container_reads_and_writes_by_s3(
    tmp_path: Path, python_image: str, neighbour: str, network: bool
) -> None:
    script = f"""
        assert not os.path.exists("/pfs/in")
        s3("PUT", "/out/copy", s3("GET", "/in/a") * 2)
        s3("PUT", "/out/others", str(reaches({neighbour!r}, 80)).encode())
    """
    with running_gateway(tmp_path / "home") as gateway:
        world = World(tmp_path / "home", executor="docker", s3_endpoint=gateway.url)
        try:
            world.repo("raw")
            world.create(
                {
                    "pipeline": {"name": "p"},
                    "transform": {
                        "image": python_image,
                        "cmd": ["python3", "-c", CLIENT + textwrap.dedent(script)],
                    },
                    "input": {"pfs": {"name": "in", "repo": "raw", "glob": "/", "s3": True}},
                    "s3_out": True,
                    "network": network,
                    "datum_tries": 1,
                }
            )
            (job,) = world.commit_and_drive("raw", {"a": b"one"})
            assert job.state is JobState.SUCCESS, job.reason
            assert world.files("p") == {
                "copy": b"oneone",
                "others": str(network).encode(),
            }
        finally:
            world.close()
