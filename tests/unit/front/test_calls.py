from __future__ import annotations

import asyncio
from typing import cast

import pytest

from inkstream.v1 import ocr_pb2
from inkstream_server.front.calls import AnswersUnread, Calls, Context
from inkstream_server.telemetry.metrics import Metrics

ANSWER = ocr_pb2.RecognizeDocumentResponse()


class ACall:
    """What is asked of gRPC's context, of a call whose client takes answers when it likes."""

    def __init__(self) -> None:
        self.is_taken = asyncio.Event()

    def peer(self) -> str:
        return "ipv4:127.0.0.1:1"

    def set_trailing_metadata(self, metadata: object) -> None:
        del metadata

    def time_remaining(self) -> None:
        return None

    def invocation_metadata(self) -> tuple[()]:
        return ()

    async def write(self, answer: object) -> None:
        del answer
        await self.is_taken.wait()


def calls(max_unread_s: float = 60.0) -> Calls:
    return Calls(Metrics(), max_unread_s=max_unread_s)


def test_calls_have_ended_when_the_last_answer_is_written() -> None:
    async def scenario() -> None:
        all_calls, call = calls(), ACall()
        context = cast(Context, call)

        async def answer() -> None:
            async with all_calls.answering("Recognize", context):
                await all_calls.send(context, ANSWER)

        answering = asyncio.create_task(answer())
        await asyncio.sleep(0)
        ended = asyncio.create_task(all_calls.ended())
        for _ in range(5):
            await asyncio.sleep(0)
        assert not ended.done()

        call.is_taken.set()

        await ended
        assert answering.done()

    asyncio.run(scenario())


def test_without_calls_there_is_nothing_to_wait_for() -> None:
    asyncio.run(calls().ended())


def test_an_answer_that_is_never_taken_is_given_up() -> None:
    async def scenario() -> None:
        with pytest.raises(AnswersUnread, match="for 0 s"):
            await calls(max_unread_s=0.0).send(cast(Context, ACall()), ANSWER)

    asyncio.run(scenario())
