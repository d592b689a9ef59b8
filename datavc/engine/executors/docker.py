"""The ``docker`` executor: transforms in containers, safe by default and warm between datums."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from docker import DockerClient
from docker.errors import APIError, DockerException, ImageNotFound
from docker.utils import kwargs_from_env
from requests.exceptions import RequestException

from datavc.engine.executors.docker_container import (
    JOB_LABEL,
    OWNER_LABEL,
    Container,
    ContainerPlan,
)
from datavc.engine.executors.docker_errors import START_HINT, docker_errors
from datavc.engine.executors.docker_s3 import S3_NETWORK, ContainerGateways, has_network
from datavc.engine.executors.docker_worker import DockerWorker
from datavc.engine.executors.executor import WorkerRequest
from datavc.engine.executors.given_secrets import secret_folders, secret_variables
from datavc.engine.process_identity import identify_process, is_dead
from datavc.errors import ExecutorUnavailable
from datavc.model.pipeline import PipelineSpec

#: Share of the machine's memory that a container gets where the spec sets no limit.
_MEMORY_SHARE = 0.9
#: Seconds for one answer of the Docker engine; pulling an image has no limit.
_TIMEOUT = 60
_DEFAULT_HOST = "unix:///var/run/docker.sock"


class DockerExecutor:
    """Runs transforms with the Docker engine that the environment names (``DOCKER_HOST``).

    Raises:
        ExecutorUnavailable: no engine answers.
    """

    name = "docker"

    def __init__(self) -> None:
        _check_socket()
        with docker_errors("be used"):
            self._docker = DockerClient(version="auto", timeout=_TIMEOUT, **kwargs_from_env())
            self._client = self._docker.api
            info = self._client.info()
        self._memory = int(info["MemTotal"] * _MEMORY_SHARE)
        self._processors = int(info["NCPU"])
        self._owner = identify_process()
        self._shells: dict[str, bool] = {}
        self._gateways = ContainerGateways(self._client)
        self._remove_leftovers(is_dead)

    def clean_up(self) -> None:
        """Remove containers that could not be removed while the Docker engine was away.

        Raises:
            ExecutorAway: it still is.
        """
        self._remove_leftovers(lambda owner: owner == self._owner or is_dead(owner))

    def clean_up_dead(self) -> None:
        """See :class:`~datavc.engine.executors.executor.Executor`."""
        self._remove_leftovers(is_dead)

    def _remove_leftovers(self, is_left: Callable[[str], bool]) -> None:
        """Remove the containers of engines that were killed on this machine."""
        with docker_errors("list containers"):
            found = self._client.containers(all=True, filters={"label": OWNER_LABEL})
        for container in found:
            if is_left(container["Labels"][OWNER_LABEL]):
                with contextlib.suppress(APIError, DockerException, RequestException):
                    self._client.remove_container(container["Id"], force=True)

    def prepare(self, image: str, pinned: str | None) -> str:
        """Find or pull the image, and return its id.

        Raises:
            ExecutorUnavailable: it cannot be had, or is not the *pinned* one any more.
        """
        if not image:
            raise ExecutorUnavailable(
                "the docker executor needs transform.image",
                hint="name an image in the spec, or set DATAVC_EXECUTOR=process",
            )
        with docker_errors(f"find the image {image!r}"):
            for name in filter(None, (pinned, image)):
                with contextlib.suppress(ImageNotFound):
                    return str(self._docker.images.get(name).id)
        with docker_errors(f"pull the image {image!r}"):
            for line in self._client.pull(image, stream=True, decode=True):
                if "error" in line:
                    raise ExecutorUnavailable(
                        f"Docker cannot pull the image {image!r}: {line['error']}",
                        hint="build it here, or check its name and registry",
                    )
            return str(self._docker.images.get(image).id)

    def s3_endpoint(self, gateway: str, spec: PipelineSpec) -> str:
        """The URL at which a container reaches the S3 gateway.

        Raises:
            ExecutorUnavailable: it cannot.
        """
        return self._gateways.endpoint(gateway, has_network=has_network(spec))

    def open_worker(self, request: WorkerRequest) -> DockerWorker:
        """Open a worker; its container starts with the first datum.

        Raises:
            ExecutorUnavailable: the image is gone, or neither spec nor image names a program.
        """
        image = request.image_digest
        with docker_errors(f"inspect the image {image!r}"):
            attributes = self._docker.images.get(image).attrs
        config: Mapping[str, list[str] | None] = attributes["Config"]
        cmd = request.spec.transform.cmd or tuple(
            (config.get("Entrypoint") or []) + (config.get("Cmd") or [])
        )
        if not cmd:
            raise ExecutorUnavailable(
                f"neither the spec nor the image {request.spec.transform.image!r} names a program",
                hint="set transform.cmd",
            )
        plan = self._plan(request)
        return DockerWorker(self._client, request, plan, cmd, self._has_shell(plan))

    def _plan(self, request: WorkerRequest) -> ContainerPlan:
        transform, limits = request.spec.transform, request.spec.limits
        inputs, output = request.scratch / "pfs", request.scratch / "out"
        (inputs / "out").mkdir(parents=True, exist_ok=True)
        output.mkdir(exist_ok=True)
        # The container's user may be any; other users of this machine cannot come near, since
        # the scratch folder above is closed to them.
        output.chmod(0o777)
        user = transform.user
        if user is None and os.getuid() != 0:
            user = f"{os.getuid()}:{os.getgid()}"
        return ContainerPlan(
            image=request.image_digest,
            inputs=inputs,
            output=output,
            # The root file system is read-only, and tools look for a home they can write to.
            env={"HOME": "/tmp"}  # noqa: S108
            | dict(transform.env)
            | secret_variables(transform.secrets, request.secrets),
            secrets=secret_folders(transform.secrets, request.secrets, request.scratch),
            user=user,
            working_dir=transform.working_dir,
            network=_network(request.spec),
            service=request.spec.service,
            memory=limits.memory or self._memory,
            cpu=None if limits.cpu is None else min(limits.cpu, self._processors),
            labels={**request.spec.labels, OWNER_LABEL: self._owner, JOB_LABEL: request.job},
            disk=limits.disk,
            gpus=limits.gpu or request.spec.requests.gpu or 0,
        )

    def _has_shell(self, plan: ContainerPlan) -> bool:
        known = self._shells.get(plan.image)
        if known is None:
            known = self._shells[plan.image] = self._try_shell(plan)
        return known

    def _try_shell(self, plan: ContainerPlan) -> bool:
        try:
            container = Container(self._client, plan, ["sh", "-c", "exit 0"])
        except ExecutorUnavailable as error:
            if "executable file not found" in error.message or "no such file" in error.message:
                return False
            raise
        try:
            return container.exit_state()[0] == 0
        finally:
            container.remove()

    def close(self) -> None:
        """Close the connections to the Docker engine, and those of containers to the gateway."""
        self._gateways.close()
        self._docker.close()


def _network(spec: PipelineSpec) -> str:
    """Docker's name of the network that a pipeline's containers are in."""
    if has_network(spec):
        return "default"
    return S3_NETWORK if spec.uses_s3 else "none"


def _check_socket() -> None:
    """Notice at once where there is no Docker; the docker package leaks a socket finding out."""
    host = os.environ.get("DOCKER_HOST") or _DEFAULT_HOST
    path = host.removeprefix("unix://")
    if path != host and not Path(path).exists():
        raise ExecutorUnavailable(f"Docker does not answer: there is no {path}", hint=START_HINT)
