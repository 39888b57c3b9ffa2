from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.errors import InvalidField, OcrError
from inkstream_server.front.upload_protocol import (
    MAX_ID_LENGTH,
    Action,
    TooManyDocuments,
    UploadProtocol,
    Verdict,
)

MAX_BYTES = 64


def protocol(max_open_documents: int = 100, max_documents: int = 1000) -> UploadProtocol:
    return UploadProtocol(
        max_document_bytes=MAX_BYTES,
        max_open_documents=max_open_documents,
        max_documents=max_documents,
    )


def reason_of(verdict: Verdict) -> str:
    assert verdict.error is not None
    return verdict.error.reason


@dataclass
class Desk:
    """A call's other end: does what the protocol says, with bytes in place of documents."""

    protocol: UploadProtocol = field(default_factory=protocol)
    arriving: dict[str, bytes] = field(default_factory=dict)
    complete: dict[str, bytes] = field(default_factory=dict)
    failed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def header(self, name: str, *, has_source: bool = False) -> None:
        verdict = self.protocol.header(name, has_source=has_source)
        if verdict.action is Action.TAKE:
            self.arriving[name] = b""
        elif verdict.action is Action.COMPLETE:
            self.complete[name] = b"source"
        elif verdict.action is Action.FAIL:
            self.failed[name].append(reason_of(verdict))

    def chunk(self, name: str, part: bytes, *, is_last: bool = False) -> None:
        verdict = self.protocol.chunk(name, len(part), is_last=is_last)
        if verdict.action is Action.TAKE:
            self.arriving[name] += part
        elif verdict.action is Action.COMPLETE:
            self.complete[name] = self.arriving.pop(name) + part
        elif verdict.action in (Action.FAIL, Action.SPOIL):
            self.arriving.pop(name, None)
            self.complete.pop(name, None)
            self.failed[name].append(reason_of(verdict))


@dataclass(frozen=True)
class Step:
    name: str
    part: bytes | None  # None: the header
    is_last: bool = False

    def send(self, desk: Desk) -> None:
        if self.part is None:
            desk.header(self.name)
        else:
            desk.chunk(self.name, self.part, is_last=self.is_last)


@st.composite
def uploads(draw: st.DrawFn) -> tuple[dict[str, bytes], list[Step]]:
    """Documents, and a valid order of the messages that upload them side by side."""
    documents: dict[str, bytes] = {}
    lanes: list[list[Step]] = []
    for number in range(draw(st.integers(1, 5))):
        name = f"document {number}"
        parts = draw(st.lists(st.binary(max_size=8), min_size=1, max_size=5))
        documents[name] = b"".join(parts)
        last = len(parts) - 1
        steps = [Step(name, part, at == last) for at, part in enumerate(parts)]
        lanes.append([Step(name, None), *steps])
    return documents, list(interleaved(draw, lanes))


def interleaved(draw: st.DrawFn, lanes: list[list[Step]]) -> Iterator[Step]:
    while left := [lane for lane in lanes if lane]:
        yield draw(st.sampled_from(left)).pop(0)


@given(uploads())
def test_however_chunks_alternate_every_document_is_whole(
    sent: tuple[dict[str, bytes], list[Step]],
) -> None:
    documents, steps = sent
    desk = Desk()

    for step in steps:
        step.send(desk)

    assert desk.complete == documents
    assert not desk.failed
    assert not desk.protocol.open_documents


MISTAKES = {
    "a chunk of a document that is not known": [Step("culprit", b"x")],
    "a chunk before the header": [
        Step("culprit", b"x"),
        Step("culprit", None),
        Step("culprit", b"y", is_last=True),
    ],
    "a chunk after the last one": [
        Step("culprit", None),
        Step("culprit", b"x", is_last=True),
        Step("culprit", b"y"),
        Step("culprit", b"z", is_last=True),
    ],
    "too many bytes": [
        Step("culprit", None),
        Step("culprit", bytes(MAX_BYTES)),
        Step("culprit", b"x"),
        Step("culprit", b"y", is_last=True),
    ],
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
@given(data=st.data(), sent=uploads())
def test_a_mistake_ends_its_own_document_once_and_no_other(
    mistake: list[Step], data: st.DataObject, sent: tuple[dict[str, bytes], list[Step]]
) -> None:
    documents, steps = sent
    places = sorted(data.draw(st.integers(0, len(steps))) for _ in mistake)
    for place, step in reversed(list(zip(places, mistake, strict=True))):
        steps.insert(place, step)
    desk = Desk()

    for step in steps:
        step.send(desk)

    assert desk.complete == documents
    assert list(desk.failed) == ["culprit"]
    assert len(desk.failed["culprit"]) == 1


def test_a_chunk_for_a_document_that_came_with_its_source_ends_it() -> None:
    desk = Desk()
    desk.header("one", has_source=True)

    desk.chunk("one", b"x")

    assert desk.failed == {"one": ["INVALID_FIELD"]}


def test_a_document_may_have_as_many_bytes_as_are_allowed() -> None:
    desk = Desk()
    desk.header("one")

    desk.chunk("one", bytes(MAX_BYTES), is_last=True)

    assert desk.complete == {"one": bytes(MAX_BYTES)}


@pytest.mark.parametrize("name", ["", "x" * (MAX_ID_LENGTH + 1)])
def test_a_name_that_cannot_be_one_ends_the_call(name: str) -> None:
    with pytest.raises(InvalidField) as of_header:
        protocol().header(name, has_source=False)
    with pytest.raises(InvalidField) as of_chunk:
        protocol().chunk(name, 1, is_last=False)

    assert of_header.value.facts["field"] == "header.document_id"
    assert of_chunk.value.facts["field"] == "chunk.document_id"


@pytest.mark.parametrize("has_source", [False, True])
@pytest.mark.parametrize("is_complete", [False, True])
def test_a_second_header_of_one_name_ends_the_call(has_source: bool, is_complete: bool) -> None:
    twice = protocol()
    twice.header("one", has_source=False)
    if is_complete:
        twice.chunk("one", 1, is_last=True)

    with pytest.raises(InvalidField, match="one that the call has not used"):
        twice.header("one", has_source=has_source)


def test_too_many_open_documents_are_refused_until_one_is_complete() -> None:
    desk = Desk(protocol(max_open_documents=2))
    for name in "ab":
        desk.header(name)

    desk.header("c")
    desk.chunk("c", b"dropped", is_last=True)
    desk.header("with a source", has_source=True)
    desk.chunk("a", b"", is_last=True)
    desk.header("d")

    assert desk.failed == {"c": ["QUEUE_FULL"]}
    assert desk.protocol.open_documents == ["b", "d"]


def test_what_is_left_of_a_document_that_failed_here_is_dropped() -> None:
    desk = Desk()
    desk.header("one")

    desk.protocol.fail("one")
    desk.chunk("one", b"x")
    desk.chunk("one", b"y", is_last=True)

    assert not desk.failed and not desk.complete
    assert desk.protocol.open_documents == []


def test_a_call_brings_only_so_many_documents() -> None:
    full = protocol(max_documents=2)
    full.header("one", has_source=True)
    full.chunk("two", 1, is_last=False)

    with pytest.raises(TooManyDocuments):
        full.header("three", has_source=True)
    with pytest.raises(TooManyDocuments):
        full.chunk("three", 1, is_last=True)
    assert full.chunk("two", 1, is_last=True).action is Action.DROP


def test_every_way_to_fail_is_told_with_a_reason() -> None:
    verdict = protocol().chunk("unknown", 1, is_last=True)

    assert isinstance(verdict.error, OcrError)
    assert verdict.error.facts["field"] == "chunk.document_id"
