"""Writes what is read of a document as lines of JSON: the proto JSON of RecognizeDocumentResponse.

Pure; when a line is sent is not known here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from inkstream_server.front import responses
from inkstream_server.pipeline.results import DocumentEvent, Page, TextLine
from inkstream_server.stages.regions import Polygon
from inkstream_server.workers.cpu_tasks import NO_IMAGES, PageImages

_IMAGES: Final = ("visualization", "inputImage", "preprocessingVisualization")


def event_line(event: DocumentEvent, request_id: str) -> Sequence[bytes]:
    """One event, in parts that together are a line."""
    if isinstance(event, Page):
        return b'{"page": ' + _json(_page(event))[:-1], *_images(event.images), b"}}\n"
    return (_json(_told(responses.document_event(event, request_id))) + b"\n",)


def _page(page: Page) -> dict[str, Any]:
    """Of a page's lines the general mapping takes 20 ms for what this does in one."""
    rest = replace(page, lines=(), regions=(), region_angles=(), images=NO_IMAGES)
    members = _told(responses.page(rest))
    for name in _IMAGES:
        del members[name]
    members["lines"] = [_line(line) for line in page.lines]
    members["detections"] = [
        {"polygon": _polygon(region.polygon), "score": region.score, "angle": angle}
        for region, angle in zip(page.regions, page.region_angles, strict=True)
    ]
    return members


def _line(line: TextLine) -> dict[str, Any]:
    columns = [x for x, _ in line.polygon]
    rows = [y for _, y in line.polygon]
    return {
        "text": line.text,
        "score": line.score,
        "polygon": _polygon(line.polygon),
        "box": {"xMin": min(columns), "yMin": min(rows), "xMax": max(columns), "yMax": max(rows)},
        "angle": line.angle,
        "words": [{"text": each.text, "polygon": _polygon(each.polygon)} for each in line.words],
    }


def _polygon(polygon: Polygon) -> dict[str, Any]:
    return {"points": [{"x": x, "y": y} for x, y in polygon]}


def _images(images: PageImages) -> list[bytes]:
    """Members of an object, each with its comma. Base64 needs no escaping."""
    parts: list[bytes] = []
    for name, image in zip(_IMAGES, (images.result, images.source, images.steps), strict=True):
        if image:
            parts += (b', "' + name.encode() + b'": "', base64.b64encode(image), b'"')
    return parts


def _told(message: Message) -> dict[str, Any]:
    """With what is 0 or empty too, so that nobody has to know the defaults."""
    told: dict[str, Any] = MessageToDict(message, always_print_fields_with_no_presence=True)
    return told


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
