"""Small models of UVDoc's form, written by Paddle itself, and what Paddle makes of a page."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkstream_server.engines.paddle import runtime
from inkstream_server.models.files import GRAPH_JSON, GRAPH_PDMODEL, WEIGHTS, ModelFiles, Module

inference = runtime()
FORMATS = {"json": GRAPH_JSON, "pdmodel": GRAPH_PDMODEL}
ROWS, COLUMNS = 45, 31


@dataclass(frozen=True)
class Form:
    """How the model differs from UVDoc's."""

    shrinks_to: tuple[int, int] = (712, 488)
    aligns_corners: bool = True
    padding: str = "zeros"
    samples: bool = True


UVDOCS = Form()


def write_model(folder: Path, extension: str, form: Form = UVDOCS) -> ModelFiles:
    """A network of one convolution, whose random points lie near a flat page's."""
    import paddle

    paddle.enable_static()
    try:
        if extension == "json":
            _save(folder, form)
        else:
            from paddle.pir_utils import OldIrGuard

            with OldIrGuard():
                _save(folder, form)
    finally:
        paddle.disable_static()
    graph, weights = folder / FORMATS[extension], folder / WEIGHTS
    return ModelFiles("flat", Module.DOC_UNWARPING, graph, weights)


def page_of(model: ModelFiles, page: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the whole model makes of a page, 0..255, without oneDNN, which resizes otherwise."""
    config = inference.Config(str(model.graph), str(model.weights))
    config.disable_mkldnn()
    config.disable_glog_info()
    predictor = inference.create_predictor(config)
    handle = predictor.get_input_handle(predictor.get_input_names()[0])
    planes = (page.astype(np.float32) / 255).transpose(2, 0, 1)[np.newaxis]
    handle.reshape(planes.shape)
    handle.copy_from_cpu(np.ascontiguousarray(planes))
    predictor.run()
    result = predictor.get_output_handle(predictor.get_output_names()[0]).copy_to_cpu()
    return np.asarray(result[0].transpose(1, 2, 0) * 255)


def _save(folder: Path, form: Form) -> None:
    paddle: Any = importlib.import_module("paddle")  # which has no types
    paddle.seed(7)
    program, start = paddle.static.Program(), paddle.static.Program()
    with paddle.static.program_guard(program, start):
        page = paddle.static.data("image", [-1, 3, -1, -1], "float32")
        result = _network(paddle, page, form)
    executor = paddle.static.Executor(paddle.CPUPlace())
    executor.run(start)
    name = str(folder / "inference")
    paddle.static.save_inference_model(name, [page], [result], executor, program=program)


def _network(paddle: Any, page: Any, form: Form) -> Any:  # noqa: ANN401 - as above
    functional = paddle.nn.functional
    corners = {"mode": "bilinear", "align_corners": form.aligns_corners}
    shrunk = functional.interpolate(page, size=list(form.shrinks_to), **corners)
    convolution = paddle.nn.Conv2D(3, 2, 17, stride=16, padding=8)
    across, down = np.linspace(-1, 1, COLUMNS), np.linspace(-1, 1, ROWS)
    flat = np.stack(np.meshgrid(across, down))[np.newaxis].astype(np.float32)
    bends = paddle.scale(paddle.tanh(convolution(shrunk)), 0.1)
    points = paddle.add(bends, paddle.assign(flat))
    spread = functional.interpolate(points, size=paddle.shape(page)[2:], **corners)
    if not form.samples:
        return spread
    return functional.grid_sample(
        page,
        paddle.transpose(spread, [0, 2, 3, 1]),
        padding_mode=form.padding,
        align_corners=form.aligns_corners,
    )
