import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.unit.engines.model_files import model_files

from inkstream_server.engines.engine import (
    CPU,
    Device,
    EngineSettings,
    Predictor,
)
from inkstream_server.engines.fake import FakeEngine
from inkstream_server.engines.faults import EngineUnknown, EngineUnusable
from inkstream_server.engines.selection import first_able, select
from inkstream_server.models.files import ModelFiles

GPU = Device.parse("gpu")


@dataclass(frozen=True)
class UnableEngine:
    name: str = "unable"
    compiles_shapes: bool = False

    def version(self) -> str:
        raise AssertionError

    def obstacle(self, model: ModelFiles, device: Device) -> str | None:
        return "the package unable is not installed"

    def load(self, model: ModelFiles, settings: EngineSettings) -> Predictor:
        raise AssertionError


def test_the_first_engine_that_can_is_taken() -> None:
    selection = first_able([FakeEngine(), UnableEngine()], model_files(), CPU)

    assert selection.engine == FakeEngine()
    assert selection.why == "fake is the fastest that can"


def test_why_a_faster_engine_is_passed_over_is_told() -> None:
    selection = first_able([UnableEngine(), FakeEngine()], model_files(), CPU)

    assert selection.engine == FakeEngine()
    assert selection.why == "the package unable is not installed; fake is the fastest that can"


@dataclass(frozen=True)
class OnnxEngine(UnableEngine):
    """Reads ONNX, and nothing else."""

    name: str = "onnx"

    def obstacle(self, model: ModelFiles, device: Device) -> str | None:
        return None if model.graph.name == "inference.onnx" else f"onnx cannot read {model.graph}"


def test_an_engine_is_given_the_graph_that_it_reads() -> None:
    model = replace(model_files(), other_graphs=((Path("inference.onnx"), None),))

    selection = first_able([OnnxEngine(), FakeEngine()], model, CPU)

    assert selection.engine == OnnxEngine()
    assert (selection.model.graph, selection.model.weights) == (Path("inference.onnx"), None)


def test_an_engine_is_given_the_first_graph_where_it_reads_several() -> None:
    model = replace(model_files(), other_graphs=((Path("inference.onnx"), None),))

    assert first_able([FakeEngine()], model, CPU).model.graph == model.graph


def test_that_no_engine_can_stops_the_start_with_every_reason() -> None:
    with pytest.raises(EngineUnusable, match="model a_model on cpu: the package unable is not"):
        first_able([UnableEngine()], model_files(), CPU)


def test_an_engine_asked_for_by_name_is_taken() -> None:
    selection = select("fake", model_files(), CPU)

    assert selection.engine == FakeEngine()
    assert selection.why == "asked for by name"


def test_an_engine_asked_for_by_name_is_not_replaced() -> None:
    with pytest.raises(EngineUnusable, match="engine openvino cannot run model a_model"):
        select("openvino", model_files(), GPU)


def test_an_unknown_engine_stops_the_start_and_tells_the_known_ones() -> None:
    with pytest.raises(EngineUnknown, match="known are auto, openvino, paddle, onnxruntime, fake"):
        select("tensorflow", model_files(), CPU)


def test_no_tested_engine_is_chosen_automatically_where_none_can_run() -> None:
    with pytest.raises(EngineUnusable, match="on gpu:0"):
        select("auto", model_files(), GPU)


def test_choosing_an_engine_imports_no_runtime() -> None:
    code = (
        "import sys, inkstream_server.engines.selection\n"
        "assert not {'paddle', 'openvino', 'onnxruntime'} & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
