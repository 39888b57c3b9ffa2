import importlib.util
from types import ModuleType

import pytest
from tests.unit.engines.model_files import model_files

from inkstream_server.engines import onnxruntime, openvino, paddle_devices
from inkstream_server.engines.engine import CPU, Device, Engine, EngineSettings, Precision
from inkstream_server.engines.faults import EngineUnusable, PrecisionUnavailable
from inkstream_server.engines.onnxruntime import OnnxRuntimeEngine
from inkstream_server.engines.openvino import OpenVinoEngine
from inkstream_server.engines.paddle import PaddleEngine
from inkstream_server.models.files import ModelFiles, Module

GPU = Device.parse("gpu:1")
SPEC = importlib.util.find_spec("json")


@pytest.fixture(
    params=[
        (OpenVinoEngine(), openvino),
        (PaddleEngine(), paddle_devices),
        (OnnxRuntimeEngine(), onnxruntime),
    ]
)
def engine_and_module(request: pytest.FixtureRequest) -> tuple[Engine, ModuleType]:
    engine, module = request.param
    return engine, module


def test_what_to_install_is_told(
    engine_and_module: tuple[Engine, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, module = engine_and_module
    monkeypatch.setattr(module, "find_spec", lambda name: None)

    assert f"pip install '.[{engine.name}]'" in (engine.obstacle(model_files(), CPU) or "")


def test_a_model_is_run_where_nothing_stands_in_the_way(
    engine_and_module: tuple[Engine, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, module = engine_and_module
    monkeypatch.setattr(module, "find_spec", lambda name: SPEC)

    assert engine.obstacle(model_it_reads(engine), CPU) is None


@pytest.mark.parametrize(
    ("engine", "module"), [(OpenVinoEngine(), openvino), (OnnxRuntimeEngine(), onnxruntime)]
)
def test_a_device_that_an_engine_does_not_serve_is_an_obstacle(
    engine: Engine, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: SPEC)

    assert "not on gpu:1" in (engine.obstacle(model_files(), GPU) or "")
    with pytest.raises(EngineUnusable, match=r"model a_model: .* not on gpu:1"):
        engine.load(model_files(), EngineSettings(GPU))


def test_openvino_does_not_read_the_json_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino, "find_spec", lambda name: SPEC)

    obstacle = OpenVinoEngine().obstacle(model_files(graph="inference.json"), CPU)

    readable = "it reads inference.pdmodel and inference.onnx"
    assert obstacle == f"openvino cannot read inference.json; {readable}"


@pytest.mark.parametrize(
    ("engine", "module", "graph", "obstacle"),
    [
        (
            PaddleEngine(),
            paddle_devices,
            "inference.onnx",
            "it reads inference.json and inference.pdmodel",
        ),
        (OnnxRuntimeEngine(), onnxruntime, "inference.json", "it reads inference.onnx"),
    ],
)
def test_what_an_engine_reads_is_told_where_it_cannot(
    engine: Engine,
    module: ModuleType,
    graph: str,
    obstacle: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: SPEC)

    told = engine.obstacle(model_files(graph=graph), CPU)

    assert told == f"{engine.name} cannot read {graph}; {obstacle}"


def test_onnxruntime_runs_no_unwarping_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "find_spec", lambda name: SPEC)
    model = model_files(Module.DOC_UNWARPING, graph="inference.onnx", has_weights=False)

    assert "unwarping needs" in (OnnxRuntimeEngine().obstacle(model, CPU) or "")


def test_paddle_needs_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paddle_devices, "find_spec", lambda name: SPEC)

    obstacle = PaddleEngine().obstacle(model_files(has_weights=False), CPU)

    assert obstacle == "paddle needs the weights beside inference.pdmodel"


@pytest.mark.parametrize(
    ("engine", "module"), [(PaddleEngine(), paddle_devices), (OnnxRuntimeEngine(), onnxruntime)]
)
def test_some_engines_compute_in_fp32_alone(
    engine: Engine, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: SPEC)

    with pytest.raises(PrecisionUnavailable, match="not in bf16"):
        engine.load(model_it_reads(engine), EngineSettings(precision=Precision.BF16))


def test_the_version_of_a_runtime_is_told_without_loading_it(
    engine_and_module: tuple[Engine, ModuleType],
) -> None:
    engine, _ = engine_and_module
    if importlib.util.find_spec(engine.name) is None:
        pytest.skip(f"{engine.name} is not installed")

    assert engine.version()[0].isdecimal()


def model_it_reads(engine: Engine) -> ModelFiles:
    if engine.name == "onnxruntime":
        return model_files(graph="inference.onnx", has_weights=False)
    return model_files()
