"""The relay passes on what comes, both ways, and tells when it cannot listen."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from datavc.engine.executors.s3_relay import S3Relay
from datavc.errors import ExecutorUnavailable


@pytest.fixture
def echo() -> Iterator[str]:
    """A server that sends back all that it got, once no more comes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    got = b""
                    while data := connection.recv(65536):
                        got += data
                    connection.sendall(got)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def ask(url: str, data: bytes) -> bytes:
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        got = b""
        while piece := connection.recv(65536):
            got += piece
        return got


def test_all_that_comes_is_passed_on_both_ways(echo: str) -> None:
    relay = S3Relay("127.0.0.1", echo)
    try:
        assert relay.url != echo
        data = bytes(range(256)) * 20_000
        assert ask(relay.url, data) == data
        assert ask(relay.url, b"again") == b"again"
    finally:
        relay.close()
    relay.close()
    with pytest.raises(OSError, match="refused"):
        ask(relay.url, b"x")


def test_open_connections_end_with_it(echo: str) -> None:
    relay = S3Relay("127.0.0.1", echo)
    host, _, port = relay.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"x")
        relay.close()
        assert connection.recv(1) == b""


def test_a_gateway_that_is_away_ends_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    relay = S3Relay("127.0.0.1", f"http://127.0.0.1:{port}")
    try:
        assert ask(relay.url, b"") == b""
    finally:
        relay.close()


def test_an_address_of_another_host_says_what_to_do() -> None:
    with pytest.raises(ExecutorUnavailable, match="this host has no address") as refused:
        S3Relay("192.0.2.1", "http://127.0.0.1:1")
    assert "DATAVC_S3_ENDPOINT" in refused.value.hint
