"""docker-compose.yml and the Dockerfile: what they call exists, and what they say runs."""

from __future__ import annotations

import contextlib
import json
import re
import time
from pathlib import Path
from typing import Any

import docker
import pytest
import yaml
from typer.main import get_command

import datavc
from datavc_cli.app import build_app
from tests.services.compose_stack import ROOT, ComposeStack, compose_stack

PATIENCE = 120.0
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
OURS = ("server", "engine")


def of_dockerfile(instruction: str) -> list[str]:
    """The words of an instruction in its JSON form."""
    (found,) = re.findall(rf"^{instruction} (\[.*\])$", DOCKERFILE, re.MULTILINE)
    words: list[str] = json.loads(found)
    return words


@pytest.mark.parametrize(
    "words", [of_dockerfile("CMD"), *(COMPOSE["services"][name]["command"] for name in OURS)]
)
def test_the_command_line_knows_every_command_and_option(words: list[str]) -> None:
    assert of_dockerfile("ENTRYPOINT") == ["datavc"]
    root = get_command(build_app())
    with root.make_context("datavc", list(words)) as context:
        verb = root.commands[words[0]]
        # Fails where an option is unknown, or has no such value.
        verb.make_context(words[0], list(words[1:]), parent=context).close()


@pytest.mark.parametrize("name", OURS)
def test_the_variables_are_ones_that_datavc_reads(name: str) -> None:
    source = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("datavc", "server")
        for path in (ROOT / folder).rglob("*.py")
    )
    given = set(COMPOSE["services"][name]["environment"])
    assert {each for each in given if each.startswith("DATAVC_")} >= {
        "DATAVC_HOME",
        "DATAVC_DATABASE",
        "DATAVC_STORE",
    }
    for variable in given:
        # Those of libpq and of the AWS SDKs are theirs.
        known = {"PGPASSFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_REGION"}
        assert f'"{variable}"' in source or variable in known


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_secrets_are_files_that_are_prepared(name: str) -> None:
    service = COMPOSE["services"][name]
    assert set(service["secrets"]) <= set(COMPOSE["secrets"])
    mounted = {f"/run/secrets/{secret}" for secret in service["secrets"]}
    words = [*service.get("command", []), *service["environment"].values()]
    assert {word for word in words if str(word).startswith("/run/secrets/")} == mounted
    for variable in service["environment"]:
        secret = re.search("PASSWORD|TOKEN|SECRET|CREDENTIALS|_USER_", variable)
        assert not secret or variable.endswith("_FILE")


def test_what_the_image_is_built_from_is_let_through() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line[1:] for line in lines if line.startswith("!")}
    assert kept == {"pyproject.toml", "README.md", "LICENSE", "datavc", "server", "cli"}
    assert all((ROOT / name).exists() for name in kept)


def test_preparing_again_keeps_what_is_there(tmp_path: Path, docker_image: str) -> None:
    stack = ComposeStack(tmp_path, docker_image)
    token = stack.prepare()
    files = [tmp_path / "env", *(tmp_path / "stack" / "secrets").iterdir()]
    before = {path: path.read_bytes() for path in files}
    assert len(token) == 64
    assert {path.stat().st_mode & 0o077 for path in files} == {0}
    assert stack.prepare() == token
    assert {path: path.read_bytes() for path in files} == before
    assert {path.name for path in files[1:]} == {*COMPOSE["secrets"]}


@pytest.mark.docker
def test_it_runs(tmp_path: Path, docker_image: str) -> None:
    source = tmp_path / "source"
    source.mkdir()
    files = {f"f{number}": b"%d" % number for number in range(12)}
    for name, content in files.items():
        (source / name).write_bytes(content)
    with compose_stack(tmp_path) as stack:
        token = stack.prepare()
        stack.run("up", "--detach", "--no-build")
        wait_until_healthy(stack)
        check_isolation(stack)
        with datavc.connect(f"http://127.0.0.1:{stack.port}", token=token) as client:
            client.create_repo("raw")
            client.create_pipeline(copying("raw", docker_image))
            client.put(f"{source}/", "raw", recursive=True, message="first")
            kill(stack, "engine")
            (job,) = client.wait("raw", timeout=PATIENCE)
            assert (job.state, job.executor, job.datums_total) == ("success", "docker", len(files))
            assert len(list(client.log("copy"))) == 1
        # What was acknowledged outlives all containers.
        stack.run("down", "--timeout", "1")
        stack.run("up", "--detach", "--no-build")
        wait_until_healthy(stack)
        with datavc.connect(f"http://127.0.0.1:{stack.port}", token=token) as client:
            found = {info.path: client.read(f"copy:/{info.path}") for info in client.ls("copy")}
            assert found == files
            assert client.fsck(deep=True).is_sound


def wait_until_healthy(stack: ComposeStack) -> None:
    """Wait for the health checks of all five containers."""
    deadline = time.monotonic() + PATIENCE
    while [state(each) for each in containers(stack)] != ["healthy"] * 5:
        assert time.monotonic() < deadline, stack.run("logs", "--tail", "20")
        time.sleep(0.5)


def check_isolation(stack: ComposeStack) -> None:
    """Nothing of datavc runs as root, and no secret is in a container's description."""
    secrets = [path.read_text() for path in (stack.folder / "stack/secrets").iterdir()]
    for container in containers(stack):
        described = json.dumps(container.attrs)
        assert not [secret for secret in secrets if len(secret) > 32 and secret in described]
        if container.labels["com.docker.compose.service"] in OURS:
            user, read_only = container.attrs["Config"]["User"], container.attrs["HostConfig"]
            assert int(user.partition(":")[0]) > 0
            assert read_only["ReadonlyRootfs"]


def kill(stack: ComposeStack, service: str) -> None:
    """``kill -9`` of the first container of a service."""
    [*_, victim] = containers(stack, service)
    victim.kill()


def containers(stack: ComposeStack, service: str | None = None) -> list[Any]:
    """What runs of the stack."""
    labels = [f"com.docker.compose.project={stack.project}"]
    if service is not None:
        labels.append(f"com.docker.compose.service={service}")
    with contextlib.closing(docker.from_env()) as client:
        found: list[Any] = client.containers.list(filters={"label": labels})
    return found


def state(container: Any) -> str:
    """What its health check says."""
    health: str = container.attrs["State"].get("Health", {}).get("Status", "none")
    return health


def copying(source: str, image: str) -> dict[str, object]:
    """A pipeline that copies each file."""
    return {
        "pipeline": {"name": "copy"},
        "input": {"pfs": {"name": "in", "repo": source, "glob": "/*"}},
        "transform": {
            "image": image,
            "cmd": ["sh", "-euc", 'sleep 0.2; cp "$in" "$DATAVC_PFS/out/"'],
        },
    }
