"""ONNX models in the engines that read them; the graphs are small enough to reckon by hand."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit import onnx_models

from inkstream_server.engines.engine import Engine, EngineSettings, Precision, Predictor
from inkstream_server.engines.faults import EngineUnusable, ModelMismatch
from inkstream_server.engines.onnxruntime import OnnxRuntimeEngine
from inkstream_server.engines.openvino import OpenVinoEngine
from inkstream_server.models.directory import read_model_directory
from inkstream_server.models.files import ModelFiles, Module

SETTINGS = EngineSettings(precision=Precision.FP32)
CLASSES = np.array([0, 1, 1, 2, 0, 1], np.int32)


@pytest.fixture(params=[OpenVinoEngine(), OnnxRuntimeEngine()], ids=lambda engine: engine.name)
def engine(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.param
    if importlib.util.find_spec(engine.name) is None:
        pytest.skip(f"{engine.name} is not installed")
    return engine


@pytest.fixture
def recogniser(tmp_path: Path) -> ModelFiles:
    graph = onnx_models.recogniser({"character": "a"})
    return read_model_directory(
        onnx_models.write_model(tmp_path / "rec", graph), Module.TEXT_RECOGNITION
    )


def lines(count: int, classes: NDArray[np.int32] = CLASSES) -> NDArray[np.float32]:
    """Lines whose steps are of these classes, the surer the later the line."""
    tensor = np.zeros((count, 3, 48, 8 * len(classes)), np.float32)
    for number, line in enumerate(tensor):
        for step, each in enumerate(classes):
            line[each, 5, 8 * step + 3] = 0.5 + number / 10
    return tensor


def loaded(engine: Engine, model: ModelFiles) -> Predictor:
    return engine.load(model, SETTINGS)


def test_a_recogniser_is_reduced_to_the_best_class_of_each_step(
    engine: Engine, recogniser: ModelFiles
) -> None:
    class_ids, maxima = loaded(engine, recogniser).run(lines(2))

    assert class_ids.dtype == np.int32 and maxima.dtype == np.float32
    assert class_ids.tolist() == [CLASSES.tolist()] * 2
    np.testing.assert_allclose(maxima, [[0.5] * 6, [0.6] * 6], atol=1e-6)


def test_any_width_can_follow_any_other(engine: Engine, recogniser: ModelFiles) -> None:
    predictor = loaded(engine, recogniser)

    for count, steps in ((1, 40), (3, 5), (2, 7), (1, 40)):
        class_ids, _ = predictor.run(lines(count, np.resize(CLASSES, steps).astype(np.int32)))
        assert class_ids.tolist() == [np.resize(CLASSES, steps).tolist()] * count


def test_a_detectors_map_comes_as_it_is(engine: Engine, tmp_path: Path) -> None:
    path = onnx_models.write_model(tmp_path / "det", onnx_models.detector())
    page = np.random.default_rng(0).random((1, 3, 32, 64), np.float32)

    (maps,) = loaded(engine, read_model_directory(path, Module.TEXT_DETECTION)).run(page)

    np.testing.assert_allclose(maps, page.mean(axis=1, keepdims=True), atol=1e-6)


def test_what_it_answers_belongs_to_the_caller(engine: Engine, recogniser: ModelFiles) -> None:
    predictor = loaded(engine, recogniser)
    class_ids, _ = predictor.run(lines(1))

    predictor.run(lines(1, np.zeros_like(CLASSES)))
    predictor.close()

    assert class_ids.tolist() == [CLASSES.tolist()]


def test_a_dictionary_that_is_not_the_models_own_stops_the_start(
    engine: Engine, recogniser: ModelFiles
) -> None:
    with pytest.raises(ModelMismatch, match="has 3 classes, its dictionary makes 4"):
        loaded(engine, replace(recogniser, characters=("a", "b")))


def test_a_file_that_is_no_model_is_named(engine: Engine, recogniser: ModelFiles) -> None:
    recogniser.graph.write_bytes(b"hello")

    with pytest.raises(EngineUnusable, match=f"{engine.name} cannot read .*inference.onnx"):
        loaded(engine, recogniser)
