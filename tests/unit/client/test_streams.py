"""Documents that go up in parts: many on one call, or one that is too large for a message."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest

from inkstream import (
    AsyncClient,
    Client,
    DocumentEnd,
    DocumentStart,
    InkstreamError,
    InputDocument,
    MessageTooLarge,
    Page,
    StreamEvent,
)
from inkstream.uploads import Outgoing
from inkstream.v1 import ocr_pb2, page_pb2, settings_pb2, source_pb2

if TYPE_CHECKING:
    from tests.unit.client.conftest import Script

LIMIT_BYTES = 2000


def contents(messages: list[ocr_pb2.RecognizeStreamRequest]) -> dict[str, bytes]:
    """What was uploaded, by document."""
    sent: dict[str, bytes] = {}
    for message in messages:
        if message.HasField("header"):
            sent[message.header.document_id] = message.header.source.content
        else:
            sent[message.chunk.document_id] += message.chunk.data
    return sent


def kinds(events: list[StreamEvent]) -> list[tuple[str, type]]:
    return [(each.document_id, type(each.event)) for each in events]


def whole(*names: str) -> list[tuple[str, type]]:
    return [(name, kind) for name in names for kind in (DocumentStart, Page, DocumentEnd)]


def with_client(script: Script, use: Callable[[AsyncClient], Awaitable[None]]) -> None:
    async def run() -> None:
        async with AsyncClient(script.target, max_message_bytes=LIMIT_BYTES) as client:
            await use(client)

    asyncio.run(run())


def test_many_documents_go_up_and_their_events_come_back(script: Script, tmp_path: Path) -> None:
    script.add_page(1, "read")
    path = tmp_path / "large.pdf"
    path.write_bytes(bytes(range(256)) * 40)
    documents = [
        InputDocument("path", path),
        InputDocument("bytes", bytearray(b"x" * 5000)),
        InputDocument("empty", b""),
    ]

    with Client(script.target, max_message_bytes=LIMIT_BYTES) as client:
        events = list(client.recognize_stream(documents))

    assert kinds(events) == whole("path", "bytes", "empty")
    assert contents(script.messages) == {
        "path": path.read_bytes(),
        "bytes": b"x" * 5000,
        "empty": b"",
    }
    assert max(message.ByteSize() for message in script.messages) <= LIMIT_BYTES
    assert sum(message.chunk.last for message in script.messages) == 3


def test_a_documents_wishes_are_in_its_header(script: Script) -> None:
    document = InputDocument(
        "one", b"a pdf", "1-3", 300, "completion", "secret", {"text_det_thresh": 0.0}
    )

    with Client(script.target) as client:
        list(client.recognize_stream([document]))

    assert script.messages[0].header == ocr_pb2.DocumentHeader(
        document_id="one",
        source=source_pb2.Source(password="secret"),
        options=settings_pb2.RecognizeOptions(text_det_thresh=0.0),
        pages=ocr_pb2.PageSelection(ranges="1-3", dpi=300),
        order=ocr_pb2.PAGE_ORDER_COMPLETION,
    )


def test_pixels_and_urls_go_up_in_the_header(script: Script) -> None:
    pixels = np.zeros((2, 3), np.uint8)
    documents = [InputDocument("pixels", pixels.data), InputDocument("url", "http://x/y.png")]

    with Client(script.target) as client:
        list(client.recognize_stream(documents))

    first, second = (message.header.source for message in script.messages)
    assert (first.raw.height, first.raw.width) == (2, 3)
    assert second.uri == "http://x/y.png"


def test_a_document_that_fails_ends_and_the_others_go_on(script: Script, tmp_path: Path) -> None:
    script.add_page(1, "read")
    script.document_failures.append(page_pb2.Error(code=3, reason="PDF_DAMAGED", message="no"))
    documents = [
        InputDocument("bad", b"rubbish"),
        InputDocument("missing", tmp_path / "none.pdf"),
        InputDocument("good", b"a pdf"),
    ]

    with Client(script.target) as client:
        events = list(client.recognize_stream(documents))

    ends = {each.document_id: each.event for each in events if isinstance(each.event, DocumentEnd)}
    errors = {name: end.error.reason if end.error else "" for name, end in ends.items()}
    assert errors == {"bad": "PDF_DAMAGED", "missing": "FILE_UNREADABLE", "good": ""}
    assert len(events) == 5


def test_an_error_of_the_callers_own_iterable_is_raised_after_the_answers(script: Script) -> None:
    script.add_page(1, "read")

    def documents() -> Iterator[InputDocument]:
        yield InputDocument("one", b"a pdf")
        raise ZeroDivisionError

    with Client(script.target) as client:
        stream = iter(client.recognize_stream(documents()))
        seen = [next(stream) for _ in range(3)]
        with pytest.raises(ZeroDivisionError):
            next(stream)

    assert kinds(seen) == whole("one")


def test_documents_are_taken_no_faster_than_they_go_up(tmp_path: Path) -> None:
    path = tmp_path / "large.pdf"
    with path.open("wb") as file:
        file.truncate(200 << 20)
    outgoing = Outgoing(limit_bytes=64 << 20)

    tracemalloc.start()
    sizes = [message.ByteSize() for message in outgoing.messages([InputDocument("large", path)])]
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sum(sizes) > 200 << 20
    assert peak_bytes < 8 << 20


def test_leaving_a_stream_cancels_the_rest(script: Script) -> None:
    script.add_page(1, "read")
    script.hangs = True

    with Client(script.target) as client:
        with client.recognize_stream([InputDocument("one", b"a pdf")]) as stream:
            next(iter(stream))

        assert script.caller_has_gone.wait(5.0)


def test_a_stream_and_a_document_are_iterated_once(script: Script) -> None:
    with Client(script.target) as client:
        stream = client.recognize_stream([])
        document = client.recognize_document(b"a pdf")
        assert list(stream) == []
        assert list(document) == []

        with pytest.raises(RuntimeError, match="once"):
            list(stream)
        with pytest.raises(RuntimeError, match="once"):
            list(document)


def test_the_failure_of_the_call_is_raised(script: Script) -> None:
    script.add_own_failure(grpc.StatusCode.INVALID_ARGUMENT, "twice", "INVALID_FIELD")

    with Client(script.target) as client, pytest.raises(InkstreamError, match="INVALID_FIELD"):
        list(client.recognize_stream([InputDocument("one", b"a pdf")]))


@pytest.mark.parametrize("as_path", [True, False])
def test_a_document_too_large_for_a_message_goes_up_in_parts(
    script: Script, tmp_path: Path, as_path: bool
) -> None:
    script.add_page(1, "read")
    content = bytes(range(256)) * 20
    path = tmp_path / "large.pdf"
    path.write_bytes(content)

    with Client(script.target, max_message_bytes=LIMIT_BYTES) as client:
        document = client.recognize_document(path if as_path else content, pages="1-")
        start, page, end = document.events()

    assert isinstance(start, DocumentStart) and document.start == start
    assert isinstance(page, Page) and page.text == "read"
    assert isinstance(end, DocumentEnd) and document.end == end
    assert contents(script.messages) == {"document": content}
    assert script.messages[0].header.pages.ranges == "1-"
    assert script.requests == []


def test_the_failure_of_a_document_in_parts_is_raised(script: Script) -> None:
    script.document_failures.append(page_pb2.Error(code=8, reason="QUEUE_FULL", message="later"))

    with (
        Client(script.target, max_message_bytes=LIMIT_BYTES) as client,
        pytest.raises(InkstreamError) as caught,
    ):
        list(client.recognize_document(bytes(5000)))

    assert caught.value.reason == "QUEUE_FULL"
    assert caught.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_pixels_too_large_for_a_message_are_refused(script: Script) -> None:
    pixels = np.zeros((100, 100), np.uint8)

    with (
        Client(script.target, max_message_bytes=LIMIT_BYTES) as client,
        pytest.raises(MessageTooLarge),
    ):
        client.recognize_document(pixels.data)


def test_the_asyncio_client_streams_documents_of_any_iterable(
    script: Script, tmp_path: Path
) -> None:
    script.add_page(1, "read")
    path = tmp_path / "large.pdf"
    path.write_bytes(bytes(5000))

    async def documents() -> AsyncIterator[InputDocument]:
        yield InputDocument("path", path)
        yield InputDocument("missing", tmp_path / "none.pdf")

    async def use(client: AsyncClient) -> None:
        first = [event async for event in client.recognize_stream(documents())]
        second = [
            event async for event in client.recognize_stream([InputDocument("bytes", b"x" * 5000)])
        ]

        failed = [each for each in first if each.document_id == "missing"]
        assert kinds(failed) == [("missing", DocumentEnd)]
        assert kinds([each for each in first if each not in failed]) == whole("path")
        assert kinds(second) == whole("bytes")
        assert contents(script.messages) == {"path": bytes(5000), "bytes": b"x" * 5000}

    with_client(script, use)


def test_the_asyncio_client_raises_what_the_documents_iterable_raises(script: Script) -> None:
    async def documents() -> AsyncIterator[InputDocument]:
        yield InputDocument("one", b"a pdf")
        raise ZeroDivisionError

    async def use(client: AsyncClient) -> None:
        stream = client.recognize_stream(documents())
        with pytest.raises(ZeroDivisionError):
            [event async for event in stream]
        with pytest.raises(RuntimeError, match="once"):
            [event async for event in stream]

    with_client(script, use)


def test_the_asyncio_client_sends_a_large_document_in_parts(script: Script) -> None:
    script.add_page(1, "read")
    script.add_page(2, "too")

    async def use(client: AsyncClient) -> None:
        document = client.recognize_document(bytes(5000))
        assert [page.text async for page in document] == ["read", "too"]
        assert document.end is not None and document.end.ok_page_count == 2
        with pytest.raises(RuntimeError, match="once"):
            [page async for page in document]
        script.document_failures.append(page_pb2.Error(code=3, reason="PDF_DAMAGED", message=""))
        with pytest.raises(InkstreamError, match="PDF_DAMAGED"):
            [page async for page in client.recognize_document(bytes(5000))]

    with_client(script, use)
    assert contents(script.messages) == {"document": bytes(5000)}


def test_leaving_an_asyncio_stream_cancels_the_rest(script: Script) -> None:
    script.add_page(1, "read")
    script.hangs = True

    async def use(client: AsyncClient) -> None:
        async with client.recognize_stream([InputDocument("one", b"a pdf")]) as stream:
            await anext(aiter(stream))

        assert await asyncio.to_thread(script.caller_has_gone.wait, 5.0)

    with_client(script, use)
