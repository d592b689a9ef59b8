"""Handing an event over: by a POST, or at the end of a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import httpx

from datavc.integrations.openlineage.settings import OpenLineageSettings

#: Longest times that a receiver may take to answer, and to be reached, in seconds.
_TIMEOUT = httpx.Timeout(10.0, connect=3.0)
#: Statuses that say that it is the event that is wrong: it would be refused again.
_BAD_EVENT = frozenset({400, 413, 422})


class NotTaken(Exception):
    """An event was not taken.

    Args:
        reason: why.
        is_final: whether it would not be taken another time either.
    """

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final


class Transport(Protocol):
    """Takes events, one after another."""

    def send(self, event: bytes) -> None:
        """Hand over one event, as JSON.

        Raises:
            NotTaken: it was not taken.
        """

    def close(self) -> None:
        """Let go of connections."""


def open_transport(settings: OpenLineageSettings) -> Transport:
    """The transport that the settings name."""
    if settings.file is not None:
        return FileTransport(settings.file)
    return HttpTransport(settings.url, settings.api_key)


class HttpTransport:
    """Posts events.

    Args:
        url: where to.
        api_key: shown as a bearer token, unless it is empty.
    """

    def __init__(self, url: str, api_key: str) -> None:
        self._url = url
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(timeout=_TIMEOUT, headers=headers)

    def send(self, event: bytes) -> None:
        """Post one event."""
        try:
            response = self._client.post(
                self._url, content=event, headers={"Content-Type": "application/json"}
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotTaken(f"it cannot be reached: {error or type(error).__name__}") from None
        if not response.is_success:
            status = response.status_code
            raise NotTaken(f"it answers with status {status}", is_final=status in _BAD_EVENT)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


class FileTransport:
    """Appends events to a file, a line each.

    Args:
        path: the file; made when missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, event: bytes) -> None:
        """Append one event, and make it durable."""
        try:
            # In one write: several processes may append to one file.
            number = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(number, event + b"\n")
                os.fsync(number)
            finally:
                os.close(number)
        except OSError as error:
            raise NotTaken(f"{self._path} cannot be written: {error.strerror}") from None

    def close(self) -> None:
        """Nothing is open."""
