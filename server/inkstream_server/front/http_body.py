"""Reads bodies while they come in; of POST /ocr its members, and its file's bytes or URL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from aiohttp import http_exceptions, web

from inkstream_server.errors import ContentTooLarge, InvalidField
from inkstream_server.front.file_text import FileText
from inkstream_server.front.http_calls import HttpCall
from inkstream_server.front.http_schema import (
    OcrRequest,
    RequestNotJson,
    log_id_of,
    parse_request,
)
from inkstream_server.front.incoming import IncomingFile
from inkstream_server.front.json_file import MAX_REST_BYTES, MEMBER, JsonFile
from inkstream_server.front.upload_protocol import UploadStalled

# What is taken in before others have their turn: at the worst, all brackets, some 20 ms.
_SLICE_BYTES: Final = 16 << 10


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """What one body may take.

    `max_idle_s`: for how long nothing may come of it.
    `min_bytes_per_s`: how fast it has to come in the mean, with `max_idle_s` to spare.
    """

    max_file_bytes: int
    max_idle_s: float
    min_bytes_per_s: float

    @property
    def max_body_bytes(self) -> int:
        """Base64 takes four bytes for three, and may be broken into lines."""
        return MAX_REST_BYTES + self.max_file_bytes * 3 // 2

    def patience_s(self, size_bytes: int, waited_s: float) -> float:
        """For how long to wait for the next of a body, after so many bytes and so much waiting."""
        left_s = self.max_idle_s + size_bytes / self.min_bytes_per_s - waited_s
        return max(0.0, min(self.max_idle_s, left_s))


@dataclass(frozen=True, slots=True)
class Body:
    """A body that has come in. Where `url` is empty its file's bytes have come too."""

    request: OcrRequest
    url: str


async def read_body(call: HttpCall, file: IncomingFile, limits: BodyLimits) -> Body:
    """Read it all; the bytes of its file go where they belong at once. Raises OcrError."""
    members, text = JsonFile(), FileText()
    try:
        async for chunk in body_chunks(call, limits, limits.max_body_bytes):
            await file.append(text.feed(members.feed(chunk)))
    finally:
        if log_id := log_id_of(members.rest):
            call.is_called(log_id)
    request = parse_request(members.rest)
    if request.file:  # its name was written with escapes, so that it was not seen as it came
        if members.was_found:
            raise InvalidField.of(MEMBER, "there twice", "one file a request")
        await file.append(text.feed(request.file.encode()))
    await file.append(text.end())
    return Body(request, text.url or "")


async def body_chunks(call: HttpCall, limits: BodyLimits, max_bytes: int) -> AsyncIterator[bytes]:
    """The body as it comes, in slices between which others have their turn.

    Raises ContentTooLarge, UploadStalled or RequestNotJson.
    """
    request = call.request
    _check_size(request.content_length or 0, max_bytes)
    size_bytes, waited_s = 0, 0.0
    while True:
        asked_at = time.monotonic()
        chunk = await _next_chunk(request, limits.patience_s(size_bytes, waited_s))
        waited_s += time.monotonic() - asked_at
        if not chunk:
            return
        size_bytes += len(chunk)
        call.note_received(len(chunk))
        _check_size(size_bytes, max_bytes)
        for at in range(0, len(chunk), _SLICE_BYTES):
            yield chunk[at : at + _SLICE_BYTES]
            await asyncio.sleep(0)  # what has come already is read without a look at other calls


async def _next_chunk(request: web.Request, patience_s: float) -> bytes:
    try:
        async with asyncio.timeout(patience_s):
            return await request.content.readany()
    except TimeoutError as error:
        raise UploadStalled("the request's body comes too slowly, or no more") from error
    except (web.RequestPayloadError, http_exceptions.HttpProcessingError) as error:
        raise RequestNotJson(f"the body of the request is damaged: {error}") from error


def _check_size(size_bytes: int, max_bytes: int) -> None:
    if size_bytes > max_bytes:
        raise ContentTooLarge(f"the request has more than {max_bytes} bytes", max_bytes=max_bytes)
