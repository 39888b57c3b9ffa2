from __future__ import annotations

import pickle
import time
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2

from inkstream import (
    Box,
    Client,
    DocumentEnd,
    DocumentStart,
    Frame,
    InkstreamError,
    LineText,
    MessageTooLarge,
    Page,
)
from inkstream.v1 import ocr_pb2, settings_pb2

if TYPE_CHECKING:
    from tests.unit.client.conftest import Script

INVALID = grpc.StatusCode.INVALID_ARGUMENT
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


def test_an_image_comes_back_as_a_page(script: Script) -> None:
    script.add_page(1, "Hello", "World")

    with Client(script.target) as client:
        page = client.recognize(b"an image")

    assert page.text == "Hello\nWorld"
    assert (page.page_number, page.width, page.height) == (1, 100, 200)
    assert page.doc_angle == 180
    assert page.frame is Frame.SOURCE
    assert page.timing.total_s == 1.5
    assert page.error is None
    assert page.lines[0].box == Box(0, 5, 90, 25)
    assert page.lines[0].angle is None
    assert np.array(page.lines[0].polygon).shape == (4, 2)


def test_a_page_tells_which_image_its_coordinates_are_in(script: Script) -> None:
    for number, frame in enumerate(
        (settings_pb2.FRAME_UNWARPED, settings_pb2.FRAME_READ, settings_pb2.FRAME_SOURCE), start=1
    ):
        script.add_page(number)
        script.pages[-1].frame = frame

    with Client(script.target) as client:
        frames = [page.frame for page in client.recognize_document(b"a document", frame="read")]

    assert frames == [Frame.UNWARPED, Frame.READ, Frame.SOURCE]
    (request,) = script.requests
    assert isinstance(request, ocr_pb2.RecognizeDocumentRequest)
    assert request.options.frame == settings_pb2.FRAME_READ


def test_options_go_out_as_they_are_and_the_others_stay_unset(script: Script) -> None:
    script.add_page(1)

    with Client(script.target) as client:
        client.recognize(
            b"an image",
            use_doc_unwarping=False,
            text_det_thresh=0.0,
            text_det_limit_type="min",
            priority="batch",
        )

    (request,) = script.requests
    assert isinstance(request, ocr_pb2.RecognizeRequest)
    assert request.options == settings_pb2.RecognizeOptions(
        use_doc_unwarping=False,
        text_det_thresh=0.0,
        text_det_limit_type=settings_pb2.LIMIT_TYPE_MIN,
        priority=settings_pb2.PRIORITY_BATCH,
    )


def test_a_document_query_goes_out_whole(script: Script) -> None:
    with Client(script.target) as client:
        document = client.recognize_document(
            b"a pdf", pages="1-3", dpi=300, order="completion", password="secret"
        )
        assert list(document) == []

    (request,) = script.requests
    assert isinstance(request, ocr_pb2.RecognizeDocumentRequest)
    assert request.source.password == "secret"
    assert request.pages == ocr_pb2.PageSelection(ranges="1-3", dpi=300)
    assert request.order == ocr_pb2.PAGE_ORDER_COMPLETION


def test_pages_come_with_the_documents_start_and_end(script: Script) -> None:
    script.add_page(1, "one")
    script.add_failed_page(2, "PDF_DAMAGED", "page 2 cannot be drawn")

    with Client(script.target) as client:
        document = client.recognize_document(b"a pdf")
        start, first, second, end = document.events()

    assert isinstance(start, DocumentStart) and document.start == start
    assert (start.page_count, start.selected_page_count) == (9, 2)
    assert isinstance(first, Page) and first.text == "one"
    assert isinstance(second, Page) and second.error is not None
    assert isinstance(end, DocumentEnd) and document.end == end
    assert (end.ok_page_count, end.failed_page_count) == (1, 1)
    first.raise_for_error()
    with pytest.raises(InkstreamError, match="PDF_DAMAGED: page 2 cannot be drawn"):
        second.raise_for_error()


def test_leaving_the_loop_cancels_the_rest(script: Script) -> None:
    script.add_page(1, "one")
    script.hangs = True

    with Client(script.target) as client:
        for page in client.recognize_document(b"a pdf"):
            assert page.text == "one"
            break

        assert script.caller_has_gone.wait(5.0)


def test_leaving_the_with_block_cancels_the_rest(script: Script) -> None:
    script.add_page(1, "one")
    script.hangs = True

    with Client(script.target) as client:
        with client.recognize_document(b"a pdf") as document:
            pages = iter(document)
            assert next(pages).text == "one"

        assert script.caller_has_gone.wait(5.0)


def test_lines_come_back_in_order(script: Script) -> None:
    with Client(script.target) as client:
        lines = client.recognize_lines([b"first crop", b"second crop"])

    assert lines == (LineText("line 0", 0.5, 180, None), LineText("line 1", 0.5, 180, None))


def test_a_server_tells_its_models_and_limits(script: Script) -> None:
    with Client(script.target) as client:
        (model,) = client.list_models()
        info = client.server_info()

    assert (model.name, model.is_default) == ("PP-OCRv4_mobile_rec", True)
    assert (info.version, info.max_document_pages) == ("1.2.3", 500)
    assert info.defaults.text_det_limit_side_len == 960
    assert info.defaults.text_det_thresh == 0.3


def test_an_error_says_code_reason_message_and_facts(script: Script) -> None:
    script.add_own_failure(INVALID, "dpi is 7", "INVALID_FIELD", field="dpi", value="7")

    with Client(script.target) as client, pytest.raises(InkstreamError) as caught:
        client.recognize(b"an image")

    error = caught.value
    assert (error.code, error.reason, error.message) == (INVALID, "INVALID_FIELD", "dpi is 7")
    assert error.facts == {"field": "dpi", "value": "7"}
    assert error.retry_after_s is None
    assert str(error) == "INVALID_FIELD: dpi is 7"
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.code, copy.facts) == (error.code, error.facts)


def test_an_error_of_a_document_is_raised_by_its_loop(script: Script) -> None:
    script.add_own_failure(INVALID, "encrypted", "PDF_PASSWORD_REQUIRED")

    with Client(script.target) as client, pytest.raises(InkstreamError) as caught:
        list(client.recognize_document(b"a pdf"))

    assert caught.value.reason == "PDF_PASSWORD_REQUIRED"


def test_a_busy_server_says_when_to_come_back(script: Script) -> None:
    cause = error_details_pb2.ErrorInfo(domain="inkstream.dev", reason="QUEUE_FULL")
    retry = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=2))
    request = error_details_pb2.RequestInfo(request_id="4711")
    script.add_failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "busy", cause, request, retry)

    with Client(script.target, attempt_count=1) as client, pytest.raises(InkstreamError) as caught:
        client.recognize(b"an image")

    assert caught.value.reason == "QUEUE_FULL"
    assert caught.value.retry_after_s == 2.0
    assert caught.value.request_id == "4711"


def test_a_busy_server_is_tried_again_when_it_said(script: Script) -> None:
    cause = error_details_pb2.ErrorInfo(domain="inkstream.dev", reason="QUEUE_FULL")
    retry = error_details_pb2.RetryInfo(retry_delay=Duration(nanos=300_000_000))
    script.add_failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "busy", cause, retry)
    script.add_page(1, "read")
    began_at = time.monotonic()

    with Client(script.target) as client:
        page = client.recognize(b"an image")

    assert page.text == "read"
    assert len(script.requests) == 2
    assert time.monotonic() - began_at >= 0.3


def test_what_the_server_says_is_in_vain_is_not_tried_again(script: Script) -> None:
    script.add_own_failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "late", "DEADLINE_TOO_SHORT")

    with Client(script.target) as client, pytest.raises(InkstreamError) as caught:
        client.recognize(b"an image")

    assert caught.value.reason == "DEADLINE_TOO_SHORT"
    assert len(script.requests) == 1


def test_anothers_error_has_its_codes_name_for_a_reason(script: Script) -> None:
    cause = error_details_pb2.ErrorInfo(domain="proxy.example", reason="NO_ROUTE")
    script.add_failure(grpc.StatusCode.NOT_FOUND, "no such host", cause)

    with Client(script.target) as client, pytest.raises(InkstreamError) as caught:
        client.recognize(b"an image")

    assert caught.value.reason == "NOT_FOUND"


def test_a_call_ends_at_its_deadline(script: Script) -> None:
    script.add_page(1)
    script.hangs = True

    with Client(script.target, timeout_s=60.0) as client, pytest.raises(InkstreamError) as caught:
        client.recognize(b"an image", timeout_s=0.1)

    assert caught.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert caught.value.reason == "DEADLINE_EXCEEDED"


def test_an_unavailable_server_is_tried_again_also_with_a_large_image(script: Script) -> None:
    script.add_failure(UNAVAILABLE, "going away")
    script.add_page(1, "read")

    with Client(script.target) as client:
        page = client.recognize(bytes(3_000_000))

    assert page.text == "read"
    assert len(script.requests) == 2


def test_one_attempt_means_no_retry(script: Script) -> None:
    script.add_failure(UNAVAILABLE, "going away")

    with Client(script.target, attempt_count=1) as client, pytest.raises(InkstreamError):
        client.recognize(b"an image")

    assert len(script.requests) == 1


def test_nobody_there_is_unavailable_soon() -> None:
    began_at = time.monotonic()

    with Client("127.0.0.1:1") as client, pytest.raises(InkstreamError) as caught:
        client.server_info()

    assert caught.value.reason == "UNAVAILABLE"
    assert time.monotonic() - began_at < 8.0


def test_a_request_over_the_limit_is_refused_before_it_is_sent(
    script: Script, tmp_path: Path
) -> None:
    large = tmp_path / "large.pdf"
    large.write_bytes(bytes(2001))

    with Client(script.target, max_message_bytes=2000) as client:
        for source in (large, bytes(2001), bytes(2000)):
            with pytest.raises(MessageTooLarge, match="the limit is 2000"):
                client.recognize(source)
        with pytest.raises(MessageTooLarge) as caught:
            client.recognize_lines([bytes(1500), bytes(1500)])

    assert caught.value.facts["limit_bytes"] == "2000"
    assert script.requests == []


def test_a_request_over_the_servers_limit_is_too_large_too(script: Script) -> None:
    with Client(script.target) as client, pytest.raises(MessageTooLarge) as caught:
        client.recognize(bytes(9_000_000))

    assert int(caught.value.facts["size_bytes"]) > 9_000_000
    assert caught.value.facts["limit_bytes"] == str(8 * 1024 * 1024)
    assert script.requests == []


def test_an_answer_over_the_clients_limit_is_too_large_too(script: Script) -> None:
    script.add_page(1, "x" * 3000)

    with (
        Client(script.target, max_message_bytes=2000) as client,
        pytest.raises(MessageTooLarge) as caught,
    ):
        client.recognize(b"an image")

    assert caught.value.facts["limit_bytes"] == "2000"


def test_metadata_goes_with_every_call(script: Script) -> None:
    script.add_page(1)

    with Client(script.target, metadata=[("authorization", "Bearer x")]) as client:
        client.recognize(b"an image")

    assert script.metadata["authorization"] == "Bearer x"
