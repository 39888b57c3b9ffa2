"""How the tests upload documents on one call, and sort out what comes back."""

from __future__ import annotations

import queue
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.process.scenarios import children_of
from tests.wire.calls import reading

from inkstream.v1 import ocr_pb2
from served import RunningServer

Message = ocr_pb2.RecognizeStreamRequest
Response = ocr_pb2.RecognizeStreamResponse


def header(document_id: str, **fields: object) -> Message:
    opened = ocr_pb2.DocumentHeader(document_id=document_id, **fields)  # type: ignore[arg-type] # a test's own
    return Message(header=opened)


def chunk(document_id: str, data: bytes, *, last: bool = False) -> Message:
    return Message(chunk=ocr_pb2.DocumentChunk(document_id=document_id, data=data, last=last))


def chunks(document_id: str, content: bytes, size_bytes: int) -> Iterator[Message]:
    for at in range(0, max(1, len(content)), size_bytes):
        yield chunk(
            document_id, content[at : at + size_bytes], last=at + size_bytes >= len(content)
        )


def upload(document_id: str, content: bytes, size_bytes: int = 64 << 10) -> Iterator[Message]:
    yield header(document_id)
    yield from chunks(document_id, content, size_bytes)


def alternately(*lanes: Iterable[Message]) -> Iterator[Message]:
    """One message of each in turn, until none has any left."""
    left = [iter(lane) for lane in lanes]
    while left:
        for lane in list(left):
            message = next(lane, None)
            if message is None:
                left.remove(lane)
            else:
                yield message


class Sender:
    """A client's side that stays open for as long as a test likes."""

    def __init__(self) -> None:
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()

    def send(self, *messages: Message) -> None:
        for message in messages:
            self._messages.put(message)

    def close(self) -> None:
        self._messages.put(None)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._messages.get, None)


def by_document(responses: Iterable[Response]) -> dict[str, list[Response]]:
    events: dict[str, list[Response]] = defaultdict(list)
    for response in responses:
        events[response.document_id].append(response)
    return dict(events)


def readings(events: Iterable[Response]) -> list[bytes]:
    return [reading(event.page) for event in events if event.HasField("page")]


def reason(events: list[Response]) -> str:
    """Why a document failed; empty where it did not."""
    assert events[-1].HasField("end"), "a document ends with its end"
    assert not any(event.HasField("end") for event in events[:-1]), "and ends once"
    return events[-1].end.error.reason


def spooled_files(server: RunningServer, folder: Path) -> int:
    """How many files of uploads the server and its workers have open or mapped."""
    found = 0
    for pid in (server.process.pid, *children_of(server.process.pid)):
        maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()
        found += sum(str(folder) in line for line in maps)
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                found += descriptor.readlink().parent == folder
            except FileNotFoundError:
                continue
    return found
