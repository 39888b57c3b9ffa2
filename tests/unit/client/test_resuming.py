from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import grpc
import pytest

from inkstream import AsyncClient, Client, DocumentEnd, DocumentStart, InkstreamError, Page
from inkstream.decoding import decode_page
from inkstream.resuming import Patience, Resumption, Retry
from inkstream.v1 import ocr_pb2, page_pb2

if TYPE_CHECKING:
    from tests.unit.client.conftest import Script

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
AWAY = InkstreamError("gone", UNAVAILABLE, "UNAVAILABLE")
BUSY = InkstreamError("full", grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL", retry_after_s=7.0)
PATIENCE = Patience(resume_s=30.0, upload_count=3, timeout_s=None)
NEVER_S = 0.0


def start(page_count: int, selected_count: int) -> DocumentStart:
    return DocumentStart(page_count, selected_count, "application/pdf", ocr_pb2.DocumentStart())


def page(number: int, *, is_bad: bool = False) -> Page:
    error = page_pb2.Error(code=3, reason="PDF_DAMAGED") if is_bad else None
    return decode_page(page_pb2.Page(page_number=number, error=error))


def begun(pages: str, page_count: int, selected_count: int, *had: int) -> Resumption:
    resumption = Resumption(pages, PATIENCE, now=100.0)
    assert resumption.takes_start(start(page_count, selected_count))
    assert all(resumption.takes_page(page(number)) for number in had)
    return resumption


def after(
    resumption: Resumption, error: InkstreamError = AWAY, *, now: float = 101.0
) -> Retry | DocumentEnd | None:
    return resumption.after(error, is_upload=False, now=now, jitter=1.0)


@pytest.mark.parametrize(
    ("pages", "page_count", "selected_count", "had", "missing"),
    [
        ("", 5, 5, (1, 2), "3-5"),
        ("", 5, 5, (), "1-5"),
        ("", 7, 7, (2, 4, 5), "1,3,6-7"),
        ("2-3, 7 ,9-", 12, 7, (2, 3, 7), "9-12"),
        ("8-,1", 6, 1, (), "1"),
        ("3-99", 4, 2, (3,), "4"),
    ],
)
def test_what_has_not_come_is_asked_for(
    pages: str, page_count: int, selected_count: int, had: tuple[int, ...], missing: str
) -> None:
    follows = after(begun(pages, page_count, selected_count, *had))

    assert isinstance(follows, Retry)
    assert (follows.pages, follows.timeout_s) == (missing, None)


def test_nothing_is_asked_for_where_only_the_end_is_missing() -> None:
    resumption = begun("", 2, 2, 1)
    assert resumption.takes_page(page(2, is_bad=True))

    end = after(resumption, now=104.0)

    assert isinstance(end, DocumentEnd)
    assert (end.ok_page_count, end.failed_page_count, end.elapsed_s) == (1, 1, 4.0)


def test_what_comes_twice_is_let_through_once() -> None:
    resumption = begun("", 3, 3, 1)

    after(resumption)

    assert not resumption.takes_start(start(3, 2))
    assert not resumption.takes_page(page(1))
    assert resumption.takes_page(page(2))


def test_the_end_of_a_resumed_document_counts_all_its_pages() -> None:
    resumption = begun("", 3, 3, 1, 2)
    of_the_rest = DocumentEnd(1, 0, 0.5, None, ocr_pb2.DocumentEnd())
    assert resumption.whole(of_the_rest, now=110.0) is of_the_rest

    after(resumption)
    resumption.takes_page(page(3))
    whole = resumption.whole(of_the_rest, now=110.0)

    assert (whole.ok_page_count, whole.elapsed_s) == (3, 10.0)
    assert whole.message.ok_page_count == 3


def test_another_document_is_not_taken_for_the_rest_of_the_first() -> None:
    resumption = begun("", 3, 3, 1)

    with pytest.raises(InkstreamError) as changed:
        resumption.takes_start(start(4, 3))

    assert changed.value.reason == "DOCUMENT_CHANGED"


def test_tries_come_ever_later_and_end_when_no_page_came_for_long() -> None:
    resumption = begun("", 3, 3, 1)

    delays_s, now = [], 101.0
    while isinstance(follows := after(resumption, now=now), Retry):
        delays_s.append(follows.delay_s)
        now += follows.delay_s

    assert delays_s[:6] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0]
    assert 131.0 <= now < 136.0
    resumption.takes_page(page(2))
    follows = after(resumption, now=now)
    assert isinstance(follows, Retry) and follows.delay_s == 0.2


def test_a_deadline_holds_for_all_tries_together() -> None:
    resumption = Resumption("", Patience(30.0, 3, timeout_s=2.0), now=100.0)
    resumption.takes_start(start(3, 3))

    first = after(resumption, now=101.0)
    late = after(resumption, now=101.9)

    assert isinstance(first, Retry) and first.timeout_s == pytest.approx(0.8)
    assert late is None


def test_a_full_house_is_waited_for_by_who_was_inside_before() -> None:
    assert after(begun("", 3, 3, 1), BUSY) is None
    resumption = begun("", 3, 3, 1)

    after(resumption, AWAY)
    follows = after(resumption, BUSY)

    assert isinstance(follows, Retry) and follows.delay_s == 7.0


def test_what_is_no_going_away_is_the_documents_own_end() -> None:
    wrong = InkstreamError("wrong", grpc.StatusCode.INVALID_ARGUMENT, "PDF_DAMAGED")

    assert after(begun("", 3, 3, 1), wrong) is None
    assert after(begun("", 9, 4, 1)) is None  # the server counts other pages than we do


def test_an_upload_is_sent_again_as_often_as_any_call() -> None:
    def send(error: InkstreamError) -> Retry | DocumentEnd | None:
        return uploads.after(error, is_upload=True, now=101.0, jitter=0.0)

    uploads = Resumption("2-", PATIENCE, now=100.0)

    assert send(BUSY) is None
    assert [send(AWAY), send(AWAY)] == [Retry("2-", 0.1, None), Retry("2-", 0.2, None)]
    assert send(AWAY) is None
    assert after(Resumption("", PATIENCE, now=100.0)) is None


def break_off(script: Script, *numbers: int) -> None:
    """Let the call end after these pages as if the server were gone."""
    script.page_count = 9
    script.breaks.append(numbers)


def test_a_document_goes_on_where_it_broke_off(script: Script) -> None:
    for number in range(1, 10):
        script.add_page(number, f"page {number}")
    break_off(script, 1, 2, 3)
    break_off(script)
    break_off(script, 4, 5)

    with Client(script.target, attempt_count=1) as client:
        document = client.recognize_document(b"a document")
        events = list(document.events())

    pages = [event for event in events if isinstance(event, Page)]
    assert [each.page_number for each in pages] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert [each.text for each in pages][6] == "page 7"
    assert [type(event) for event in events].count(DocumentStart) == 1
    assert document.end is events[-1] and document.end.ok_page_count == 9
    asked = [each.pages.ranges for each in script.document_requests]
    assert asked == ["", "4-9", "4-9", "6-9"]


def test_the_asyncio_client_resumes_too(script: Script) -> None:
    for number in range(1, 10):
        script.add_page(number)
    break_off(script, 3, 1)
    break_off(script, 2, 4)

    async def read() -> tuple[list[int], DocumentEnd | None]:
        async with AsyncClient(script.target, attempt_count=1) as client:
            document = client.recognize_document(b"a document", order="completion")
            return [page.page_number async for page in document], document.end

    numbers, end = asyncio.run(read())

    assert numbers == [3, 1, 2, 4, 5, 6, 7, 8, 9]
    assert end is not None and end.ok_page_count == 9
    assert [each.pages.ranges for each in script.document_requests] == ["", "2,4-9", "5-9"]


def test_who_wants_no_resumption_has_none(script: Script) -> None:
    script.add_page(1)
    break_off(script, 1)

    with Client(script.target, attempt_count=1, resume_s=NEVER_S) as client:
        document = iter(client.recognize_document(b"a document"))
        assert next(document).page_number == 1
        with pytest.raises(InkstreamError) as broken:
            next(document)

    assert broken.value.code is UNAVAILABLE
    assert len(script.document_requests) == 1


def test_leaving_a_document_ends_its_waiting_to_be_resumed(script: Script) -> None:
    script.add_page(1)
    for _ in range(50):
        break_off(script, 1)

    with Client(script.target, attempt_count=1) as client:
        document = client.recognize_document(b"a document")
        pages = iter(document)
        next(pages)
        document.close()
        started_at = time.monotonic()
        with pytest.raises(InkstreamError):
            next(pages)

    assert time.monotonic() - started_at < 5.0
    assert len(script.document_requests) == 1
