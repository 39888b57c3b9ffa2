"""A server with several recognisers: requests name theirs, and batches never mix them."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest
from tests.pictures import picture, png, tiff
from tests.wire.calls import (
    CALL_S,
    Stubs,
    document_request,
    metric,
    pages_of,
    refusal,
    well_server,
)

from inkstream.v1 import models_pb2, ocr_pb2, page_pb2, settings_pb2, source_pb2
from served import RunningServer

PAGE = source_pb2.Source(content=png(picture("one", "two")))
CROP = source_pb2.Source(content=png(picture("a line", height_px=80, width_px=300)))


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with well_server("--set=models.text_recognition=[first, second, third]") as running:
        yield running


def options(model: str) -> settings_pb2.RecognizeOptions:
    return settings_pb2.RecognizeOptions(text_rec_model=model)


def read(stubs: Stubs, model: str) -> page_pb2.Page:
    request = ocr_pb2.RecognizeRequest(source=PAGE, options=options(model))
    return stubs.ocr.Recognize(request, timeout=CALL_S).page


def line_counts(server: RunningServer) -> dict[str, float]:
    """How many lines each recogniser has read."""
    return {
        name: metric(server, f'inkstream_batch_items_sum{{step="{name}"}}')
        for name in ("first", "second", "third")
    }


def test_all_are_told_and_the_first_is_the_default(stubs: Stubs) -> None:
    models = stubs.models.ListModels(models_pb2.ListModelsRequest(), timeout=CALL_S).models

    told = {model.name: model for model in models if model.module == "text_recognition"}
    assert {name: model.is_default for name, model in told.items()} == {
        "first": True,
        "second": False,
        "third": False,
    }
    assert {model.character_count for model in told.values()} == {27}
    assert all(model.is_default for model in models if model.module != "text_recognition")


@pytest.mark.parametrize(
    ("wished", "reads"), [("", "first"), ("first", "first"), ("second", "second")]
)
def test_the_model_that_is_wished_reads_and_no_other(
    server: RunningServer, stubs: Stubs, wished: str, reads: str
) -> None:
    before = line_counts(server)

    page = read(stubs, wished)

    grown = {name: count - before[name] for name, count in line_counts(server).items()}
    assert page.settings.text_rec_model == reads
    assert grown == {name: len(page.lines) if name == reads else 0 for name in grown}


def test_lines_and_documents_choose_too(server: RunningServer, stubs: Stubs) -> None:
    before = line_counts(server)
    document = document_request(tiff(picture("one"), picture("two")), options=options("third"))

    pages = pages_of(stubs.read_document(document))
    lines = stubs.ocr.RecognizeLines(
        ocr_pb2.RecognizeLinesRequest(lines=[CROP] * 3, options=options("second")), timeout=CALL_S
    ).lines

    grown = {name: count - before[name] for name, count in line_counts(server).items()}
    assert [page.settings.text_rec_model for page in pages] == ["third", "third"]
    assert not any(line.HasField("error") for line in lines)
    assert grown == {"first": 0, "second": 3, "third": sum(len(page.lines) for page in pages)}


def test_requests_for_different_models_are_read_at_once(stubs: Stubs) -> None:
    requests = [
        stubs.ocr.Recognize.future(
            ocr_pb2.RecognizeRequest(source=PAGE, options=options(model)), timeout=CALL_S
        )
        for model in ("first", "second", "third") * 4
    ]

    pages = [request.result().page for request in requests]

    assert [page.settings.text_rec_model for page in pages] == ["first", "second", "third"] * 4
    # The fake recognisers are alike: what differs could only be another page's text.
    assert len({str(page.lines) for page in pages}) == 1


def test_one_that_is_not_served_is_refused_with_those_that_are(stubs: Stubs) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        read(stubs, "fourth")
    with pytest.raises(grpc.RpcError) as refused_lines:
        stubs.ocr.RecognizeLines(
            ocr_pb2.RecognizeLinesRequest(lines=[CROP], options=options("fourth")), timeout=CALL_S
        )

    for each in (refused.value, refused_lines.value):
        told = refusal(each)
        assert told.code is grpc.StatusCode.FAILED_PRECONDITION
        assert told.reason == "MODEL_NOT_SERVED"
        assert told.facts == {
            "field": "options.text_rec_model",
            "model": "fourth",
            "served": "first, second, third",
        }


def test_in_a_stream_it_fails_its_document_alone(stubs: Stubs) -> None:
    messages = [
        ocr_pb2.RecognizeStreamRequest(
            header=ocr_pb2.DocumentHeader(document_id=model, source=PAGE, options=options(model))
        )
        for model in ("fourth", "second")
    ]

    events = list(stubs.ocr.RecognizeStream(iter(messages), timeout=CALL_S))

    ends = {event.document_id: event.end for event in events if event.HasField("end")}
    (page,) = [event.page for event in events if event.HasField("page")]
    assert ends["fourth"].error.reason == "MODEL_NOT_SERVED"
    assert not ends["second"].HasField("error")
    assert page.settings.text_rec_model == "second"
