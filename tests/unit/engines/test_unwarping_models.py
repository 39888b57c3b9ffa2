"""What is left of an unwarping model, with what is done in its stead, gives the page it would."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit import onnx_models
from tests.unit.engines.uvdoc_models import COLUMNS, ROWS, Form, page_of, write_model

from inkstream_server.engines.engine import Engine, EngineSettings
from inkstream_server.engines.faults import ModelMismatch
from inkstream_server.engines.openvino import OpenVinoEngine
from inkstream_server.engines.paddle import PaddleEngine
from inkstream_server.models.files import ModelFiles, Module
from inkstream_server.stages import unwarping, warp_sampling

PADDLE, OPENVINO = PaddleEngine(), OpenVinoEngine()
READERS = [
    pytest.param(PADDLE, "json", id="paddle-json"),
    pytest.param(PADDLE, "pdmodel", id="paddle-pdmodel"),
    pytest.param(OPENVINO, "pdmodel", id="openvino-pdmodel"),
]
# Levels of 255: the same arithmetic in another order.
ROUNDING = 0.05


def page(height: int, width: int) -> NDArray[np.uint8]:
    """Coloured squares."""
    rng = np.random.default_rng(11)
    coarse = rng.integers(0, 256, (height // 10 + 1, width // 10 + 1, 3)).astype(np.uint8)
    return coarse.repeat(10, axis=0).repeat(10, axis=1)[:height, :width]


@pytest.mark.parametrize(("engine", "extension"), READERS)
@pytest.mark.parametrize("size", [(300, 230), (97, 640), (712, 488)])
def test_a_page_is_unwarped_as_by_the_whole_model(
    engine: Engine, extension: str, size: tuple[int, int], tmp_path: Path
) -> None:
    model = write_model(tmp_path, extension)
    bent, flat = page(*size), np.empty((*size, 3), np.uint8)
    predictor = engine.load(model, EngineSettings())

    outputs = predictor.run(unwarping.prepare([unwarping.shrink(bent)]))
    (warp,) = unwarping.interpret(outputs)
    warp_sampling.unwarp(bent, warp, flat, slice(0, size[0]))

    whole = page_of(model, bent)
    assert (warp.rows, warp.columns) == (ROWS, COLUMNS)
    assert np.abs(whole - bent).mean() > 3  # it is bent indeed
    cut_off = whole - flat
    assert cut_off.min() > -ROUNDING
    assert cut_off.max() < 1 + ROUNDING


def test_an_onnx_file_is_cut_too(tmp_path: Path) -> None:
    """What the whole model makes of a page is as OpenVINO computes it: Paddle does not read it."""
    import openvino

    file = tmp_path / "inference.onnx"
    file.write_bytes(onnx_models.unwarper())
    model = ModelFiles("flat", Module.DOC_UNWARPING, file, None)
    bent, flat = page(300, 230), np.empty((300, 230, 3), np.uint8)
    planes = (bent.astype(np.float32) / 255).transpose(2, 0, 1)[np.newaxis]
    in_full = {"INFERENCE_PRECISION_HINT": "f32"}
    whole = openvino.Core().compile_model(file, "CPU", in_full)([planes])[0][0].transpose(1, 2, 0)

    outputs = OPENVINO.load(model, EngineSettings()).run(
        unwarping.prepare([unwarping.shrink(bent)])
    )
    warp_sampling.unwarp(bent, unwarping.interpret(outputs)[0], flat, slice(0, 300))

    cut_off = whole * 255 - flat
    assert np.abs(whole * 255 - bent).mean() > 3
    assert cut_off.min() > -ROUNDING
    assert cut_off.max() < 1 + ROUNDING


@pytest.mark.parametrize(("engine", "extension"), READERS)
def test_pages_of_a_batch_do_not_touch_each_other(
    engine: Engine, extension: str, tmp_path: Path
) -> None:
    predictor = engine.load(write_model(tmp_path, extension), EngineSettings())
    shrunk = [unwarping.shrink(page(300, 230)), unwarping.shrink(page(97, 640))]

    (together,) = predictor.run(unwarping.prepare(shrunk))

    for alone, points in zip(shrunk, together, strict=True):
        np.testing.assert_allclose(predictor.run(alone[np.newaxis])[0][0], points, atol=1e-6)


@pytest.mark.parametrize(("engine", "extension"), READERS)
@pytest.mark.parametrize(
    ("form", "cause"),
    [
        (Form(shrinks_to=(720, 488)), "does not shrink the page to 488 x 712"),
        (Form(aligns_corners=False), "does not end with sampling"),
        (Form(padding="border"), "does not end with sampling"),
        (Form(samples=False), "does not end with sampling"),
    ],
)
def test_a_model_of_another_form_is_refused_when_it_is_loaded(
    engine: Engine, extension: str, form: Form, cause: str, tmp_path: Path
) -> None:
    model = write_model(tmp_path, extension, form)

    with pytest.raises(ModelMismatch, match=f"model flat does not unwarp as UVDoc does: .*{cause}"):
        engine.load(model, EngineSettings())


@pytest.mark.parametrize("extension", ["json", "pdmodel"])
def test_a_file_that_is_no_model_is_refused(extension: str, tmp_path: Path) -> None:
    model = write_model(tmp_path, extension)
    model.graph.write_bytes(b"no model")

    with pytest.raises(ModelMismatch, match="flat"):
        PADDLE.load(model, EngineSettings())
