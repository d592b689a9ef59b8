"""Free ports on the loopback address."""

from __future__ import annotations

import contextlib
import random
import socket

#: Where no system takes ports from for those who do not care which: nobody gets one by chance
#: between its choice and its use.
_FIRST, _LAST = 10_000, 22_000


def free_ports(count: int) -> list[int]:
    """*count* different TCP ports that nothing listens on.

    Each has a free one 10,000 above it, which some servers take for gRPC.
    """
    with contextlib.ExitStack() as stack:
        ports: list[int] = []
        while len(ports) < count:
            port = random.SystemRandom().randrange(_FIRST, _LAST)
            pair = [stack.enter_context(socket.socket()) for _ in range(2)]
            try:
                pair[0].bind(("127.0.0.1", port))
                pair[1].bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            ports.append(port)
        return ports
