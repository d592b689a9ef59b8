"""Whether a service listens."""

from __future__ import annotations

import socket

from datavc.model.service import ServiceSpec

_CONNECT_SECONDS = 1.0
#: A program that listens waits for what it is asked; Docker hangs up at once for one that does not.
_HANG_UP_SECONDS = 0.2
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is bound to all is asked at one


def listens(service: ServiceSpec) -> bool:
    """Whether something takes connections at the service's address."""
    host = _ANY.get(service.ip, service.ip)
    try:
        with socket.create_connection((host, service.external_port), _CONNECT_SECONDS) as found:
            found.settimeout(_HANG_UP_SECONDS)
            return bool(found.recv(1))
    except TimeoutError:
        return _is_open(host, service.external_port)
    except OSError:
        return False


def _is_open(host: str, port: int) -> bool:
    """What timed out was the answer, and not the connection."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as again:
        again.settimeout(_CONNECT_SECONDS)
        return again.connect_ex((host, port)) == 0
