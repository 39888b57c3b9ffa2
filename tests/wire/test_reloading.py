"""Models that change on disk while they are served, taken up by SIGHUP."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.pictures import png
from tests.process.scenarios import children_of
from tests.unit.onnx_models import detector, recogniser, write_model
from tests.wire.test_lives import eventually

from inkstream import Client
from served import RunningServer, running_server

GREEN = np.full((48, 320, 3), (0, 255, 0), np.uint8)
LINES = [png(GREEN)] * 3  # each step is the recogniser's one character
LOADED_S = 240.0  # a limit for a busy machine: a quiet one takes two
FLAGS = (
    *("--engine", "onnxruntime", "--tuning", "off", "--model-workers", "2", "--cpu-workers", "1"),
    *("--set=models.doc_orientation=null", "--set=models.textline_orientation=null"),
)


def put(folder: Path, letter: str) -> None:
    """A recogniser that reads what is green as this letter."""
    (folder / "inference.onnx").write_bytes(recogniser({"character": letter}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_model(tmp_path / "my_det", detector())
    write_model(tmp_path / "my_rec", recogniser({"character": "a"}))
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[RunningServer]:
    detection = f"--set=models.text_detection=det={folder / 'my_det'}"
    recognition = f"--set=models.text_recognition=rec={folder / 'my_rec'}"
    with running_server(*FLAGS, detection, recognition) as running:
        yield running
        assert running.stop() == 0
        assert "Traceback" not in running.log_text()


def letters(client: Client) -> str:
    """What the lines of one answer read as, each once."""
    return "".join(sorted({line.text for line in client.recognize_lines(LINES)}))


def reloads(server: RunningServer, result: str) -> float:
    return server.metric("inkstream_model_reloads_total", result=result)


def fingerprint(client: Client) -> str:
    (model,) = (each for each in client.list_models() if each.name == "rec")
    assert re.fullmatch("[0-9a-f]{64}", model.sha256)
    return model.sha256


def test_changed_models_are_taken_up_under_load_and_bad_ones_are_not(
    server: RunningServer, folder: Path
) -> None:
    seen: list[str] = []
    is_over = threading.Event()

    def call() -> None:
        while not is_over.is_set():
            seen.append(letters(client))

    with Client(server.target, timeout_s=LOADED_S, attempt_count=1) as client:
        first = fingerprint(client)
        workers = set(children_of(server.process.pid))
        callers = [threading.Thread(target=call) for _ in range(3)]
        for caller in callers:
            caller.start()
        try:
            server.process.send_signal(signal.SIGHUP)
            eventually(lambda: reloads(server, "unchanged") == 1, LOADED_S)
            assert set(children_of(server.process.pid)) == workers

            (folder / "my_rec" / "inference.onnx").write_bytes(b"no graph")
            server.process.send_signal(signal.SIGHUP)
            eventually(lambda: reloads(server, "failed") == 1, LOADED_S)
            assert fingerprint(client) == first
            assert "models stay as they are" in server.log_text()

            put(folder / "my_rec", "b")
            server.process.send_signal(signal.SIGHUP)
            eventually(lambda: reloads(server, "changed") == 1, LOADED_S)
            assert fingerprint(client) != first
            assert letters(client) == "b"
            eventually(lambda: len(children_of(server.process.pid)) == len(workers), LOADED_S)
        finally:
            is_over.set()
            for caller in callers:
                caller.join()

    assert len(workers & set(children_of(server.process.pid))) == 1  # the CPU worker's
    assert set(seen) == {"a", "b"}  # and no answer is of both
