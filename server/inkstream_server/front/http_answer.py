"""Writes the answer of POST /ocr as JSON, page by page. Pure; when it is sent is not known here.

The result of a page is PaddleX's; docs/http.md tells what stands beside it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from inkstream.decoding import decode_page
from inkstream.paddlex_results import PaddlexResult, paddlex_result
from inkstream.v1 import page_pb2, settings_pb2
from inkstream_server.document.media_type import MediaType
from inkstream_server.errors import OcrError
from inkstream_server.front import http_status
from inkstream_server.pipeline.results import DocumentStart

# Of the client's own files PaddleX tells nothing.
_NOT_TOLD: Final = ("input_path", "page_index")
_BEGIN: Final = b'"result": {"ocrResults": ['
_END: Final = b', "errorCode": 0, "errorMsg": "Success"}'
_ON_ITS_SIDE: Final = (90, 270)
_NO_SIZE: Final = {"width": None, "height": None}


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """One page's member of ocrResults, in parts, and what dataInfo tells of it."""

    parts: Sequence[bytes]
    size: dict[str, int | None]


def beginning(log_id: str) -> bytes:
    return b'{"logId": ' + _json(log_id) + b", " + _BEGIN


def page(message: page_pb2.Page, *, return_word_box: bool) -> PageAnswer:
    """A page that was read."""
    result = paddlex_result(decode_page(message), return_word_box=return_word_box)
    members = {"texts": _texts(result), "prunedResult": _pruned(result)}
    return PageAnswer(
        (_json(members)[:-1], *_images(message), b"}"),
        _source_size(message),
    )


def failed_page(page_number: int, error: OcrError, request_id: str) -> PageAnswer:
    """A page that failed while others were read. What such a page has not got is left out."""
    told = {"pageNumber": page_number, **http_status.page_failure(error, request_id)}
    return PageAnswer((_json({"error": told}),), dict(_NO_SIZE))


def ending(start: DocumentStart, sizes: Sequence[dict[str, int | None]]) -> bytes:
    """All that follows the last page."""
    return b'], "dataInfo": ' + _json(_data_info(start, sizes)) + b"}" + _END


def _data_info(start: DocumentStart, sizes: Sequence[dict[str, int | None]]) -> dict[str, object]:
    is_pdf = start.media_type == MediaType.PDF.value
    if not is_pdf and start.page_count == 1:
        return {**sizes[0], "type": "image"}
    return {
        "numPages": len(sizes),
        "pages": list(sizes),
        "type": "pdf" if is_pdf else "tiff",
        "totalPages": start.page_count,
    }


def _source_size(message: page_pb2.Page) -> dict[str, int | None]:
    """The page's as it was sent; unwarping changes no size."""
    width, height = message.width, message.height
    if message.frame == settings_pb2.FRAME_READ and message.doc_angle in _ON_ITS_SIDE:
        width, height = height, width
    return {"width": width, "height": height}


def _texts(result: PaddlexResult) -> list[dict[str, object]]:
    """The result as the first generation of clients reads it."""
    names = ("rec_polys", "rec_texts", "rec_scores")
    columns = [each for name in names if isinstance(each := result[name], list)]
    return [
        {"poly": polygon, "text": text, "score": score}
        for polygon, text, score in zip(*columns, strict=True)
    ]


def _pruned(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {name: _pruned(inner) for name, inner in value.items() if name not in _NOT_TOLD}


def _images(message: page_pb2.Page) -> Iterator[bytes]:
    """Members of an object, each with its comma. Base64 needs no escaping."""
    images: dict[tuple[str, ...], bytes] = {
        ("image", "ocrImage"): message.visualization,
        ("docPreprocessingImage",): message.preprocessing_visualization,
        ("inputImage",): message.input_image,
    }
    for names, image in images.items():
        if not image:
            continue
        text = base64.b64encode(image)
        for name in names:
            yield b', "' + name.encode() + b'": "'
            yield text
            yield b'"'


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
