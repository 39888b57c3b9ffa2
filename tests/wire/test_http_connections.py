"""Connections of HTTP that send nothing, or not enough, and more of them than are allowed."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from tests.wire.calls import CALL_S, http_get, well_server
from tests.wire.test_lives import eventually

from served import RunningServer

IDLE_S = 1.5
MAX_CONNECTIONS = 4
HEAD = b"GET /health HTTP/1.1\r\nHost: x\r\n"
HEALTH = HEAD + b"\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    flags = (f"server.max_http_connections={MAX_CONNECTIONS}", f"server.max_http_idle_s={IDLE_S}")
    with well_server(*(f"--set={flag}" for flag in flags)) as running:
        yield running


def connected(server: RunningServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.http_port), timeout=CALL_S)


def rest_of(connection: socket.socket) -> bytes:
    """What comes until the server ends the connection; a reset is an end too."""
    received = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(4096):
            received += part
    return received


def test_a_silent_connection_is_ended(server: RunningServer) -> None:
    started_at = time.monotonic()
    with connected(server) as connection:
        assert rest_of(connection) == b""

    assert IDLE_S / 2 < time.monotonic() - started_at < CALL_S


def test_a_head_that_comes_drop_by_drop_is_not_waited_for(server: RunningServer) -> None:
    started_at = time.monotonic()
    with connected(server) as connection:
        connection.sendall(HEAD + b"X: ")
        with suppress(ConnectionError):
            while time.monotonic() - started_at < CALL_S:
                connection.sendall(b"x")
                time.sleep(0.1)

    assert time.monotonic() - started_at < CALL_S


def test_a_connection_that_says_no_more_is_ended(server: RunningServer) -> None:
    with connected(server) as connection:
        connection.sendall(HEALTH)

        assert rest_of(connection).startswith(b"HTTP/1.1 200 ")


def test_more_connections_than_are_allowed_are_refused_and_the_others_served(
    server: RunningServer,
) -> None:
    with ExitStack() as opened:
        allowed = [opened.enter_context(connected(server)) for _ in range(MAX_CONNECTIONS)]
        with connected(server) as refused:
            assert rest_of(refused).startswith(b"HTTP/1.1 503 ")

        for connection in allowed:
            connection.sendall(HEALTH)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")

    eventually(lambda: http_get(server, "/health")[0] == 200)
