"""Models in Paddle's JSON format, as the newer families come: graphs made here, run by Paddle."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from inkstream_server.engines.engine import CPU, EngineSettings
from inkstream_server.engines.selection import AUTO, select
from inkstream_server.models.directory import read_model_directory
from inkstream_server.models.files import ModelFiles
from inkstream_server.models.recipe import DetectionRecipe, RecognitionRecipe

if TYPE_CHECKING:
    from paddle import nn

pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(importlib.util.find_spec("paddle") is None, reason="needs Paddle"),
]

DECODE = {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}}
HPI = {"backend_configs": {"paddle_infer": {"trt_dynamic_shapes": {"x": [[1, 3, 48, 160]]}}}}
# As PP-OCRv6's own files say it.
RECOGNISER = {
    "Global": {"model_name": "PP-OCRv6_made_rec"},
    "Hpi": HPI,
    "PreProcess": {
        "transform_ops": [
            DECODE,
            {"MultiLabelEncode": {"gtc_encode": "NRTRLabelEncode"}},
            {"RecResizeImg": {"image_shape": [3, 48, 320]}},
            {"KeepKeys": {"keep_keys": ["image", "label_ctc"]}},
        ]
    },
    "PostProcess": {"name": "CTCLabelDecode", "character_dict": ["a"]},
}
DETECTOR = {
    "Global": {"model_name": "PP-OCRv6_made_det"},
    "Hpi": HPI,
    "PreProcess": {
        "transform_ops": [
            DECODE,
            {"DetLabelEncode": None},
            {"DetResizeForTest": None},
            {
                "NormalizeImage": {
                    "mean": [0.485, 0.456, 0.406],
                    "order": "hwc",
                    "scale": "1./255.",
                    "std": [0.229, 0.224, 0.225],
                }
            },
            {"ToCHWImage": None},
        ]
    },
    "PostProcess": {
        "name": "DBPostProcess",
        "thresh": 0.2,
        "box_thresh": 0.45,
        "max_candidates": 3000,
        "unclip_ratio": 1.4,
    },
}


def convolution(weights: NDArray[np.float64]) -> nn.Conv2D:
    """Mix the channels of each pixel: channels out x channels in."""
    import paddle

    made = paddle.nn.Conv2D(weights.shape[1], weights.shape[0], 1, bias_attr=False)
    made.weight.set_value(weights.astype(np.float32)[:, :, np.newaxis, np.newaxis])
    return made


def saved(folder: Path, layer: nn.Layer, shape: list[int], description: object) -> ModelFiles:
    import paddle
    from paddle.static import InputSpec

    folder.mkdir()
    layer.eval()
    paddle.jit.save(layer, str(folder / "inference"), [InputSpec(shape, "float32", "x")])
    (folder / "inference.yml").write_text(yaml.safe_dump(description), encoding="utf-8")
    return read_model_directory(folder)


def test_a_newer_recogniser_is_run_by_paddle(tmp_path: Path) -> None:
    from inkstream_server.engines.paddle import runtime

    runtime()  # first: it keeps Paddle's warnings to itself
    import paddle

    class Recogniser(paddle.nn.Layer):
        """Each 8 px are a step, whose classes are the maxima of the three channels."""

        def __init__(self) -> None:
            super().__init__()
            self.same = convolution(np.eye(3))

        def forward(self, x: Any) -> Any:  # noqa: ANN401 - Paddle's tensors
            pooled = paddle.nn.functional.max_pool2d(self.same(x), (48, 8), (48, 8))
            return paddle.transpose(paddle.squeeze(pooled, 2), [0, 2, 1])

    model = saved(tmp_path / "rec", Recogniser(), [-1, 3, 48, -1], RECOGNISER)
    selection = select(AUTO, model, CPU)
    lines = np.zeros((2, 3, 48, 24), np.float32)
    for step, best in enumerate((1, 0, 2)):
        lines[:, best, 5, 8 * step] = 0.5

    class_ids, maxima = selection.engine.load(model, EngineSettings()).run(lines)

    assert (model.graph.name, selection.engine.name) == ("inference.json", "paddle")
    assert model.recipe.recognition == RecognitionRecipe()
    assert class_ids.tolist() == [[1, 0, 2]] * 2
    np.testing.assert_allclose(maxima, 0.5)


def test_a_newer_detector_is_run_by_paddle(tmp_path: Path) -> None:
    from inkstream_server.engines.paddle import runtime

    runtime()  # first: it keeps Paddle's warnings to itself
    import paddle

    class Detector(paddle.nn.Layer):
        """The mean of the channels of each pixel."""

        def __init__(self) -> None:
            super().__init__()
            self.mean = convolution(np.full((1, 3), 1 / 3))

        def forward(self, x: Any) -> Any:  # noqa: ANN401 - Paddle's tensors
            return self.mean(x)

    model = saved(tmp_path / "det", Detector(), [-1, 3, -1, -1], DETECTOR)
    page = np.random.default_rng(0).random((1, 3, 64, 32), np.float32)

    (maps,) = select(AUTO, model, CPU).engine.load(model, EngineSettings()).run(page)

    assert model.recipe.detection == DetectionRecipe(max_candidates=3000)
    np.testing.assert_allclose(maps, page.mean(axis=1, keepdims=True), atol=1e-6)
