"""Measurements by real workers: how many, what of them remains, and what a failure leaves."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.process.roles import REPOSITORY
from tests.process.scenarios import children_of, is_alive, run_scenario, until

from inkstream_server.app.measuring import MeasuringFailed, Survey, Team, measure
from inkstream_server.app.plan import ServerPlan
from inkstream_server.app.starting import NotStarted
from inkstream_server.app.tuning import Tuner
from inkstream_server.config import InferenceConfig, ServerConfig, Tuning
from inkstream_server.engines.engine import EngineSettings, Outputs, Precision, Predictor
from inkstream_server.engines.fake import FakeEngine
from inkstream_server.errors import ModelMissing
from inkstream_server.models.files import ModelFiles, Module
from inkstream_server.workers.model_tasks import ModelToLoad
from inkstream_server.workers.plan import WorkerPlan

DELAY_S = 0.02
ONE_WORKER = WorkerPlan(2, 1, 1, 1)
TWO_WORKERS = WorkerPlan(2, 2, 1, 1)


@dataclass(frozen=True, slots=True)
class FickleEngine:
    """The fake engine, but that something happens to batches of more than two items."""

    what: str
    name: str = "fickle"
    compiles_shapes: bool = False

    def version(self) -> str:
        return "1"

    def obstacle(self, model: object, device: object) -> str | None:
        return None

    def load(self, model: ModelFiles, settings: EngineSettings) -> Predictor:
        if self.what == "missing":
            raise ModelMissing("no such model")
        return _FicklePredictor(FakeEngine(DELAY_S).load(model, settings), self.what)


class _FicklePredictor:
    def __init__(self, predictor: Predictor, what: str) -> None:
        self._predictor = predictor
        self._what = what

    @property
    def precision(self) -> Precision:
        return Precision.FP32

    def run(self, inputs: NDArray[np.float32]) -> Outputs:
        if len(inputs) > 2 or self._what == "refuses all":
            if self._what == "dies":
                os.kill(os.getpid(), signal.SIGKILL)
            raise MemoryError(len(inputs))
        return self._predictor.run(inputs)

    def close(self) -> None:
        pass


def classifier(engine: FakeEngine | FickleEngine) -> ModelToLoad:
    """The one model that has only one shape to measure."""
    files = ModelFiles("cls", Module.TEXTLINE_ORIENTATION, Path("cls"), None)
    return ModelToLoad(files, engine, EngineSettings())


def survey(engine: FakeEngine | FickleEngine, plan: WorkerPlan = ONE_WORKER) -> Survey:
    async def scenario() -> Survey:
        found = await measure([classifier(engine)], Team(plan, "INFO", 10.0, rounds=2))
        assert not children_of(os.getpid())
        return found

    return asyncio.run(scenario())


@pytest.fixture(autouse=True)
def _workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lets workers find the engine of these tests, and sees that none is left."""
    path = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY) + (f":{path}" if path else ""))
    yield
    run_scenario(until(lambda: not children_of(os.getpid())))


def test_every_worker_measures_and_ends() -> None:
    found = survey(FakeEngine(DELAY_S), TWO_WORKERS)

    assert [model.name for model in found.loaded] == ["cls"]
    assert [each.count for each in found.measurements] == [1, 2, 4, 8, 16, 32]
    for each in found.measurements:
        assert (each.model, each.shape) == ("cls", (48, 192))
        assert DELAY_S <= each.engine_seconds < each.seconds < 1.0
    assert found.waited_share >= 0.0


def test_a_batch_that_the_engine_refuses_ends_the_growth() -> None:
    found = survey(FickleEngine("refuses large ones"))

    assert [each.count for each in found.measurements] == [1, 2]


@pytest.mark.parametrize(
    ("what", "message"), [("refuses all", "MemoryError"), ("dies", "killed by SIGKILL")]
)
def test_what_cannot_be_measured_is_told_and_leaves_no_worker(what: str, message: str) -> None:
    with pytest.raises(MeasuringFailed, match=message):
        survey(FickleEngine(what))


def test_a_model_that_cannot_be_loaded_is_told_once_for_all_workers() -> None:
    with pytest.raises(NotStarted) as told:
        survey(FickleEngine("missing"), TWO_WORKERS)

    assert told.value.message == "no such model"


def test_a_measurement_that_is_cancelled_leaves_no_worker() -> None:
    async def scenario() -> None:
        task = asyncio.create_task(
            measure([classifier(FakeEngine(0.5))], Team(ONE_WORKER, "INFO", 10.0))
        )
        await until(lambda: bool(children_of(os.getpid())))
        (pid,) = children_of(os.getpid())
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        assert not is_alive(pid)

    run_scenario(scenario())


def tuner(folder: Path, mode: Tuning, engine: FakeEngine | FickleEngine) -> Tuner:
    inference = InferenceConfig(tuning=mode, tuning_dir=folder)
    plan = ServerPlan(ONE_WORKER, (classifier(engine),))
    return Tuner(ServerConfig(inference=inference), plan, rounds=1)


def test_times_are_measured_once_and_then_taken_from_the_cache(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    engine = replace(FakeEngine(DELAY_S), name="not so fake")  # the fake one is never measured

    first = asyncio.run(tuner(tmp_path, Tuning.AUTO, engine).table())
    assert "measuring batch times of cls, with 1 workers at once" in caplog.text
    assert f"kept in {tmp_path}" in caplog.text
    caplog.clear()
    second = asyncio.run(tuner(tmp_path, Tuning.AUTO, engine).table())

    assert first is not None and second is not None
    assert second.measurements("cls") == first.measurements("cls")
    assert "measuring batch times" not in caplog.text


def test_the_fake_engine_is_measured_only_when_asked_for(tmp_path: Path) -> None:
    assert asyncio.run(tuner(tmp_path, Tuning.AUTO, FakeEngine()).table()) is None
    assert asyncio.run(tuner(tmp_path, Tuning.ALWAYS, FakeEngine()).table()) is not None


def test_nothing_is_measured_where_that_is_off(tmp_path: Path) -> None:
    assert asyncio.run(tuner(tmp_path, Tuning.OFF, FickleEngine("dies")).table()) is None


def test_a_server_without_times_starts_with_built_in_sizes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert asyncio.run(tuner(tmp_path, Tuning.AUTO, FickleEngine("dies")).table()) is None

    assert "batch sizes were not measured, and are the built-in ones" in caplog.text


def test_a_cache_that_cannot_be_written_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "file"
    folder.write_text("in the way")

    assert asyncio.run(tuner(folder, Tuning.ALWAYS, FakeEngine()).table()) is not None

    assert "batch times are not kept" in caplog.text


def tune(*flags: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("inkstream")), "tune", "--engine=fake"]
    return subprocess.run([*command, *flags], capture_output=True, text=True, timeout=60)


def test_the_command_measures_and_shows_what_it_kept(tmp_path: Path) -> None:
    flags = (
        f"--set=inference.tuning_dir={tmp_path}",
        "--set=models.textline_orientation=null",
        "--set=models.doc_orientation=null",
        "--set=batching.text_detection.max_count=2",
        "--model-workers=1",
    )

    measured = tune("--rounds=1", *flags)
    shown = tune("--show", *flags)
    for_programs = tune("--show", "--json", *flags)

    assert measured.returncode == 0, measured.stderr
    assert "PP-OCRv4_mobile_rec (text_recognition)" in measured.stdout
    assert shown.stdout == measured.stdout
    detector, recogniser = json.loads(for_programs.stdout)
    assert (detector["module"], recogniser["engine"]) == ("text_detection", "fake")
    assert detector["policy"]["max_count"] == 2
    shapes = {tuple(row["shape"]) for row in recogniser["rows"]}
    assert shapes == {(320,), (640,), (1280,), (2400,)}
    for shape in shapes:
        rows = [row for row in recogniser["rows"] if tuple(row["shape"]) == shape]
        (largest,) = (row["count"] for row in rows if row["is_largest"])
        assert largest <= recogniser["policy"]["max_count"]
        assert all(row["item_s"] == row["batch_s"] / row["count"] for row in rows)


def test_the_command_says_when_there_is_nothing_to_show(tmp_path: Path) -> None:
    ended = tune("--show", f"--set=inference.tuning_dir={tmp_path}")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "measure with: inkstream tune" in ended.stderr
