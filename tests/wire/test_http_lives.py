"""Calls of POST /ocr that are left, refused, held up, or under way when a server ends."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest
from tests.pictures import pdf, picture, png
from tests.wire.calls import CALL_S, http_get, metric, well_server
from tests.wire.http_calls import base64_of, begun, post
from tests.wire.test_lives import FAKE, eventually, paused_workers, send

from served import START_S, RunningServer, running_server

PICTURE = png(picture("one line", "another"))
# Of what has come of a body nothing tells; one that is sent sooner may take its place.
COMING_S = 1.0
FILE = base64_of(PICTURE)
LARGE_FILE = base64_of(PICTURE + bytes(3 << 20))
BODY = json.dumps({"file": FILE}).encode()
CANCELLED = 'inkstream_requests_total{method="POST /ocr",reason="CANCELLED"}'


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """A server that these tests may trouble, as long as it is well afterwards."""
    flags = (
        "--set=server.max_documents=2",
        "--set=uploads.max_idle_s=3",
        "--set=uploads.incoming_bytes=3145728",
    )
    with well_server(*flags) as running:
        yield running


def inside_count(server: RunningServer) -> float:
    """How many pictures are inside, before any is looked at."""
    taken_bytes = metric(server, 'inkstream_arena_taken_bytes{arena="documents"}')
    return taken_bytes // len(PICTURE)


def rest_of(server: RunningServer, sent: bytes, content_length: int) -> bytes:
    """All that is answered to a request of which no more comes."""
    with begun(server, sent, content_length) as connection:
        return b"".join(iter(lambda: connection.recv(4096), b""))


def test_who_goes_away_is_read_no_further(server: RunningServer) -> None:
    before = metric(server, CANCELLED)
    with paused_workers(server):
        connection = begun(server, BODY, len(BODY))
        eventually(lambda: inside_count(server) == 1)

        connection.close()

        eventually(lambda: metric(server, CANCELLED) == before + 1)
    eventually(lambda: inside_count(server) == 0)
    assert post(server, file=FILE).status == 200


@pytest.mark.parametrize("file", [FILE, LARGE_FILE])
def test_a_full_house_is_told_with_when_to_try_again(server: RunningServer, file: str) -> None:
    with ThreadPoolExecutor() as others, paused_workers(server):
        inside = [others.submit(post, server, file=FILE) for _ in range(2)]
        eventually(lambda: inside_count(server) == 2)

        refused = post(server, file=file)

        assert (refused.status, refused.reason) == (429, "QUEUE_FULL")
        assert int(refused.headers["Retry-After"]) >= 1
        assert http_get(server, "/health")[0] == 200
    assert [each.result().status for each in inside] == [200, 200]


def test_a_body_that_stops_coming_is_given_up(server: RunningServer) -> None:
    started_at = time.monotonic()

    answer = rest_of(server, BODY[:-5], len(BODY))

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"UPLOAD_STALLED" in answer
    assert 1 <= time.monotonic() - started_at < CALL_S
    assert inside_count(server) == 0


def test_a_body_that_comes_drop_by_drop_is_given_up(server: RunningServer) -> None:
    started_at = time.monotonic()
    with begun(server, BODY[:10], len(BODY)) as connection:
        connection.settimeout(0.2)
        answer = b""
        while not answer and time.monotonic() - started_at < CALL_S:
            connection.sendall(b"A")
            with suppress(TimeoutError):
                answer = connection.recv(4096)

    assert answer.startswith(b"HTTP/1.1 408 ")


def test_bodies_that_are_not_whole_take_no_more_memory_than_they_may(
    server: RunningServer,
) -> None:
    part = json.dumps({"file": base64_of(bytes(700 << 10))}).encode()
    with ExitStack() as opened:
        for _ in range(4):
            opened.enter_context(begun(server, part[:-5], len(part)))
        time.sleep(COMING_S)

        eventually(lambda: post(server, file=base64_of(bytes(700 << 10))).status == 429)

    eventually(lambda: post(server, file=FILE).status == 200)


def test_a_large_file_that_stops_coming_leaves_its_place(server: RunningServer) -> None:
    body = json.dumps({"file": LARGE_FILE}).encode()
    with ExitStack() as opened:
        for _ in range(2):
            opened.enter_context(begun(server, body[:-5], len(body)))
        time.sleep(COMING_S)
        eventually(lambda: post(server, file=FILE).status == 429)

        eventually(lambda: post(server, file=FILE).status == 200)


def test_a_body_that_is_cut_off_costs_nothing(server: RunningServer) -> None:
    before = metric(server, CANCELLED)

    begun(server, BODY[:-5], len(BODY)).close()

    eventually(lambda: metric(server, CANCELLED) == before + 1)
    assert "Traceback" not in server.log_text()


def test_a_connection_serves_one_request_after_the_other(server: RunningServer) -> None:
    head = f"POST /ocr HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
    wrong = b"POST /ocr HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
    last = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    answers = rest_of(server, BODY + wrong + head + BODY + last, len(BODY))

    statuses = [int(part[:3]) for part in answers.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [200, 422, 200, 200]


def test_a_damaged_body_is_refused(server: RunningServer) -> None:
    head = b"POST /ocr HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with begun(server, BODY, len(BODY)) as connection:
        connection.recv(1 << 16)
        connection.sendall(head + b"zz\r\nno chunk\r\n")
        rest = b"".join(iter(lambda: connection.recv(4096), b""))

    assert b" 422 " in rest or b" 400 " in rest
    assert post(server, file=FILE).status == 200
    assert "Traceback" not in server.log_text()


def test_before_it_is_warm_a_server_answers_that_it_is_not() -> None:
    with running_server(*FAKE, until_serving=False) as starting:
        early = post(starting, file=FILE)

        assert (early.status, early.reason) == (503, "STARTING_UP")
        eventually(lambda: http_get(starting, "/health")[0] == 200, limit_s=START_S)
        assert post(starting, file=FILE).status == 200


def test_a_call_in_flight_finishes_while_the_server_drains() -> None:
    book = base64_of(pdf(*(f"page {number}" for number in range(10))))
    with running_server(*FAKE) as draining, ThreadPoolExecutor() as other:
        with paused_workers(draining):
            call = other.submit(post, draining, file=book)
            eventually(lambda: inside_count(draining) > 0)
            draining.process.send_signal(signal.SIGTERM)
            eventually(lambda: http_get(draining, "/health")[0] == 503)
            late = post(draining, file=FILE)

        assert (late.status, late.reason) == (503, "SHUTTING_DOWN")
        assert len(call.result().pages) == 10
        assert draining.process.wait(CALL_S) == 0
        assert "Traceback" not in draining.log_text()


def test_a_call_that_outlasts_the_grace_is_told_why() -> None:
    flags = (*FAKE, "--set=server.drain_grace_s=0.5")
    with running_server(*flags) as draining, ThreadPoolExecutor() as other:
        send(draining, signal.SIGSTOP)
        call = other.submit(post, draining, file=FILE)
        eventually(lambda: inside_count(draining) > 0)

        assert draining.stop() == 0

        assert (call.result().status, call.result().reason) == (503, "SHUTTING_DOWN")
        assert "Traceback" not in draining.log_text()
