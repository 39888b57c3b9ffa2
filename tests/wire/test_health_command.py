"""`inkstream health`, and what a service manager is told, with real servers."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.wire.calls import CALL_S, http_get, metric, stubs_of, well_server
from tests.wire.test_lives import FAKE, IMAGE, IN_FLIGHT, eventually, paused_workers

from served import RunningServer, running_server

INKSTREAM = str(Path(sys.executable).with_name("inkstream"))
ALL_NAMES = ("", "liveness", "inkstream.v1.OcrService", "inkstream.v1.ModelService")


def ask(target: str, *flags: str) -> tuple[int, str]:
    command = [INKSTREAM, "health", "--server", target, "--timeout", "20", *flags]
    result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60.0)
    return result.returncode, result.stdout.strip()


@contextmanager
def draining_server() -> Iterator[RunningServer]:
    """One that was told to stop while a call is in flight whose workers stand still.

    Who is away from then on has connected before, or asks while it is announced.
    """
    flags = (*FAKE, "--set=workers.heartbeat_timeout_s=.inf", "--set=server.drain_announce_s=10")
    with (
        running_server(*flags) as server,
        stubs_of(server) as stubs,
        ThreadPoolExecutor() as other,
    ):
        with paused_workers(server):
            call = other.submit(stubs.read, IMAGE)
            eventually(lambda: metric(server, IN_FLIGHT) > 0)
            server.process.send_signal(signal.SIGTERM)
            eventually(lambda: http_get(server, "/health")[0] == 503)
            yield server
        assert call.result(CALL_S).lines


@pytest.mark.parametrize("service", ALL_NAMES)
def test_a_server_that_serves_is_well_by_every_name(server: RunningServer, service: str) -> None:
    assert ask(server.target, "--service", service) == (0, "SERVING")


def test_a_name_that_no_server_has_is_a_failure(server: RunningServer) -> None:
    status, told = ask(server.target, "--service", "inkstream.v9.OcrService")

    assert (status, told.partition(":")[0]) == (1, "NOT_FOUND")


def test_where_no_server_listens_the_status_says_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))

        status, told = ask(f"127.0.0.1:{taken.getsockname()[1]}")

    assert (status, told.partition(":")[0]) == (1, "UNAVAILABLE")


def test_a_server_that_drains_lives_but_does_not_serve() -> None:
    with draining_server() as server:
        lives = ask(server.target, "--service", "liveness")
        serves = ask(server.target)
        by_http = [http_get(server, f"/health{query}")[0] for query in ("?service=liveness", "")]

    assert (lives, serves) == ((0, "SERVING"), (1, "NOT_SERVING"))
    assert by_http == [200, 503]


def test_a_command_that_waits_returns_once_the_server_serves() -> None:
    with running_server(*FAKE, until_serving=False) as starting:
        assert ask(starting.target, "--wait", "60") == (0, "SERVING")
        assert "serving, " in starting.log_text()


def test_a_service_manager_is_told_when_calls_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))

        with well_server() as server:
            manager.settimeout(10.0)
            told = manager.recv(1024)

            assert told.splitlines()[0] == b"READY=1"
            assert ask(server.target) == (0, "SERVING")
