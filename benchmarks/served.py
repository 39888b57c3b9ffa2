"""Starts a real server for a benchmark and stops it again."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

START_S: Final = 180.0
SERVING: Final = re.compile(r"serving, [\d.]+ s after the start")
PORT: Final = re.compile(r"gRPC on port (\d+)")


@contextmanager
def served(flags: Sequence[str]) -> Iterator[str]:
    """The target of a server that is warm; it must end with status 0 afterwards."""
    with TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        command = [str(Path(sys.executable).with_name("inkstream")), "serve"]
        ports = ["--host", "127.0.0.1", "--port", "0", "--http-port", "0"]
        with log.open("wb") as output:
            server = subprocess.Popen([*command, *ports, *flags], stderr=output)
        try:
            yield f"127.0.0.1:{_port(server, log)}"
            server.send_signal(signal.SIGTERM)
            if server.wait(60) != 0:
                raise SystemExit(f"the server ended with status {server.returncode}")
        finally:
            server.kill()
            server.wait()


def _port(server: subprocess.Popen[bytes], log: Path) -> int:
    give_up_at = time.monotonic() + START_S
    while time.monotonic() < give_up_at and server.poll() is None:
        text = log.read_text(encoding="utf-8")
        if SERVING.search(text) and (port := PORT.search(text)):
            return int(port[1])
        time.sleep(0.05)
    raise SystemExit(f"the server does not serve:\n{log.read_text(encoding='utf-8')}")
