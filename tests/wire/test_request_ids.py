"""Every answer tells the id of its request: in metadata, headers, errors and the log."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import grpc
import pytest
from grpc_health.v1 import health_pb2
from tests.pictures import picture, png
from tests.wire.calls import CALL_S, Stubs, refusal, stubs_of, well_server
from tests.wire.http_calls import Answer, base64_of, post, post_body

from inkstream.v1 import models_pb2, ocr_pb2, source_pb2
from served import RunningServer

IMAGE = png(picture("text"))
KEY = "x-request-id"
ASKED = ((KEY, "theirs-1"),)
REQUEST = ocr_pb2.RecognizeRequest(source=source_pb2.Source(content=IMAGE))


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """A server whose log is for programs."""
    with well_server("--set=log_format=json") as running:
        yield running


@pytest.fixture(scope="module")
def stubs(server: RunningServer) -> Iterator[Stubs]:
    with stubs_of(server) as stubs:
        yield stubs


def trailing_id(call: grpc.Call) -> object:
    return dict(call.trailing_metadata() or ()).get(KEY)


def events(server: RunningServer, request_id: str) -> list[dict[str, object]]:
    lines = [line for line in server.log_text().splitlines() if line.startswith("{")]
    return [told for line in lines if (told := json.loads(line)).get("request") == request_id]


def answer_of(server: RunningServer, headers: dict[str, str], **members: object) -> Answer:
    return post_body(server, json.dumps(members).encode(), headers)


def test_a_call_that_succeeds_tells_its_id_at_its_end(stubs: Stubs) -> None:
    _, chosen = stubs.ocr.Recognize.with_call(REQUEST, metadata=ASKED, timeout=CALL_S)
    _, given = stubs.ocr.Recognize.with_call(REQUEST, timeout=CALL_S)

    assert trailing_id(chosen) == "theirs-1"
    assert uuid.UUID(str(trailing_id(given)))


def test_a_call_that_fails_tells_its_id_twice(stubs: Stubs) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        stubs.ocr.Recognize(ocr_pb2.RecognizeRequest(), metadata=ASKED, timeout=CALL_S)

    assert refusal(refused.value).request_id == "theirs-1"
    assert isinstance(refused.value, grpc.Call)
    assert trailing_id(refused.value) == "theirs-1"


@pytest.mark.parametrize("asked", ["", "two words", "x" * 129, 'quote"', "a=b"])
def test_an_id_that_is_not_sane_is_not_taken(stubs: Stubs, asked: str) -> None:
    _, call = stubs.models.ListModels.with_call(
        models_pb2.ListModelsRequest(), metadata=((KEY, asked),), timeout=CALL_S
    )

    assert uuid.UUID(str(trailing_id(call)))


def test_a_method_that_is_not_there_is_refused_as_everything_is(stubs: Stubs) -> None:
    unary: grpc.UnaryUnaryMultiCallable[bytes, bytes] = stubs.channel.unary_unary(
        "/inkstream.v1.OcrService/Guess"
    )
    stream: grpc.StreamStreamMultiCallable[bytes, bytes] = stubs.channel.stream_stream(
        "/no/" + "x" * 999
    )

    with pytest.raises(grpc.RpcError) as first:
        unary(b"", metadata=ASKED, timeout=CALL_S)
    with pytest.raises(grpc.RpcError) as second:
        list(stream(iter([b"", b""]), timeout=CALL_S))

    told = refusal(first.value)
    assert (told.code, told.reason) == (grpc.StatusCode.UNIMPLEMENTED, "METHOD_UNKNOWN")
    assert told.facts == {"method": "/inkstream.v1.OcrService/Guess"}
    assert told.request_id == "theirs-1"
    assert refusal(second.value).reason == "METHOD_UNKNOWN"


def test_health_of_a_service_that_is_not_there_is_refused_as_everything_is(stubs: Stubs) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        stubs.health.Check(health_pb2.HealthCheckRequest(service="no"), timeout=CALL_S)

    told = refusal(refused.value)
    assert (told.code, told.reason) == (grpc.StatusCode.NOT_FOUND, "SERVICE_UNKNOWN")
    assert told.request_id and told.facts == {"service": "no"}


def test_http_tells_the_id_in_the_header_and_the_body(server: RunningServer) -> None:
    read = answer_of(server, {KEY: "theirs-2"}, file=base64_of(IMAGE))
    failed = answer_of(server, {KEY: "theirs-3"}, file="!")
    given = post(server, file=base64_of(IMAGE))

    assert (read.status, read.headers[KEY], read.json["logId"]) == (200, "theirs-2", "theirs-2")
    assert (failed.reason, failed.headers[KEY]) == ("INVALID_FIELD", "theirs-3")
    assert failed.json["logId"] == "theirs-3"
    assert uuid.UUID(given.headers[KEY]) == uuid.UUID(given.json["logId"])


def test_the_id_in_a_body_counts_where_no_header_has_one(server: RunningServer) -> None:
    alone = answer_of(server, {}, file="!", logId="theirs-4")
    beside = answer_of(server, {KEY: "theirs-5"}, file="!", logId="theirs-6")

    assert (alone.headers[KEY], alone.json["logId"]) == ("theirs-4", "theirs-4")
    assert (beside.headers[KEY], beside.json["logId"]) == ("theirs-5", "theirs-6")
    assert events(server, "theirs-5") and not events(server, "theirs-6")


def test_a_call_is_one_line_of_the_log_without_what_it_read(
    server: RunningServer, stubs: Stubs
) -> None:
    stubs.ocr.Recognize(REQUEST, metadata=((KEY, "one-line"),), timeout=CALL_S)

    (told,) = events(server, "one-line")
    assert told["message"] == "call ended"
    assert (told["method"], told["reason"], told["level"]) == ("Recognize", "OK", "INFO")
    assert (told["pages"], told["failed_pages"], told["lines"]) == (1, 0, 1)
    assert isinstance(told["elapsed_ms"], float) and told["elapsed_ms"] > 0
    assert "text" not in json.dumps([told[name] for name in told if name != "message"])


def test_every_line_of_the_log_is_one_object(server: RunningServer) -> None:
    for line in server.log_text().splitlines():
        assert json.loads(line)["message"]
