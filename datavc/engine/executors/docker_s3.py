"""How containers reach the S3 gateway: by a network that leads nowhere else.

Without ``network: true`` a container that uses S3 is in a network of Docker's that has no way out,
and in which containers do not reach each other, but this host. There the engine listens, and passes
on what comes.
"""

from __future__ import annotations

import contextlib
import ipaddress
import threading
from typing import Any
from urllib.parse import urlsplit

from docker import APIClient
from docker.errors import APIError, NotFound

from datavc.engine.executors.docker_errors import docker_errors
from datavc.engine.executors.s3_relay import S3Relay
from datavc.errors import ExecutorUnavailable
from datavc.model.pipeline import PipelineSpec

#: Docker's name of the network; all engines of a host share it.
S3_NETWORK = "datavc-s3"
_DEFAULT_NETWORK = "bridge"
_BETWEEN_CONTAINERS = "com.docker.network.bridge.enable_icc"


def has_network(spec: PipelineSpec) -> bool:
    """Whether the containers of a pipeline may go where they want."""
    return spec.transform.network or spec.service is not None


class ContainerGateways:
    """Where containers find the S3 gateway. Safe to share between threads.

    Args:
        client: the Docker engine.
    """

    def __init__(self, client: APIClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        #: By the address of this host, and the gateway.
        self._relays: dict[tuple[str, str], S3Relay] = {}

    def endpoint(self, gateway: str, *, has_network: bool) -> str:
        """The URL at which a container reaches the gateway, until this is closed.

        Args:
            gateway: the URL at which this process does.
            has_network: whether the container may go where it wants.

        Raises:
            ExecutorUnavailable: it cannot, or Docker does not answer.
        """
        if has_network and not _is_loopback(gateway):
            return gateway
        network = _DEFAULT_NETWORK if has_network else S3_NETWORK
        with self._lock:
            # Looked at each time: a network that nobody is in may have been pruned since.
            place = self._host_address(network), gateway
            if place not in self._relays:
                self._relays[place] = S3Relay(*place)
            return self._relays[place].url

    def close(self) -> None:
        """End all connections. Safe to call more than once."""
        with self._lock:
            relays, self._relays = list(self._relays.values()), {}
        for relay in relays:
            relay.close()

    def _host_address(self, network: str) -> str:
        """This host's own address in a network."""
        with docker_errors(f"use the network {network!r}"):
            found = self._inspect(network)
        for config in found["IPAM"]["Config"] or ():
            if config.get("Gateway"):
                return str(config["Gateway"]).partition("/")[0]
            subnet = ipaddress.ip_network(config["Subnet"])
            return str(subnet.network_address + 1)
        raise ExecutorUnavailable(
            f"Docker's network {network!r} has no address of this host",
            hint="let containers use the network: network: true, and DATAVC_S3_ENDPOINT",
        )

    def _inspect(self, network: str) -> dict[str, Any]:
        with contextlib.suppress(NotFound):
            return dict(self._client.inspect_network(network))
        try:
            self._client.create_network(
                network,
                driver="bridge",
                internal=True,
                options={_BETWEEN_CONTAINERS: "false"},
                labels={"datavc": "s3"},
            )
        except APIError as error:
            # Another engine may have been faster.
            try:
                return dict(self._client.inspect_network(network))
            except NotFound:
                raise error from None
        return dict(self._client.inspect_network(network))


def _is_loopback(gateway: str) -> bool:
    host = urlsplit(gateway).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
