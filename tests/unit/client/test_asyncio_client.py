from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from inkstream import AsyncClient, InkstreamError, MessageTooLarge, Page

if TYPE_CHECKING:
    from tests.unit.client.conftest import Script


def with_client(script: Script, use: Callable[[AsyncClient], Awaitable[None]]) -> None:
    async def run() -> None:
        async with AsyncClient(script.target, max_message_bytes=4_000_000) as client:
            await use(client)

    asyncio.run(run())


def test_an_image_comes_back_as_a_page(script: Script, tmp_path: Path) -> None:
    script.add_page(1, "Hello")
    path = tmp_path / "image.png"
    path.write_bytes(b"png")

    async def use(client: AsyncClient) -> None:
        page = await client.recognize(path, return_word_box=True)

        assert page.text == "Hello"

    with_client(script, use)


def test_a_documents_pages_come_with_its_start_and_end(script: Script) -> None:
    script.add_page(1, "one")
    script.add_page(2, "two")

    async def use(client: AsyncClient) -> None:
        document = client.recognize_document(b"a pdf", order="completion")
        texts = [page.text async for page in document]

        assert texts == ["one", "two"]
        assert document.start is not None and document.start.selected_page_count == 2
        assert document.end is not None and document.end.ok_page_count == 2

    with_client(script, use)


def test_leaving_the_loop_cancels_the_rest(script: Script) -> None:
    script.add_page(1, "one")
    script.hangs = True

    async def use(client: AsyncClient) -> None:
        async for _ in client.recognize_document(b"a pdf"):
            break

        assert await asyncio.to_thread(script.caller_has_gone.wait, 5.0)

    with_client(script, use)


def test_leaving_the_with_block_cancels_the_rest(script: Script) -> None:
    script.add_page(1, "one")
    script.hangs = True

    async def use(client: AsyncClient) -> None:
        async with client.recognize_document(b"a pdf") as document:
            events = document.events()
            await anext(events)
            assert isinstance(await anext(events), Page)

        assert await asyncio.to_thread(script.caller_has_gone.wait, 5.0)

    with_client(script, use)


def test_a_cancelled_task_cancels_its_call(script: Script) -> None:
    script.add_page(1)
    script.hangs = True

    async def use(client: AsyncClient) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await client.recognize(b"an image")

        assert await asyncio.to_thread(script.caller_has_gone.wait, 5.0)

    with_client(script, use)


def test_lines_models_and_limits(script: Script) -> None:
    async def use(client: AsyncClient) -> None:
        assert [line.text for line in await client.recognize_lines([b"a", b"b"])] == [
            "line 0",
            "line 1",
        ]
        assert [model.engine for model in await client.list_models()] == ["fake"]
        assert (await client.server_info()).version == "1.2.3"

    with_client(script, use)


def test_errors_are_those_of_the_blocking_client(script: Script) -> None:
    script.add_own_failure(
        grpc.StatusCode.INVALID_ARGUMENT, "dpi is 7", "INVALID_FIELD", field="dpi"
    )
    script.add_own_failure(grpc.StatusCode.INVALID_ARGUMENT, "encrypted", "PDF_PASSWORD_REQUIRED")

    async def use(client: AsyncClient) -> None:
        with pytest.raises(InkstreamError) as caught:
            await client.recognize(b"an image")
        assert (caught.value.reason, caught.value.facts) == ("INVALID_FIELD", {"field": "dpi"})
        with pytest.raises(InkstreamError, match="PDF_PASSWORD_REQUIRED"):
            await anext(aiter(client.recognize_document(b"a pdf")))
        with pytest.raises(MessageTooLarge, match="the limit is 4000000"):
            await client.recognize(bytes(4_000_001))

    with_client(script, use)


def test_an_unavailable_server_is_tried_again(script: Script) -> None:
    script.add_failure(grpc.StatusCode.UNAVAILABLE, "going away")
    script.add_page(1, "read")

    async def use(client: AsyncClient) -> None:
        assert (await client.recognize(bytes(3_000_000))).text == "read"

    with_client(script, use)
    assert len(script.requests) == 2
