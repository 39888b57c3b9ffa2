"""Real pulls by the real command: killed and started again, two at once, on a terminal."""

from __future__ import annotations

import json
import os
import pty
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.archive_server import ArchiveServer, archive_server, stalled, whole
from tests.official_archives import archive_of

from inkstream_server.models.catalogue import CATALOGUE
from inkstream_server.models.store import ModelStore
from inkstream_server.models.verify import verify

NAME = "PP-OCRv3_mobile_det"
FILE = f"{NAME}_infer.tar"
MIB = 1 << 20
ARCHIVE = archive_of(CATALOGUE.entry(NAME), weights=random.Random(1).randbytes(20 * MIB))
LIMIT_S = 60.0


@pytest.fixture
def server() -> Iterator[ArchiveServer]:
    with archive_server() as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


@contextmanager
def pulling(
    server: ArchiveServer, store: ModelStore, *options: str, stderr: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """`inkstream models pull`, killed at the end of the block if it still runs."""
    command = [sys.executable, "-c", "from inkstream_server.cli.main import main; exit(main())"]
    command += ["models", "pull", NAME, "--models-dir", str(store.root)]
    command += ["--base-url", server.url, *options]
    environ = {**os.environ, "no_proxy": "127.0.0.1", "TERM": "xterm"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=environ
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < give_up_at, "in vain"
        time.sleep(0.01)


def partial_bytes(store: ModelStore) -> int:
    return sum(path.stat().st_size for path in store.partials.glob("*.part"))


def test_a_killed_pull_installs_nothing_and_the_next_goes_on_where_it_was(
    server: ArchiveServer, store: ModelStore
) -> None:
    server.serve(FILE, stalled(ARCHIVE, 12 * MIB), whole(ARCHIVE))

    with pulling(server, store):
        until(lambda: partial_bytes(store) > 11 * MIB)

    assert store.names() == ()
    with pulling(server, store) as second:
        assert second.wait(LIMIT_S) == 0
    assert verify(store, NAME) == []
    assert [path.name for path in store.root.iterdir() if path.name[0] != "."] == [NAME]
    assert list(store.partials.iterdir()) == []
    (first_range, second_range) = server.ranges
    assert first_range is None and second_range is not None
    start = int(second_range.removeprefix("bytes=").removesuffix("-"))
    assert 8 * MIB <= start <= 12 * MIB  # what was on the disk for certain


def test_a_second_pull_waits_and_takes_over_when_the_first_is_killed(
    server: ArchiveServer, store: ModelStore
) -> None:
    server.serve(FILE, stalled(ARCHIVE, 12 * MIB), whole(ARCHIVE))

    with pulling(server, store) as first:
        until(lambda: partial_bytes(store) > 11 * MIB)
        with pulling(server, store) as second:
            assert second.stdout is not None
            assert second.stdout.readline() == "waiting for another pull\n"
            assert len(server.requests) == 1
            first.kill()
            assert second.wait(LIMIT_S) == 0

    assert verify(store, NAME) == []
    assert len(server.requests) == 2


def test_a_killed_pull_spares_the_model_that_was_there(
    server: ArchiveServer, store: ModelStore
) -> None:
    server.serve(FILE, whole(ARCHIVE), stalled(ARCHIVE, 12 * MIB))
    with pulling(server, store) as first:
        assert first.wait(LIMIT_S) == 0
    (store.directory(NAME) / "inference.json").write_bytes(b"damaged")

    with pulling(server, store):
        until(lambda: partial_bytes(store) > 11 * MIB)

    assert (store.directory(NAME) / "inference.json").read_bytes() == b"damaged"
    assert (store.directory(NAME) / "inference.pdiparams").stat().st_size == 20 * MIB


def test_a_terminal_sees_a_bar_and_a_pipe_nothing_but_json(
    server: ArchiveServer, store: ModelStore
) -> None:
    server.serve(FILE, whole(ARCHIVE))
    terminal, theirs = pty.openpty()

    with pulling(server, store, "--json", stderr=theirs) as process:
        os.close(theirs)
        shown = b"".join(iter(lambda: read_terminal(terminal), b"")).decode()
        assert process.stdout is not None
        (told,) = json.loads(process.stdout.read())
        assert process.wait(LIMIT_S) == 0
    os.close(terminal)

    assert told["name"] == NAME and told["is_new"] is True
    assert "21.0 MB" in shown and "trusted on first use" in shown


def read_terminal(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux: the other end is closed
        return b""
