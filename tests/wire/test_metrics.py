"""What a server tells Prometheus of work that it has done."""

from __future__ import annotations

import json
from collections.abc import Iterator

import grpc
import pytest
from tests.pictures import picture, png
from tests.wire.calls import CALL_S, Stubs, metric, stubs_of, well_server
from tests.wire.http_calls import base64_of, post_body
from tests.wire.test_lives import eventually

from inkstream.v1 import models_pb2, ocr_pb2, source_pb2
from served import RunningServer

IMAGE = png(picture("one line", "another"))
REQUEST = ocr_pb2.RecognizeRequest(source=source_pb2.Source(content=IMAGE))
RECOGNISER = '{step="PP-OCRv4_mobile_rec"}'


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with well_server("--model-workers", "1", "--cpu-workers", "1") as running:
        yield running


@pytest.fixture(scope="module")
def stubs(server: RunningServer) -> Iterator[Stubs]:
    with stubs_of(server) as stubs:
        yield stubs


def grown(server: RunningServer, before: dict[str, float]) -> dict[str, float]:
    return {series: metric(server, series) - value for series, value in before.items()}


def told(server: RunningServer, *series: str) -> dict[str, float]:
    return {each: metric(server, each) for each in series}


def test_traffic_is_counted_in_calls_pages_lines_and_bytes(
    server: RunningServer, stubs: Stubs
) -> None:
    received = 'inkstream_received_bytes_total{method="Recognize"}'
    sent = 'inkstream_sent_bytes_total{method="Recognize"}'
    pages = 'inkstream_pages_total{reason="OK"}'
    before = told(server, received, sent, pages, "inkstream_lines_total")

    answer = stubs.ocr.Recognize(REQUEST, timeout=CALL_S)

    seen = grown(server, before)
    assert seen == {
        received: REQUEST.ByteSize(),
        sent: answer.ByteSize(),
        pages: 1,
        "inkstream_lines_total": len(answer.page.lines),
    }


def test_traffic_of_http_is_counted_too(server: RunningServer) -> None:
    received = 'inkstream_received_bytes_total{method="POST /ocr"}'
    sent = 'inkstream_sent_bytes_total{method="POST /ocr"}'
    before = told(server, received, sent)

    good = json.dumps({"file": base64_of(IMAGE), "visualize": False}).encode()
    bad = b'{"file": "!"}'
    answers = [post_body(server, good), post_body(server, bad)]

    assert [answer.status for answer in answers] == [200, 422]
    eventually(
        lambda: (
            grown(server, before)
            == {
                received: len(good) + len(bad),
                sent: sum(len(json.dumps(answer.json)) for answer in answers),
            }
        )
    )


def test_latency_is_told_by_method_and_outcome(server: RunningServer, stubs: Stubs) -> None:
    name = 'inkstream_request_duration_seconds_count{method="Recognize",outcome="%s"}'
    before = told(server, name % "ok", name % "caller", "inkstream_page_duration_seconds_count")

    stubs.ocr.Recognize(REQUEST, timeout=CALL_S)
    with pytest.raises(grpc.RpcError):
        stubs.ocr.Recognize(ocr_pb2.RecognizeRequest(), timeout=CALL_S)

    # A call that fails is counted once its status is on its way.
    eventually(lambda: set(grown(server, before).values()) == {1})


def test_how_full_batches_are_and_what_of_them_is_padding_is_told(
    server: RunningServer, stubs: Stubs
) -> None:
    items = "inkstream_batch_items_sum" + RECOGNISER
    places = "inkstream_batch_places_total" + RECOGNISER
    own = "inkstream_batch_own_pixels_total" + RECOGNISER
    padded = "inkstream_batch_padded_pixels_total" + RECOGNISER
    before = told(server, items, places, own, padded)

    answer = stubs.ocr.Recognize(REQUEST, timeout=CALL_S)

    seen = grown(server, before)
    assert seen[items] == len(answer.page.lines) <= seen[places]
    assert 0 < seen[own] < seen[padded]  # both lines are narrower than the least width


def test_what_is_served_and_by_whom_is_told(server: RunningServer, stubs: Stubs) -> None:
    for model in stubs.models.ListModels(models_pb2.ListModelsRequest(), timeout=CALL_S).models:
        series = (
            f'inkstream_model_info{{device="{model.device}",engine="{model.engine}",'
            f'model="{model.name}",module="{model.module}",precision="{model.precision}"}}'
        )
        assert metric(server, series) == 1
    for pool in ("cpu", "model"):
        for name in ("workers", "workers_ready"):
            assert metric(server, f'inkstream_{name}{{pool="{pool}"}}') == 1
        assert metric(server, f'inkstream_workers_busy{{pool="{pool}"}}') == 0
    assert metric(server, "inkstream_documents_limit") == 512
    assert metric(server, 'inkstream_upload_size_bytes{place="disk"}') == 16384 << 20


def test_a_method_that_is_not_there_makes_no_series(server: RunningServer, stubs: Stubs) -> None:
    for name in ("a", "b"):
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = stubs.channel.unary_unary(f"/x/{name}")
        with pytest.raises(grpc.RpcError):
            call(b"", timeout=CALL_S)

    series = 'inkstream_requests_total{method="unknown",reason="METHOD_UNKNOWN"}'
    eventually(lambda: metric(server, series) == 2)
