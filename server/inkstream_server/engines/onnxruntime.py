"""Runs ONNX models with ONNX Runtime on the processor."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

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
    reduced,
    unreadable,
)
from inkstream_server.engines.faults import PrecisionUnavailable
from inkstream_server.models.files import GRAPH_ONNX, ModelFiles, Module

if TYPE_CHECKING:
    import onnxruntime

_ERRORS_ALONE = 3  # of its log, which goes to standard error


@dataclass(frozen=True, slots=True)
class OnnxRuntimeEngine:
    """It compiles nothing for a shape and keeps nothing of it: every width costs the same."""

    name: str = "onnxruntime"
    compiles_shapes: bool = False

    def version(self) -> str:
        return importlib.metadata.version("onnxruntime")

    def obstacle(self, model: ModelFiles, device: Device) -> str | None:
        if device.kind is not DeviceKind.CPU:
            return f"onnxruntime runs on the cpu only in this version, not on {device}"
        if find_spec("onnxruntime") is None:
            return "the package onnxruntime is not installed: pip install '.[onnxruntime]'"
        if not model.is_onnx:
            return f"onnxruntime cannot read {model.graph.name}; it reads {GRAPH_ONNX}"
        if model.module is Module.DOC_UNWARPING:
            return (
                "onnxruntime gives the end of a model alone, and unwarping needs what is before it"
            )
        return None

    def load(self, model: ModelFiles, settings: EngineSettings) -> Predictor:
        check_usable(self, model, settings.device)
        if settings.precision not in {Precision.AUTO, Precision.FP32}:
            raise PrecisionUnavailable(
                f"onnxruntime computes in fp32 on the cpu, not in {settings.precision.value}",
                model=model.name,
                precision=settings.precision.value,
            )
        import onnxruntime  # only who loads a model pays for the runtime

        try:
            session = onnxruntime.InferenceSession(
                str(model.graph), _options(settings.threads), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its own errors have no other class in common
            raise unreadable(self.name, model, error) from error
        _check_classes(session, model)
        return _OnnxRuntimePredictor(session, model)


class _OnnxRuntimePredictor:
    def __init__(self, session: onnxruntime.InferenceSession, model: ModelFiles) -> None:
        self._session: onnxruntime.InferenceSession | None = session
        self._model = model
        self._input = session.get_inputs()[0].name

    @property
    def precision(self) -> Precision:
        return Precision.FP32

    def run(self, inputs: NDArray[np.float32]) -> Outputs:
        assert self._session is not None, "closed"
        outputs: list[NDArray[np.float32]] = self._session.run(None, {self._input: inputs})
        return (
            reduced(outputs[0], self._model) if is_reduced(self._model.module) else tuple(outputs)
        )

    def close(self) -> None:
        self._session = None


def _options(threads: int) -> onnxruntime.SessionOptions:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ALONE
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Its threads would burn a core while they wait, which here is another worker's.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Its arena stays as large as the largest shape needed. A plan of every shape's memory, which it
    # keeps as well by default, takes more and gains nothing; docs/decisions/030.
    options.enable_mem_pattern = False
    return options


def _check_classes(session: onnxruntime.InferenceSession, model: ModelFiles) -> None:
    """Where the graph tells how many there are; else the first run finds out."""
    *_, classes = session.get_outputs()[0].shape or [None]
    if is_reduced(model.module) and isinstance(classes, int):
        check_class_count(model, classes)
