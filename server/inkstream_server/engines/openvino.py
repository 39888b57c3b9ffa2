"""Runs models with OpenVINO on the processor, Paddle's `inference.pdmodel` and ONNX directly."""

from __future__ import annotations

import importlib.metadata
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from inkstream_server.engines.engine import (
    Device,
    DeviceKind,
    EngineSettings,
    Outputs,
    Precision,
    Predictor,
    check_class_count,
    check_usable,
    is_reduced,
    unreadable,
)
from inkstream_server.engines.faults import PrecisionUnavailable
from inkstream_server.engines.openvino_unwarping import cut
from inkstream_server.models.files import (
    GRAPH_JSON,
    GRAPH_ONNX,
    GRAPH_PDMODEL,
    ModelFiles,
    Module,
)

if TYPE_CHECKING:
    import openvino

SHAPE_CACHE_ENTRIES: Final = {Precision.BF16: 1500, Precision.FP32: 400}
"""Compiled operators of one kind kept per model; a shape takes up to 40 convolutions. In bf16 all
shapes of the recogniser's ladder, 0.3 GiB. In fp32, where exact widths seldom come again and a new
one costs 13 ms instead of 31, the last ten; docs/decisions/022."""

HINTS: Final = {Precision.FP32: "f32", Precision.BF16: "bf16"}


@dataclass(frozen=True, slots=True)
class OpenVinoEngine:
    """The fastest engine on a processor."""

    name: str = "openvino"
    compiles_shapes: bool = True

    def version(self) -> str:
        return importlib.metadata.version("openvino")

    def obstacle(self, model: ModelFiles, device: Device) -> str | None:
        if device.kind is not DeviceKind.CPU:
            return f"openvino runs on the cpu only, not on {device}"
        if find_spec("openvino") is None:
            return "the package openvino is not installed: pip install '.[openvino]'"
        if model.graph.name == GRAPH_JSON:
            readable = f"{GRAPH_PDMODEL} and {GRAPH_ONNX}"
            return f"openvino cannot read {GRAPH_JSON}; it reads {readable}"
        return None

    def load(self, model: ModelFiles, settings: EngineSettings) -> Predictor:
        check_usable(self, model, settings.device)
        _say_nothing()
        import openvino  # only who loads a model pays for the runtime

        core = openvino.Core()
        precision = _precision(core, model, settings.precision)
        try:
            graph = _read(core, model)
        except RuntimeError as error:  # whatever OpenVINO's C++ throws
            raise unreadable(self.name, model, error) from error
        if is_reduced(model.module):
            graph = _reduced(graph, model)
        if model.module is Module.DOC_UNWARPING:
            graph = cut(graph, model)
        compiled = core.compile_model(graph, "CPU", _config(settings.threads, precision))
        return _OpenVinoPredictor(compiled, precision)


class _OpenVinoPredictor:
    def __init__(self, compiled: openvino.CompiledModel, precision: Precision) -> None:
        self._request: openvino.InferRequest | None = compiled.create_infer_request()
        self._precision = precision

    @property
    def precision(self) -> Precision:
        return self._precision

    def run(self, inputs: NDArray[np.float32]) -> Outputs:
        assert self._request is not None, "closed"
        results = self._request.infer([inputs], share_inputs=True, share_outputs=True)
        return tuple(np.array(output) for output in results.to_tuple())

    def close(self) -> None:
        self._request = None


def _say_nothing() -> None:
    """Keep OpenVINO from telling its maker of its import: without this package it does without."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type] # None: is not there


def _config(threads: int, precision: Precision) -> dict[str, Any]:
    # One stream: the processes are the parallelism. Not pinned: two processes pin their threads to
    # the same core, and together do the work of one; docs/decisions/012.
    return {
        "INFERENCE_PRECISION_HINT": HINTS[precision],
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
        "CPU_RUNTIME_CACHE_CAPACITY": SHAPE_CACHE_ENTRIES[precision],
    }


def _precision(core: openvino.Core, model: ModelFiles, asked: Precision) -> Precision:
    has_bf16 = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if asked is Precision.AUTO:
        return Precision.BF16 if has_bf16 and is_reduced(model.module) else Precision.FP32
    if asked not in HINTS or (asked is Precision.BF16 and not has_bf16):
        raise PrecisionUnavailable(
            f"openvino does not compute in {asked.value} on this processor",
            model=model.name,
            precision=asked.value,
        )
    return asked


def _read(core: openvino.Core, model: ModelFiles) -> openvino.Model:
    if model.weights is None:
        return core.read_model(model.graph)
    return core.read_model(model.graph, model.weights)


def _reduced(graph: openvino.Model, model: ModelFiles) -> openvino.Model:
    """Put the arg-max and the maximum over the classes into the graph."""
    import openvino
    from openvino import opset13 as ops

    probabilities = graph.get_results()[0].input_value(0)
    classes = probabilities.get_partial_shape()[-1]
    if classes.is_static:
        check_class_count(model, classes.get_length())
    best = ops.topk(probabilities, 1, -1, "max", "none", index_element_type="i32")
    axis = ops.constant(np.array([-1], np.int64))
    ids = ops.squeeze(best.output(1), axis)
    maxima = ops.squeeze(best.output(0), axis)
    return openvino.Model([ids, maxima], graph.get_parameters(), graph.get_friendly_name())
