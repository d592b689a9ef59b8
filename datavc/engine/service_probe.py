"""Whether a service listens."""

from __future__ import annotations

import socket

from datavc.model.service import ServiceSpec

_CONNECT_SECONDS = 1.0
#: A program that listens waits for what it is asked; Docker hangs up at once for one that does not.
_HANG_UP_SECONDS = 0.2
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is bound to all is asked at one


def listens(service: ServiceSpec) -> bool:
    """Whether something takes connections at the service's address; asked by one that is empty."""
    host = _ANY.get(service.ip, service.ip)
    try:
        found = socket.create_connection((host, service.external_port), _CONNECT_SECONDS)
    except OSError:
        return False
    with found:
        found.settimeout(_HANG_UP_SECONDS)
        try:
            return bool(found.recv(1))
        except TimeoutError:
            return True
        except OSError:
            return False
