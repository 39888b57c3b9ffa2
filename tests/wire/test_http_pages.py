"""POST /pages: a file as it is, and its pages as they finish."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator

import pytest
from tests.pictures import pdf, picture, png, tiff
from tests.wire.calls import (
    CALL_S,
    Stubs,
    document_request,
    http_get,
    metric,
    pages_of,
    reading,
    well_server,
)
from tests.wire.pages_calls import begun, event_of, read_pages
from tests.wire.test_lives import FAKE, IN_FLIGHT, eventually, paused_workers, send

from inkstream.v1 import ocr_pb2, settings_pb2
from served import RunningServer, running_server

IMAGE = png(picture("first line", "second line"))
BOOK = pdf("one", "two", "three", "four")
SCANS = tiff(picture("first page"), picture("second", "page"), picture())
LONG = pdf(*(f"page {number}" for number in range(150)))
# The fixture's limit is 2 million pixels.
TOO_LARGE = picture(height_px=1001, width_px=2000)
CANCELLED = 'inkstream_requests_total{method="POST /pages",reason="CANCELLED"}'


@pytest.fixture
def own_server() -> Iterator[RunningServer]:
    """A server that a test may trouble."""
    with well_server("--set=uploads.max_idle_s=1", "--model-workers=1") as running:
        yield running


def test_the_lines_are_the_events_of_the_contract(server: RunningServer, stubs: Stubs) -> None:
    answer = read_pages(server, SCANS)

    start, *pages, end = answer.events
    assert start.start == ocr_pb2.DocumentStart(
        page_count=3, selected_page_count=3, media_type="image/tiff"
    )
    expected = pages_of(stubs.read_document(document_request(SCANS)))
    assert [reading(event.page) for event in pages] == [reading(page) for page in expected]
    assert [bool(event.page.lines) for event in pages] == [True, True, False]
    assert all(event.page.timing.total.nanos for event in pages)
    assert (end.end.ok_page_count, end.end.failed_page_count) == (3, 0)


def test_what_may_be_added_to_a_page_is_as_over_grpc(server: RunningServer, stubs: Stubs) -> None:
    options = settings_pb2.RecognizeOptions(
        return_word_box=True,
        return_page_images=True,
        visualize=True,
        use_textline_orientation=False,
        text_det_box_thresh=0.5,
        frame=settings_pb2.FRAME_READ,
    )

    answer = read_pages(
        server, IMAGE, returnWordBox="true", returnPageImages="true", visualize="true",
        useTextlineOrientation="false", textDetBoxThresh=0.5, frame="read",
    )  # fmt: skip

    (page,) = pages_of(answer.events)
    request = document_request(IMAGE, options=options)
    (expected,) = pages_of(stubs.read_document(request))
    assert page.lines[0].words and page.input_image and page.visualization
    assert reading(page) == reading(expected)


def test_a_selection_is_read_at_its_resolution(server: RunningServer) -> None:
    answer = read_pages(server, BOOK, ranges="2-3", dpi=72, order="completion")

    pages = sorted(pages_of(answer.events), key=lambda page: page.page_number)
    assert [(page.page_number, page.width) for page in pages] == [(2, 300), (3, 300)]


def test_the_answer_says_what_it_is_and_is_kept_by_nobody(server: RunningServer) -> None:
    headers = read_pages(server, IMAGE).headers

    assert headers["Content-Type"] == "application/x-ndjson"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert float(headers["inkstream-predicted-ms"]) > 0


def test_pages_come_while_later_ones_are_read(own_server: RunningServer) -> None:
    with begun(own_server, LONG) as response:
        first = [event_of(response.readline()) for _ in range(2)]
        with paused_workers(own_server):
            assert metric(own_server, IN_FLIGHT) > 0

        assert first[0].start.page_count == 150
        assert first[1].page.page_number == 1
        assert len(response.read().splitlines()) == 150


def test_what_cannot_be_read_is_told_before_any_line(server: RunningServer) -> None:
    locked = pdf("secret", password="päss word")
    refusals = [
        read_pages(server, b"no picture"),
        read_pages(server, b""),
        read_pages(server, locked),
        read_pages(server, locked, "wrong"),
        read_pages(server, png(TOO_LARGE)),
    ]

    assert [each.status for each in refusals[:4]] == [422] * 4
    assert [each.json["reason"] for each in refusals[:4]] == [
        "UNSUPPORTED_MEDIA_TYPE", "EMPTY_INPUT", "PDF_PASSWORD_REQUIRED", "PDF_PASSWORD_WRONG",
    ]  # fmt: skip
    assert len(pages_of(read_pages(server, locked, "p%C3%A4ss%20word").events)) == 1


def test_a_page_that_fails_leaves_the_others(server: RunningServer) -> None:
    answer = read_pages(server, tiff(picture("well"), TOO_LARGE, picture("well")))

    first, bad, last = pages_of(answer.events)
    assert first.lines and last.lines
    assert (bad.page_number, bad.error.reason, bad.error.code) == (2, "IMAGE_TOO_LARGE", 3)
    assert (answer.events[-1].end.ok_page_count, answer.events[-1].end.failed_page_count) == (2, 1)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("ranges=5-", "ranges"),
        ("ranges=x", "ranges"),
        ("dpi=9999", "dpi"),
        ("dpi=low", "dpi"),
        ("unknown=1", "unknown"),
        ("dpi=72&dpi=73", "dpi"),
        ("textRecScoreThresh=2", "textRecScoreThresh"),
        ("textRecScoreThresh=nan", "textRecScoreThresh"),
        ("order=random", "order"),
        ("useDocUnwarping=perhaps", "useDocUnwarping"),
    ],
)
def test_a_wrong_query_is_told_by_the_name_that_was_sent(
    server: RunningServer, query: str, field: str
) -> None:
    name, _, _ = query.partition("=")
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=CALL_S) as connection:
        head = f"POST /pages?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        connection.sendall(f"{head}Content-Length: {len(BOOK)}\r\n\r\n".encode() + BOOK)
        answer = b"".join(iter(lambda: connection.recv(4096), b""))

    assert answer.startswith(b"HTTP/1.1 422 ")
    told = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (told["reason"], told["facts"]["field"]) == ("INVALID_FIELD", field)
    assert name in told["errorMsg"]


def test_what_is_not_served_is_told(server: RunningServer) -> None:
    answers = [
        read_pages(server, IMAGE, useDocUnwarping="true"),
        read_pages(server, IMAGE, textRecModel="no"),
    ]

    assert [(each.status, each.json["reason"]) for each in answers] == [
        (400, "MODULE_NOT_SERVED"),
        (400, "MODEL_NOT_SERVED"),
    ]


def test_a_file_may_be_larger_than_a_message(server: RunningServer) -> None:
    answer = read_pages(server, IMAGE + bytes(5 << 20))  # what follows a PNG is nothing

    assert len(pages_of(answer.events)) == 1


def test_a_body_that_stops_coming_is_given_up(own_server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", own_server.http_port), timeout=CALL_S) as sending:
        sending.sendall(b"POST /pages HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
        answer = b"".join(iter(lambda: sending.recv(4096), b""))

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"UPLOAD_STALLED" in answer


def test_a_body_in_a_damaged_coding_is_refused(server: RunningServer) -> None:
    head = b"POST /pages HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=CALL_S) as sending:
        sending.sendall(head + b"no gzip!")
        answer = sending.recv(4096)

    assert answer.startswith((b"HTTP/1.1 422 ", b"HTTP/1.1 400 "))
    assert b"REQUEST_MALFORMED" in answer


def test_who_goes_away_is_read_no_further(own_server: RunningServer) -> None:
    with begun(own_server, LONG) as response:
        response.readline()

    eventually(lambda: metric(own_server, CANCELLED) == 1)
    eventually(lambda: metric(own_server, IN_FLIGHT) == 0)
    assert metric(own_server, 'inkstream_pages_total{reason="OK"}') < 150


def test_an_answer_that_is_broken_off_says_why_in_its_last_line() -> None:
    with running_server(*FAKE, "--set=server.drain_grace_s=0.5") as draining:
        with begun(draining, LONG) as response:
            lines = [response.readline() for _ in range(2)]
            send(draining, signal.SIGSTOP)
            draining.process.send_signal(signal.SIGTERM)
            lines += response.read().splitlines()
        assert draining.process.wait(CALL_S) == 0

    end = event_of(lines[-1]).end
    assert (end.error.reason, end.error.code) == ("SHUTTING_DOWN", 14)
    assert end.ok_page_count == len(lines) - 2 < 150


def test_only_posts_are_taken(server: RunningServer) -> None:
    assert http_get(server, "/pages")[0] == 405
