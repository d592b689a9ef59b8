"""What breaks while clients work: everything, one after the other, and comes back."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.load.stack import LoadedServer, Stack

#: Seconds for which it stays away.
_AWAY = 0.5


class Outage(NamedTuple):
    """Something was away."""

    what: str
    #: Seconds since the start of the run.
    begun: float
    #: Until it was back.
    seconds: float


class Faults:
    """Kills by turns a server, PostgreSQL, the other server, the S3 server, and starts each again.

    Args:
        stack: whose processes are killed.
        begin: when the run has begun, by the monotonic clock.
        until: when nothing is killed any more.
        every: seconds from one return to the next kill.
        count: kill so often, however long that takes, rather than until a time.
    """

    def __init__(
        self, stack: Stack, begin: float, until: float, every: float, count: int | None = None
    ) -> None:
        self._stack = stack
        self._begin = begin
        self._until = until
        self._every = every
        self._count = count
        self.outages: list[Outage] = []
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="faults")
        self._thread.start()

    def wait(self) -> None:
        """Wait until nothing is away any more.

        Raises:
            AssertionError: something did not come back.
        """
        self._thread.join()
        if self._failure is not None:
            raise AssertionError("something did not come back") from self._failure

    def _work(self) -> None:
        first, second = self._stack.servers
        turns = [
            _server(first),
            ("PostgreSQL", self._restart_postgres),
            _server(second),
            ("S3 server", self._restart_s3),
        ]
        try:
            for what, restart in itertools.islice(itertools.cycle(turns), self._count):
                if self._count is None and time.monotonic() + self._every > self._until:
                    return
                time.sleep(self._every)
                begun = time.monotonic()
                restart()
                self.outages.append(Outage(what, begun - self._begin, time.monotonic() - begun))
        except BaseException as error:
            self._failure = error

    def _restart_postgres(self) -> None:
        self._stack.postgres.stop()
        time.sleep(_AWAY)
        self._stack.postgres.start()

    def _restart_s3(self) -> None:
        self._stack.s3.stop()
        time.sleep(_AWAY)
        self._stack.s3.start()


def _server(server: LoadedServer) -> tuple[str, Callable[[], None]]:
    def restart() -> None:
        server.stop()
        time.sleep(_AWAY)
        server.start()

    return server.name, restart
