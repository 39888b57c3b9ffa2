"""What the server predicts of a call, and what it refuses because of that."""

from __future__ import annotations

import grpc
import pytest
from tests.pictures import pdf, picture, png
from tests.wire.calls import CALL_S, FAKE_ENGINE, Stubs, document_request, refusal, stubs_of

from inkstream.v1 import ocr_pb2, source_pb2
from served import running_server

PREDICTION_KEY = "inkstream-predicted-ms"
IMAGE = png(picture("text"))
BOOK_PAGE_COUNT = 200


def test_who_is_let_in_is_told_what_the_answer_will_take(stubs: Stubs) -> None:
    request = ocr_pb2.RecognizeRequest(source=source_pb2.Source(content=IMAGE))
    _, image_call = stubs.ocr.Recognize.with_call(request, timeout=CALL_S)
    document_call = stubs.ocr.RecognizeDocument(document_request(pdf("one")), timeout=CALL_S)
    list(document_call)

    for call in (image_call, document_call):
        told = dict(call.initial_metadata())[PREDICTION_KEY]
        assert 0 <= int(told) < 1000 * CALL_S


def test_a_book_that_cannot_be_read_in_time_is_refused_at_once() -> None:
    book = pdf(*("page",) * BOOK_PAGE_COUNT)
    with running_server(*FAKE_ENGINE) as server, stubs_of(server) as stubs:
        with pytest.raises(grpc.RpcError) as refused:
            list(stubs.ocr.RecognizeDocument(document_request(book), timeout=3.0))
        found = refusal(refused.value)

        assert found.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert found.reason == "DEADLINE_TOO_SHORT"
        assert not found.retry_s  # it would not help: the book alone takes longer
        assert found.pushback_ms == -1
        assert "retry_after_s" not in found.facts
        assert float(found.facts["predicted_s"]) > 3.0
        assert stubs.read(IMAGE).lines  # who has time is served meanwhile
        assert server.stop() == 0
