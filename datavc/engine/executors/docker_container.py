"""One container: made with safe defaults, attached to, talked to, killed and removed."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from docker import APIClient
from docker.errors import APIError, DockerException, NotFound
from docker.types import DeviceRequest, LogConfig
from requests.exceptions import RequestException

from datavc.engine.datum_log import LogStream
from datavc.engine.executors.docker_errors import docker_errors
from datavc.errors import ExecutorUnavailable
from datavc.model.service import ServiceSpec

#: Label that names the engine process a container belongs to.
OWNER_LABEL = "datavc.owner"
JOB_LABEL = "datavc.job"
#: Processes and threads that a container may have at once.
PIDS_LIMIT = 4096
_TMPFS = "rw,nosuid,nodev,exec,mode=1777"
_FRAME = struct.Struct(">BxxxI")
_READ_SIZE = 262144
_STREAMS = {1: LogStream.STDOUT, 2: LogStream.STDERR}


@dataclass(frozen=True, slots=True)
class ContainerPlan:
    """What a container is made from."""

    image: str
    #: Host folders for ``/pfs`` (read-only) and ``/pfs/out``.
    inputs: Path
    output: Path
    env: Mapping[str, str] = field(repr=False)
    user: str | None
    working_dir: str | None
    #: Docker's name of its network, or ``none``.
    network: str
    #: Bytes, and processors as a fraction.
    memory: int
    cpu: float | None
    labels: Mapping[str, str]
    #: Bytes that ``/tmp`` may hold; ``None`` for as much as there is memory.
    disk: int | None = None
    gpus: int = 0
    #: Which ones, by their numbers; any where it is empty.
    gpu_ids: tuple[int, ...] = ()
    #: Where it is reached from outside; that needs a network.
    service: ServiceSpec | None = None
    #: Host folders with secrets, and where each is seen.
    secrets: Mapping[Path, str] = field(default_factory=dict)


class Container:
    """A running container with its standard streams attached.

    Args:
        client: the Docker engine.
        plan: what to make.
        command: the program to be started, in place of the image's own.
        env: variables beside those of the plan.

    Raises:
        ExecutorUnavailable: it cannot be made or started.
    """

    def __init__(
        self,
        client: APIClient,
        plan: ContainerPlan,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._client = client
        self._buffer = bytearray()
        with docker_errors("make a container"):
            self.id = _create(client, plan, command, {**plan.env, **(env or {})})
        try:
            with docker_errors("start a container"):
                self._stream = client.attach_socket(
                    self.id, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
                )
                client.start(self.id)
        except BaseException as error:
            self.remove()
            if isinstance(error, ExecutorUnavailable) and "device driver" in error.message:
                raise ExecutorUnavailable(
                    f"Docker has no graphics processor for containers here, and {plan.gpus} wanted",
                    hint="install the NVIDIA container toolkit, or leave out resource_limits.gpu",
                ) from error
            raise
        # The package hands out a read-only file around the socket that it also wants written to.
        self._socket: socket.socket = getattr(self._stream, "_sock", self._stream)

    def send(self, data: bytes) -> None:
        """Write to the program's standard input."""
        self._socket.settimeout(None)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(data)

    def end_input(self) -> None:
        """End the program's standard input."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def output(self, deadline: float | None) -> Iterator[tuple[LogStream, bytes]]:
        """Pieces of what is printed, until the container ends.

        Raises:
            TimeoutError: ``time.monotonic()`` has reached *deadline*.
        """
        while True:
            while len(self._buffer) >= _FRAME.size:
                kind, length = _FRAME.unpack_from(self._buffer)
                end = _FRAME.size + length
                if len(self._buffer) < end:
                    break
                data = bytes(self._buffer[_FRAME.size : end])
                del self._buffer[:end]
                yield _STREAMS.get(kind, LogStream.STDOUT), data
            remaining = None if deadline is None else deadline - time.monotonic()
            if remaining is not None and remaining <= 0:
                raise TimeoutError
            self._socket.settimeout(remaining)
            try:
                data = self._socket.recv(_READ_SIZE)
            except ConnectionResetError:
                return
            if not data:
                return
            self._buffer += data

    def exit_state(self) -> tuple[int, bool, str]:
        """Exit code, whether the kernel ended it for want of memory, and the engine's own error."""
        with docker_errors("inspect a container"):
            self._client.wait(self.id, timeout=10)
            state = self._client.inspect_container(self.id)["State"]
        return int(state["ExitCode"]), bool(state["OOMKilled"]), str(state.get("Error") or "")

    def remove(self) -> None:
        """Kill and remove it; no error when it is gone, or the Docker engine is."""
        with contextlib.suppress(APIError, DockerException, RequestException, OSError):
            self._client.remove_container(self.id, force=True)
        # Three owners share one descriptor, which closes with the last of them.
        stream = getattr(self, "_stream", None)
        for part in (getattr(stream, "_response", None), stream, getattr(stream, "_sock", None)):
            if part is not None:
                with contextlib.suppress(OSError):
                    part.close()

    def kill(self) -> None:
        """Kill it, from any thread; who reads its output sees the end of it."""
        with contextlib.suppress(NotFound, APIError, RequestException, OSError):
            self._client.kill(self.id)


def _gpus(plan: ContainerPlan) -> list[DeviceRequest] | None:
    if plan.gpu_ids:
        ids = [str(number) for number in plan.gpu_ids]
        return [DeviceRequest(device_ids=ids, capabilities=[["gpu"]])]
    return [DeviceRequest(count=plan.gpus, capabilities=[["gpu"]])] if plan.gpus else None


def _create(
    client: APIClient, plan: ContainerPlan, command: Sequence[str], env: Mapping[str, str]
) -> str:
    binds: dict[str, Mapping[str, str]] = {
        str(plan.inputs): {"bind": "/pfs", "mode": "ro"},
        str(plan.output): {"bind": "/pfs/out", "mode": "rw"},
    }
    binds |= {str(folder): {"bind": path, "mode": "ro"} for folder, path in plan.secrets.items()}
    host = client.create_host_config(
        binds=binds,
        cap_drop=["ALL"],
        log_config=LogConfig(type="none"),
        mem_limit=plan.memory,
        memswap_limit=plan.memory,
        nano_cpus=None if plan.cpu is None else int(plan.cpu * 1e9),
        network_mode=plan.network,
        port_bindings=None
        if plan.service is None
        else {plan.service.internal_port: (plan.service.ip, plan.service.external_port)},
        pids_limit=PIDS_LIMIT,
        read_only=True,
        security_opt=["no-new-privileges"],
        tmpfs={"/tmp": _TMPFS if plan.disk is None else f"{_TMPFS},size={plan.disk}"},  # noqa: S108
        device_requests=_gpus(plan),
    )
    made = client.create_container(
        plan.image,
        entrypoint=[command[0]],
        command=list(command[1:]),
        environment=dict(env),
        host_config=host,
        labels=dict(plan.labels),
        ports=None if plan.service is None else [plan.service.internal_port],
        stdin_open=True,
        user=plan.user,
        working_dir=plan.working_dir,
    )
    return str(made["Id"])
