from __future__ import annotations

import asyncio
import pickle
import socket
import threading
from collections.abc import Iterator

import pytest
from tests.every_error import every_error

from inkstream_server.errors import InvalidField, OcrError
from inkstream_server.workers.channel import (
    BlockingChannel,
    Finished,
    Message,
    Ready,
    Run,
    StartFailed,
    Tell,
    encode,
    receive,
)

MESSAGES: list[Message] = [
    Ready(()),
    StartFailed(None, "Traceback …"),
    Run("draw", ("x" * 300_000, 2)),
    Tell({"a": 1}),
    Finished(("text", None), busy_s=0.5),
]


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_every_message_arrives_as_it_was_sent(ends: tuple[socket.socket, socket.socket]) -> None:
    async def received() -> list[Message]:
        reader, writer = await asyncio.open_unix_connection(sock=ends[0])
        try:
            return [await receive(reader) for _ in MESSAGES]
        finally:
            writer.close()
            await writer.wait_closed()

    worker = BlockingChannel(ends[1])

    def send_all() -> None:
        for each in MESSAGES:
            worker.send(each)

    sending = threading.Thread(target=send_all)
    sending.start()

    assert asyncio.run(received()) == MESSAGES
    sending.join()


def test_the_worker_gets_every_message_in_order(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    content = b"".join(encode(each) for each in MESSAGES)
    sending = threading.Thread(target=ends[0].sendall, args=(content,))
    sending.start()

    worker = BlockingChannel(ends[1])

    assert [worker.receive() for _ in MESSAGES] == MESSAGES
    sending.join()


@pytest.mark.parametrize("byte_count", [0, 2, 10])
def test_a_server_that_is_gone_is_no_message(
    ends: tuple[socket.socket, socket.socket], byte_count: int
) -> None:
    ends[0].sendall(encode(Run("draw", (1, 2)))[:byte_count])
    ends[0].close()

    assert BlockingChannel(ends[1]).receive() is None


def test_a_worker_that_is_gone_is_told_as_such(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ends[1].sendall(encode(Finished((), busy_s=0.0))[:10])
    ends[1].close()

    async def scenario() -> None:
        reader, writer = await asyncio.open_unix_connection(sock=ends[0])
        with pytest.raises(asyncio.IncompleteReadError):
            await receive(reader)
        writer.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_arrives_with_its_message_and_facts(kind: type[OcrError]) -> None:
    sent = kind("the message", field="source", value=3)

    arrived = pickle.loads(pickle.dumps(sent))

    assert type(arrived) is kind
    assert str(arrived) == arrived.message == "the message"
    assert arrived.facts == {"field": "source", "value": "3"}


def test_a_field_error_arrives_with_what_its_maker_said() -> None:
    sent = InvalidField.of("pages.dpi", 5, "10 to 600")

    arrived = pickle.loads(pickle.dumps(sent))

    assert arrived.message == sent.message == "pages.dpi is 5; allowed: 10 to 600"
    assert arrived.facts == sent.facts
