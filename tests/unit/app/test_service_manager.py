from __future__ import annotations

import logging
import secrets
import socket
from pathlib import Path

import pytest

from inkstream_server.app.service_manager import tell_ready


@pytest.mark.parametrize("kind", ["a file", "an abstract name"])
def test_a_service_manager_is_told_when_the_server_is_ready(kind: str, tmp_path: Path) -> None:
    name = f"@{secrets.token_hex(8)}" if kind == "an abstract name" else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0"))

        tell_ready({"NOTIFY_SOCKET": name})

        assert manager.recv(1024).splitlines()[0] == b"READY=1"


def test_who_started_it_without_asking_is_told_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        tell_ready({})
        tell_ready({"NOTIFY_SOCKET": ""})

    assert not caplog.records


def test_a_manager_that_is_gone_stops_no_server(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        tell_ready({"NOTIFY_SOCKET": str(tmp_path / "gone")})

    assert "cannot be told" in caplog.text
