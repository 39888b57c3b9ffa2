"""Starts a server as its users run it: a process of its own, reached over real sockets."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

WITHOUT_ORIENTATION: Final = ("--set", "models.doc_orientation=null")
"""For comparisons with what does not look which side of a page is up."""

START_S: Final = 300.0  # a second or two, where nobody else computes
STOP_S: Final = 60.0
_LISTENING: Final = re.compile(r"listening: gRPC on port (\d+), HTTP on port (\d+)")
_SERVING: Final = "serving, "
_WORKER: Final = re.compile(r"(\w+ worker \d+) is (?:ready|back) \(pid (\d+)\)")
_ANSWER_S: Final = 30.0
_IN_FLIGHT: Final = "inkstream_pages_in_flight"
_IDLE_LIMIT_S: Final = 120.0
_LOOK_AGAIN_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class RunningServer:
    """`inkstream serve`, warm unless asked otherwise."""

    process: subprocess.Popen[bytes]
    target: str
    http_port: int
    log: Path

    def stop(self) -> int:
        """Ask it to end, as a service manager does; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_S)

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def worker_names(self) -> dict[int, str]:
        """Which slot each worker process has, or had, by its process id."""
        return {int(pid): name for name, pid in _WORKER.findall(self.log_text())}

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels; 0 where it has none yet."""
        url = f"http://127.0.0.1:{self.http_port}/metrics"
        with urllib.request.urlopen(url, timeout=_ANSWER_S) as response:
            families = text_string_to_metric_families(response.read().decode())
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


@contextmanager
def running_server(*flags: str, until_serving: bool = True) -> Iterator[RunningServer]:
    """A server on free ports, gone afterwards whatever happens.

    Nobody is told beforehand that it stops: who uses it here knows.
    """
    command = [str(Path(sys.executable).with_name("inkstream")), "serve"]
    ports = ["--host", "127.0.0.1", "--port", "0", "--http-port", "0"]
    ports.append("--set=server.drain_announce_s=0")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        with log.open("wb") as output:
            process = subprocess.Popen([*command, *ports, *flags], stderr=output)
        try:
            grpc_port, http_port = _ports(process, log, until_serving=until_serving)
            yield RunningServer(process, f"127.0.0.1:{grpc_port}", http_port, log)
        finally:
            process.kill()
            process.wait()


def _ports(process: subprocess.Popen[bytes], log: Path, *, until_serving: bool) -> tuple[int, int]:
    give_up_at = time.monotonic() + START_S
    while time.monotonic() < give_up_at and process.poll() is None:
        text = log.read_text(encoding="utf-8")
        listening = _LISTENING.search(text)
        if listening and (_SERVING in text or not until_serving):
            return int(listening[1]), int(listening[2])
        time.sleep(0.02)
    raise AssertionError(f"the server does not serve:\n{log.read_text(encoding='utf-8')}")


async def until_idle(server: RunningServer) -> None:
    """Wait until no page is being read, also none that nobody waits for any more."""
    async with asyncio.timeout(_IDLE_LIMIT_S):
        while await asyncio.to_thread(server.metric, _IN_FLIGHT):  # noqa: ASYNC110 - another process
            await asyncio.sleep(_LOOK_AGAIN_S)
