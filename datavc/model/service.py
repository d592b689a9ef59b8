"""Services: programs that run for as long as their input is the newest, and listen on a port."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from datavc.errors import InvalidSpec
from datavc.model.spec_fields import SpecFields

_LOOPBACK = "127.0.0.1"
#: How Pachyderm lets others reach a service; here ``ip`` says it.
_TYPES = ("", "ClusterIP", "NodePort", "LoadBalancer")
#: Ports below are for programs of the system.
_FIRST_PORT, _LAST_PORT = 1024, 65535


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """Where a service listens."""

    #: In its container.
    internal_port: int
    #: On the engine's host.
    external_port: int
    #: The address of the engine's host that it is bound to.
    ip: str = _LOOPBACK

    @property
    def address(self) -> str:
        """Where others find it: host and port."""
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"{host}:{self.external_port}"


def is_standing(spec: Mapping[str, object]) -> bool:
    """Whether the jobs of a pipeline with this spec run until something replaces them."""
    return bool(spec.get("service")) or spec.get("spout") is not None


def parse_service(spec: SpecFields) -> ServiceSpec | None:
    """Read a spec's ``service``; ``None`` when there is none.

    Raises:
        InvalidSpec: a field is missing, malformed or unknown; names its full path.
    """
    if not spec.has("service"):
        return None
    fields = SpecFields(
        spec.get("service"), "service", ("internal_port", "external_port", "ip", "type")
    )
    kind = fields.text("type", "")
    if kind not in _TYPES:
        raise InvalidSpec(
            f"{fields.at('type')} must be ClusterIP, NodePort or LoadBalancer, not {kind!r}",
            hint="leave it out: service.ip says who can reach it",
        )
    ip = fields.text("ip", "") or _LOOPBACK
    try:
        ipaddress.ip_address(ip)
    except ValueError:
        raise InvalidSpec(
            f"{fields.at('ip')} must be an address, not {ip!r}",
            hint="use 127.0.0.1, or 0.0.0.0 to let other hosts in",
        ) from None
    internal = _port(fields, "internal_port", 1)
    return ServiceSpec(internal, _port(fields, "external_port", _FIRST_PORT), ip)


def _port(fields: SpecFields, key: str, first: int) -> int:
    if not fields.has(key):
        raise InvalidSpec(f"{fields.at(key)} is missing")
    port = fields.count(key, first)
    if not first <= port <= _LAST_PORT:
        raise InvalidSpec(f"{fields.at(key)} must be from {first} to {_LAST_PORT}, not {port}")
    return port
