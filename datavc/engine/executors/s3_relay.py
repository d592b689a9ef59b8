"""Passing connections of containers on to the S3 gateway, which they could not reach otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

from datavc.errors import ExecutorUnavailable

_PIECE = 256 * 1024
#: Seconds between two looks at whether all connections have ended.
_LOOK = 0.1
_PORTS = {"http": 80, "https": 443}


class S3Relay:
    """Listens at one address of this host until closed; understands nothing of what it passes on.

    Args:
        host: the address, which containers reach.
        gateway: the gateway's URL.

    Raises:
        ExecutorUnavailable: this host has no such address.
    """

    def __init__(self, host: str, gateway: str) -> None:
        url = urlsplit(gateway)
        self._host = url.hostname or ""
        self._port = url.port or _PORTS[url.scheme]
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        self._loop = asyncio.new_event_loop()
        self._connections: set[asyncio.Task[None]] = set()
        try:
            self._server = self._loop.run_until_complete(asyncio.start_server(self._pass, host, 0))
        except OSError as error:
            self._loop.close()
            raise ExecutorUnavailable(
                f"containers cannot be let through to the S3 gateway: this host has no address "
                f"{host} of Docker's ({error.strerror})",
                hint="run the engine on Docker's own host, outside of a container; or set "
                "network: true in the spec, and DATAVC_S3_ENDPOINT to where containers reach it",
            ) from None
        port = self._server.sockets[0].getsockname()[1]
        #: What containers are told.
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._thread = threading.Thread(target=self._work, name="datavc-s3-relay", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End all connections. Safe to call more than once."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _work(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._end())
            self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        # A connection that is just being accepted is among the tasks, and comes to be one of these.
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in self._connections:
                task.cancel()
            await asyncio.wait(others, timeout=_LOOK)
        # What is given up is closed once the loop has come round.
        await asyncio.sleep(0)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        # Whoever is cut off tries again, or tells of it: that is the client's matter.
        with contextlib.suppress(OSError), _closing(writer):
            there_reader, there = await asyncio.open_connection(
                self._host, self._port, ssl=self._tls
            )
            with _closing(there):
                await asyncio.gather(_copy(reader, there), _copy(there_reader, writer))


@contextlib.contextmanager
def _closing(writer: asyncio.StreamWriter) -> Iterator[None]:
    """Close a connection at the end, once all that was written is sent; at once if cancelled."""
    try:
        yield
    except asyncio.CancelledError:
        writer.transport.abort()
        raise
    finally:
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on all that comes, and then that no more does."""
    while data := await reader.read(_PIECE):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:
        writer.close()
