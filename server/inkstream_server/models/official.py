"""The official models of PaddleX 3, each an archive of its own. No checksum of any is published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from inkstream_server.models.entry import ArchiveSource, CatalogueEntry
from inkstream_server.models.files import Module

BASE_URL: Final = (
    "https://paddle-model-ecology.bj.bcebos.com/paddlex/official_inference_model/paddle3.0.0"
)

_ONNX: Final = "_onnx"

_PADDLE: Final = {
    Module.TEXT_DETECTION: (
        "PP-OCRv3_mobile_det",
        "PP-OCRv3_server_det",
        "PP-OCRv4_server_det",
    ),
    Module.TEXT_RECOGNITION: (
        "PP-OCRv3_mobile_rec",
        "en_PP-OCRv3_mobile_rec",
        "korean_PP-OCRv3_mobile_rec",
        "japan_PP-OCRv3_mobile_rec",
        "chinese_cht_PP-OCRv3_mobile_rec",
        "te_PP-OCRv3_mobile_rec",
        "ka_PP-OCRv3_mobile_rec",
        "ta_PP-OCRv3_mobile_rec",
        "latin_PP-OCRv3_mobile_rec",
        "arabic_PP-OCRv3_mobile_rec",
        "cyrillic_PP-OCRv3_mobile_rec",
        "devanagari_PP-OCRv3_mobile_rec",
        "PP-OCRv4_server_rec",
        "PP-OCRv4_server_rec_doc",
        "en_PP-OCRv4_mobile_rec",
        "ch_SVTRv2_rec",
        "ch_RepSVTR_rec",
    ),
}

_PADDLE_AND_ONNX: Final = {
    Module.DOC_ORIENTATION: ("PP-LCNet_x1_0_doc_ori",),
    Module.DOC_UNWARPING: ("UVDoc",),
    Module.TEXT_DETECTION: (
        "PP-OCRv5_mobile_det",
        "PP-OCRv5_server_det",
        "PP-OCRv6_tiny_det",
        "PP-OCRv6_small_det",
        "PP-OCRv6_medium_det",
    ),
    Module.TEXTLINE_ORIENTATION: (
        "PP-LCNet_x0_25_textline_ori",
        "PP-LCNet_x1_0_textline_ori",
    ),
    Module.TEXT_RECOGNITION: (
        "PP-OCRv5_mobile_rec",
        "PP-OCRv5_server_rec",
        "en_PP-OCRv5_mobile_rec",
        "korean_PP-OCRv5_mobile_rec",
        "latin_PP-OCRv5_mobile_rec",
        "eslav_PP-OCRv5_mobile_rec",
        "el_PP-OCRv5_mobile_rec",
        "th_PP-OCRv5_mobile_rec",
        "arabic_PP-OCRv5_mobile_rec",
        "cyrillic_PP-OCRv5_mobile_rec",
        "devanagari_PP-OCRv5_mobile_rec",
        "ta_PP-OCRv5_mobile_rec",
        "te_PP-OCRv5_mobile_rec",
        "PP-OCRv6_tiny_rec",
        "PP-OCRv6_small_rec",
        "PP-OCRv6_medium_rec",
    ),
}


def _entries(
    names: Mapping[Module, tuple[str, ...]], ending: str = ""
) -> tuple[CatalogueEntry, ...]:
    """An archive in another format has an ending in its name; the model calls itself as ever."""
    return tuple(
        CatalogueEntry(
            f"{name}{ending}", module, ArchiveSource(f"{name}{ending}_infer.tar"), own_name=name
        )
        for module, group in names.items()
        for name in group
    )


OFFICIAL_MODELS: Final = (
    *_entries(_PADDLE),
    *_entries(_PADDLE_AND_ONNX),
    *_entries(_PADDLE_AND_ONNX, _ONNX),
)
