"""A client that takes none of its answers keeps what it has inside for so long, and no longer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain

import grpc
import pytest
from tests.pictures import pdf, picture, png
from tests.wire.calls import Stubs, document_request, metric, refusal, well_server
from tests.wire.test_lives import eventually
from tests.wire.uploads import upload

from inkstream.v1 import ocr_pb2_grpc
from served import RunningServer

IMAGE = png(picture("one line", "another"))
PAGE_COUNT = 170
LONG = pdf(*["\n".join(["a long page"] * 25)] * PAGE_COUNT, height_pt=900)
DOCUMENT_COUNT = 4
MAX_UNREAD_S = 2.0
UNREAD = 'inkstream_requests_total{method="%s",reason="ANSWERS_UNREAD"}'


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    flags = (
        f"--set=server.max_unread_s={MAX_UNREAD_S}",
        f"--set=server.max_documents={DOCUMENT_COUNT}",
    )
    with well_server(*flags) as running:
        yield running


@contextmanager
def narrow(server: RunningServer) -> Iterator[ocr_pb2_grpc.OcrServiceStub]:
    """A connection whose window does not grow until all answers fit."""
    with grpc.insecure_channel(server.target, [("grpc.http2.bdp_probe", 0)]) as channel:
        yield ocr_pb2_grpc.OcrServiceStub(channel)


def one_stream(stub: ocr_pb2_grpc.OcrServiceStub) -> list[Iterable[object]]:
    documents = [upload(f"{number}", LONG) for number in range(DOCUMENT_COUNT)]
    return [stub.RecognizeStream(chain.from_iterable(documents))]


def many_calls(stub: ocr_pb2_grpc.OcrServiceStub) -> list[Iterable[object]]:
    return [stub.RecognizeDocument(document_request(LONG)) for _ in range(DOCUMENT_COUNT)]


def reason_of_end(call: Iterable[object]) -> str:
    try:
        list(call)
    except grpc.RpcError as ended:
        return refusal(ended).reason
    return "OK"


def reason_of_reading(stubs: Stubs) -> str:
    try:
        assert stubs.read(IMAGE).lines
    except grpc.RpcError as refused:
        return refusal(refused).reason
    return "OK"


@pytest.mark.parametrize("start", [one_stream, many_calls])
def test_a_call_whose_answers_nobody_takes_is_ended_and_its_places_are_free(
    server: RunningServer,
    stubs: Stubs,
    start: Callable[[ocr_pb2_grpc.OcrServiceStub], list[Iterable[object]]],
) -> None:
    method = "RecognizeStream" if start is one_stream else "RecognizeDocument"
    before = metric(server, UNREAD % method)
    with narrow(server) as stub:
        calls = start(stub)
        eventually(lambda: metric(server, "inkstream_pages_in_flight") > 2 * DOCUMENT_COUNT)

        eventually(lambda: reason_of_reading(stubs) == "QUEUE_FULL")
        eventually(lambda: reason_of_reading(stubs) == "OK")
        eventually(lambda: metric(server, "inkstream_pages_in_flight") == 0)

        eventually(lambda: metric(server, UNREAD % method) - before == len(calls))

        assert {reason_of_end(call) for call in calls} == {"ANSWERS_UNREAD"}


def test_a_client_that_reads_slowly_keeps_its_call(server: RunningServer) -> None:
    with narrow(server) as stub:
        (call,) = one_stream(stub)
        count = slept_s = 0.0
        for _ in call:
            count += 1
            if count % 100 == 0:
                time.sleep(MAX_UNREAD_S / 3)
                slept_s += MAX_UNREAD_S / 3

    assert count == DOCUMENT_COUNT * (PAGE_COUNT + 2)
    assert slept_s > 1.5 * MAX_UNREAD_S


def test_a_stream_whose_very_first_answer_is_not_taken_is_told_so(server: RunningServer) -> None:
    options = [("grpc.http2.lookahead_bytes", 1), ("grpc.http2.bdp_probe", 0)]
    before = metric(server, UNREAD % "RecognizeStream")
    with grpc.insecure_channel(server.target, options) as channel:
        (call,) = one_stream(ocr_pb2_grpc.OcrServiceStub(channel))

        eventually(lambda: metric(server, UNREAD % "RecognizeStream") == before + 1)

        assert reason_of_end(call) == "ANSWERS_UNREAD"
