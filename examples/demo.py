"""Starts a server, reads the sample document with it over a real socket, and stops it again.

    python examples/demo.py [FLAG OF `inkstream serve` ...]

What it makes lies in `build/demo`: the sample and the server's log. The exit status is 0 only where
every page was read and the server stopped cleanly.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from inkstream import Client, Document, InkstreamError, Page

FOLDER: Final = Path(__file__).resolve().parents[1] / "build/demo"
SAMPLE: Final = FOLDER / "sample.pdf"
LOG: Final = FOLDER / "server.log"
START_S: Final = 180.0  # models load, and a first start may compile them
STOP_S: Final = 60.0
READ_S: Final = 600.0
START_ATTEMPT_COUNT: Final = 3


class DemoFailed(Exception):
    """Something is not as it should be; the message says what."""


@dataclass(frozen=True, slots=True)
class Server:
    process: subprocess.Popen[bytes]
    target: str


def main(serve_flags: Sequence[str]) -> int:
    signal.signal(signal.SIGTERM, _leave)
    FOLDER.mkdir(parents=True, exist_ok=True)
    LOG.unlink(missing_ok=True)
    try:
        make_sample()
        with running_server(serve_flags) as server, Client(server.target) as client:
            show_models(client)
            read_sample(client)
    except (DemoFailed, InkstreamError) as failure:
        sys.stderr.write(f"\n{_end_of_log()}\ndemo: {failure}\ndemo: the whole log is in {LOG}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def make_sample() -> None:
    script = Path(__file__).with_name("make_sample.py")
    if subprocess.run([sys.executable, script, SAMPLE], check=False).returncode != 0:
        raise DemoFailed("the sample could not be made")


@contextmanager
def running_server(serve_flags: Sequence[str]) -> Iterator[Server]:
    """A server that takes requests; afterwards it must end with the status 0 when told to."""
    server = start_server(serve_flags)
    try:
        yield server
        stop_server(server)
    finally:
        _kill(server.process)


def start_server(serve_flags: Sequence[str]) -> Server:
    """Tries again where someone else took the port between our asking for it and the start."""
    began_at = time.monotonic()
    for _ in range(START_ATTEMPT_COUNT):
        port = _free_port()
        server = Server(_spawn(port, serve_flags), f"127.0.0.1:{port}")
        try:
            has_started = _wait_until_serving(server)
        except BaseException:  # Ctrl-C too: nothing may stay behind
            _kill(server.process)
            raise
        if has_started:
            say(f"The server is up at {server.target} after {time.monotonic() - began_at:.1f} s.")
            return server
        if _is_free(port):
            break
    raise DemoFailed(f"the server ended with status {server.process.returncode} while starting")


def stop_server(server: Server) -> None:
    server.process.send_signal(signal.SIGTERM)
    try:
        status = server.process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        raise DemoFailed(f"the server still runs {STOP_S:.0f} s after SIGTERM") from None
    if status != 0:
        raise DemoFailed(f"the server ended with status {status} after SIGTERM")
    say("The server stopped cleanly.")


def show_models(client: Client) -> None:
    for model in client.list_models(timeout_s=10.0):
        runs_on = f"{model.engine} on {model.device}, {model.precision}"
        say(f"  {model.module}: {model.name} ({runs_on})")


def read_sample(client: Client) -> None:
    began_at = time.monotonic()
    first_page_s = 0.0
    pages: list[Page] = []
    document = client.recognize_document(SAMPLE, order="completion", timeout_s=READ_S)
    for page in document:
        first_page_s = first_page_s or time.monotonic() - began_at
        pages.append(page)
        show_page(page)
    show_summary(pages, first_page_s, time.monotonic() - began_at)
    check_pages(document, pages)


def show_page(page: Page) -> None:
    say(f"\n--- page {page.page_number}: {len(page.lines)} lines, {page.timing.total_s:.2f} s ---")
    say(page.text if page.error is None else f"FAILED: {page.error.reason}: {page.error.message}")


def show_summary(pages: Sequence[Page], first_page_s: float, elapsed_s: float) -> None:
    line_count = sum(len(page.lines) for page in pages)
    weighted = sum(page.timing.mean_batch_size * len(page.lines) for page in pages)
    say("\n--- summary ---")
    say(f"pages                    {len(pages)}")
    say(f"lines                    {line_count}")
    say(f"time to the first page   {first_page_s:.2f} s")
    say(f"time for all             {elapsed_s:.2f} s")
    say(f"pages per second         {len(pages) / elapsed_s:.2f}")
    say(f"mean recognition batch   {weighted / max(line_count, 1):.2f} lines")


def check_pages(document: Document, pages: Sequence[Page]) -> None:
    failed = [page.page_number for page in pages if page.error is not None or not page.lines]
    if failed:
        raise DemoFailed(f"no text from page {', '.join(map(str, sorted(failed)))}")
    if document.start is None or document.end is None:
        raise DemoFailed("the server left out the document's start or end")
    numbers = sorted(page.page_number for page in pages)
    if numbers != list(range(1, document.start.page_count + 1)):
        raise DemoFailed(f"of {document.start.page_count} pages these came: {numbers}")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _spawn(port: int, serve_flags: Sequence[str]) -> subprocess.Popen[bytes]:
    scripts = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    program = shutil.which("inkstream", path=scripts)
    if program is None:
        raise DemoFailed("the command inkstream is not installed; run `make setup`")
    command = [program, "serve", "--host", "127.0.0.1", "--port", str(port), "--http-port", "0"]
    command += ["--tuning", "off"]  # for one document its measurement would take the longest
    with LOG.open("wb") as log:
        # A group of its own: Ctrl-C reaches the demo alone, which then stops the server, and
        # the last resort reaches the server's workers too.
        return subprocess.Popen(
            [*command, *serve_flags], stdout=log, stderr=subprocess.STDOUT, process_group=0
        )


def _wait_until_serving(server: Server) -> bool:
    """False where the process ended first."""
    give_up_at = time.monotonic() + START_S
    # Without it gRPC waits longer and longer between its looks at a port that does not listen yet.
    options = [("grpc.initial_reconnect_backoff_ms", 200), ("grpc.max_reconnect_backoff_ms", 200)]
    with grpc.insecure_channel(server.target, options) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        while server.process.poll() is None:
            if time.monotonic() > give_up_at:
                raise DemoFailed(f"the server is not ready after {START_S:.0f} s")
            if _is_serving(stub):
                return True
            time.sleep(0.1)
    return False


def _is_serving(stub: health_pb2_grpc.HealthStub) -> bool:
    try:
        answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=5.0)
    except grpc.RpcError:
        return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Asks a server that still runs to stop, then makes it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_S)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _end_of_log() -> str:
    lines = LOG.read_text(errors="replace").splitlines() if LOG.exists() else []
    return "\n".join(lines[-40:])


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)  # an exception, so that the server is stopped on the way out


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
