"""Runs models with Paddle Inference: on the processor with oneDNN, and on Paddle's devices."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inkstream_server.engines import paddle_devices
from inkstream_server.engines.affine_folding import fold_affines
from inkstream_server.engines.engine import (
    Device,
    DeviceKind,
    EngineSettings,
    Outputs,
    Precision,
    Predictor,
    check_usable,
    is_reduced,
    reduced,
    unreadable,
)
from inkstream_server.engines.faults import PrecisionUnavailable
from inkstream_server.engines.paddle_json import JsonGraph
from inkstream_server.engines.paddle_program import NotUnderstood, parse
from inkstream_server.engines.paddle_unwarping import cut_json, cut_program
from inkstream_server.engines.warp_points import NotUvDoc, mismatch
from inkstream_server.models.files import (
    GRAPH_JSON,
    GRAPH_PDMODEL,
    ModelFiles,
    Module,
)

if TYPE_CHECKING:
    from paddle import inference


def runtime() -> ModuleType:
    """Import Paddle's inference module, for which only who loads a model pays."""
    with warnings.catch_warnings():
        # It misses a compiler's cache, which only who builds operators needs.
        warnings.filterwarnings("ignore", message="No ccache found")
        import paddle
        from paddle import inference

    paddle.disable_signal_handler()  # its own prints a trace and dies at SIGTERM
    module: ModuleType = inference
    return module


@dataclass(frozen=True, slots=True)
class PaddleEngine:
    """The reference: what PaddleX runs on, and the numbers it gives."""

    name: str = "paddle"
    compiles_shapes: bool = True

    def version(self) -> str:
        return paddle_devices.version()

    def obstacle(self, model: ModelFiles, device: Device) -> str | None:
        if (missing := paddle_devices.obstacle(device)) is not None:
            return missing
        if model.is_onnx:
            readable = f"{GRAPH_JSON} and {GRAPH_PDMODEL}"
            return f"paddle cannot read {model.graph.name}; it reads {readable}"
        if model.weights is None:
            return f"paddle needs the weights beside {model.graph.name}"
        return None

    def load(self, model: ModelFiles, settings: EngineSettings) -> Predictor:
        check_usable(self, model, settings.device)
        if settings.precision not in {Precision.AUTO, Precision.FP32}:
            raise PrecisionUnavailable(
                f"paddle computes in fp32 in this version, not in {settings.precision.value}",
                model=model.name,
                precision=settings.precision.value,
            )
        paddle = runtime()
        paddle_devices.check_is_there(settings.device, paddle_devices.devices_there())
        try:
            with _readable(model) as files:
                predictor = paddle.create_predictor(_config(paddle, files, settings))
        except (ValueError, RuntimeError) as error:  # whatever Paddle's C++ throws
            raise unreadable(self.name, model, error) from error
        return _PaddlePredictor(predictor, model)


class _PaddlePredictor:
    def __init__(self, predictor: inference.Predictor, model: ModelFiles) -> None:
        self._model = model
        self._predictor: inference.Predictor | None = predictor
        self._input = predictor.get_input_handle(predictor.get_input_names()[0])
        self._outputs = [predictor.get_output_handle(name) for name in predictor.get_output_names()]

    @property
    def precision(self) -> Precision:
        return Precision.FP32

    def run(self, inputs: NDArray[np.float32]) -> Outputs:
        assert self._predictor is not None, "closed"
        self._input.reshape(inputs.shape)
        self._input.copy_from_cpu(inputs)
        self._predictor.run()
        outputs = tuple(handle.copy_to_cpu() for handle in self._outputs)
        return reduced(outputs[0], self._model) if is_reduced(self._model.module) else outputs

    def close(self) -> None:
        self._outputs = []
        self._input = None
        self._predictor = None


def _config(paddle: ModuleType, model: ModelFiles, settings: EngineSettings) -> inference.Config:
    config: inference.Config = paddle.Config(str(model.graph), str(model.weights))
    if (leaner := _leaner(model)) is not None:
        graph, weights = leaner
        config.set_model_buffer(graph, len(graph), weights, len(weights))  # type: ignore[arg-type]  # its stubs say str
    config.disable_glog_info()
    paddle_devices.set_device(config, settings.device)
    if settings.device.kind is DeviceKind.CPU:
        _set_processor(config, settings.threads)
    if (
        model.graph.name == GRAPH_JSON
    ):  # what the format is for; the old executor cannot plan memory
        config.enable_new_ir(True)
        config.enable_new_executor()
    # Without it 1.2 to 1.4 times the time and up to twice the memory. The new IR and executor gain
    # nothing for the old format; docs/decisions/010.
    config.enable_memory_optim()
    return config


def _set_processor(config: inference.Config, threads: int) -> None:
    config.enable_mkldnn()  # with it 2.3 to 2.9 times as fast
    config.set_cpu_math_library_num_threads(threads)
    # Ten shapes by default, for 0.15 GiB and no gain in time; docs/decisions/022.
    config.set_mkldnn_cache_capacity(1)


@contextmanager
def _readable(model: ModelFiles) -> Iterator[ModelFiles]:
    """The files for Paddle to read now; of the newer format it reads none from memory."""
    if model.module is not Module.DOC_UNWARPING or model.graph.name != GRAPH_JSON:
        yield model
        return
    try:
        graph = JsonGraph(model.graph.read_bytes())
        cut_json(graph)
    except (OSError, NotUnderstood, NotUvDoc) as error:
        raise mismatch(model, error) from error
    with TemporaryDirectory(prefix="inkstream-") as folder:
        file = Path(folder) / model.graph.name
        file.write_bytes(graph.serialised())
        yield replace(model, graph=file)


def _leaner(model: ModelFiles) -> tuple[bytes, bytes] | None:
    """The model's two files, with fewer passes to compute the same; None: they stay as they are."""
    if model.graph.name != GRAPH_PDMODEL or model.weights is None:
        return None
    is_cut = model.module is Module.DOC_UNWARPING
    try:
        program = parse(model.graph.read_bytes(), model.weights.read_bytes())
        before = len(program.operators)
        if is_cut:
            cut_program(program)
    except (OSError, NotUnderstood, NotUvDoc) as error:
        if is_cut:
            raise mismatch(model, error) from error
        return None  # Paddle says better what is wrong, if anything is
    fold_affines(program)
    return program.serialised() if len(program.operators) < before else None
