from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

from inkstream import InkstreamError, MessageTooLarge, create_pipeline
from inkstream.paddlex.pipeline import OcrPipeline
from inkstream.paddlex.reading import Unreadable
from inkstream.v1 import ocr_pb2, settings_pb2

if TYPE_CHECKING:
    from tests.unit.client.conftest import Script

WAIT_S = 10.0


@pytest.fixture
def pipeline(script: Script) -> Iterator[OcrPipeline]:
    with create_pipeline(pipeline="OCR", server=script.target) as pipeline:
        yield pipeline


def asked(script: Script) -> list[ocr_pb2.RecognizeDocumentRequest]:
    requests = [each for each in script.requests]
    assert all(isinstance(each, ocr_pb2.RecognizeDocumentRequest) for each in requests)
    return requests  # type: ignore[return-value] # checked above


def test_every_page_is_a_result_with_its_index(script: Script, pipeline: OcrPipeline) -> None:
    script.add_page(1, "one")
    script.add_page(2, "two")

    results = list(pipeline.predict(b"a pdf"))

    assert [result["rec_texts"] for result in results] == [["one"], ["two"]]
    assert [result["page_index"] for result in results] == [0, 1]
    assert [result.page_count for result in results] == [9, 9]


def test_results_come_in_the_order_of_the_inputs(
    script: Script, pipeline: OcrPipeline, tmp_path: Path
) -> None:
    script.add_page(1, "one")
    paths = [str(tmp_path / f"{number}.png") for number in range(30)]
    for path in paths:
        Path(path).write_bytes(b"a picture")

    assert [result["input_path"] for result in pipeline.predict(paths)] == paths


def test_what_is_set_is_asked_for_and_what_is_not_is_left(
    script: Script, pipeline: OcrPipeline
) -> None:
    script.add_page(1, "one")

    list(
        pipeline.predict(
            b"a picture",
            use_doc_unwarping=False,
            text_det_limit_side_len=736,
            text_det_limit_type="min",
            text_det_thresh=0.0,
            return_word_box=True,
            visualize=False,
        )
    )

    (request,) = asked(script)
    expected = settings_pb2.RecognizeOptions(
        use_doc_unwarping=False,
        text_det_limit_side_len=736,
        text_det_limit_type=settings_pb2.LIMIT_TYPE_MIN,
        text_det_thresh=0.0,
        return_word_box=True,
        frame=settings_pb2.FRAME_READ,
    )
    assert request.options == expected


def test_a_pipeline_may_be_called_as_paddlex_may(script: Script, pipeline: OcrPipeline) -> None:
    script.add_page(1, "one")

    (result,) = pipeline(b"a picture", text_det_thresh=0.25)

    assert result["rec_texts"] == ["one"]
    assert asked(script)[0].options.text_det_thresh == 0.25


def test_arguments_may_come_in_paddlex_order(script: Script, pipeline: OcrPipeline) -> None:
    script.add_page(1, "one")

    list(pipeline.predict(b"a picture", False, False, True, 640, "max", None, 0.25))

    options = asked(script)[0].options
    assert options.use_textline_orientation
    assert (options.text_det_limit_side_len, options.text_det_thresh) == (640, 0.25)


def test_pictures_are_drawn_unless_told_otherwise(script: Script, pipeline: OcrPipeline) -> None:
    script.add_page(1, "one")

    list(pipeline.predict(b"a picture"))

    options = asked(script)[0].options
    assert options.visualize and options.return_page_images


def test_of_a_page_that_is_not_prepared_no_preparing_is_drawn(
    script: Script, pipeline: OcrPipeline
) -> None:
    script.add_page(1, "one")

    list(pipeline.predict(b"x", use_doc_orientation_classify=False, use_doc_unwarping=False))

    options = asked(script)[0].options
    assert (options.visualize, options.return_page_images) == (True, False)


def test_what_cannot_be_read_is_raised_in_its_place(
    script: Script, pipeline: OcrPipeline, tmp_path: Path
) -> None:
    script.add_page(1, "one")
    results = pipeline.predict([b"a picture", str(tmp_path / "nonesuch.png"), b"another"])

    assert next(results)["rec_texts"] == ["one"]
    with pytest.raises(FileNotFoundError):
        next(results)
    assert list(results) == []


def test_what_was_read_before_the_inputs_failed_is_given_first(
    script: Script, pipeline: OcrPipeline
) -> None:
    def inputs() -> Iterator[bytes]:
        yield from [b"a picture"] * 5
        raise KeyError("the sixth")

    script.add_page(1, "one")
    results = pipeline.predict(inputs(), on_error="skip")

    assert [next(results)["rec_texts"] for _ in range(5)] == [["one"]] * 5
    with pytest.raises(KeyError, match="the sixth"):
        next(results)


def test_an_input_may_be_made_of_the_result_before(script: Script, pipeline: OcrPipeline) -> None:
    seen: Queue[object] = Queue()

    def inputs() -> Iterator[bytes]:
        for number in range(12):
            yield b"%d" % number
            seen.get(timeout=WAIT_S)

    script.add_page(1, "one")
    for result in pipeline.predict(inputs()):
        seen.put(result)

    assert len(asked(script)) == 12


def test_inputs_are_taken_a_few_ahead_and_none_after_leaving(
    script: Script, pipeline: OcrPipeline
) -> None:
    taken: list[int] = []
    has_ended = threading.Event()

    def inputs() -> Iterator[bytes]:
        try:
            for number in range(100):
                taken.append(number)
                yield b"a picture"
        finally:
            has_ended.set()

    script.add_page(1, "one")
    results = pipeline.predict(inputs())
    next(results)
    results.close()  # type: ignore[attr-defined] # a generator

    assert has_ended.wait(WAIT_S)
    assert len(taken) <= 8


def test_it_can_be_skipped_with_a_warning(
    script: Script, pipeline: OcrPipeline, caplog: pytest.LogCaptureFixture
) -> None:
    script.add_page(1, "one")

    results = list(pipeline.predict([b"one", 5, b"two"], on_error="skip"))

    assert len(results) == 2
    assert "skipped an input: cannot read a int" in caplog.text


def test_it_can_be_told_to_whoever_wants_to_know(script: Script, pipeline: OcrPipeline) -> None:
    script.add_page(1, "one")
    script.add_failed_page(2, "IMAGE_DAMAGED", "torn")
    script.add_page(3, "three")
    told: list[Unreadable] = []

    results = list(pipeline.predict(b"a pdf", on_error=told.append))

    assert [result["page_index"] for result in results] == [0, 2]
    (unreadable,) = told
    assert isinstance(unreadable.error, InkstreamError)
    assert unreadable.error.reason == "IMAGE_DAMAGED"


def test_a_refusal_of_the_server_is_raised_as_it_is(script: Script, pipeline: OcrPipeline) -> None:
    script.add_own_failure(
        grpc.StatusCode.FAILED_PRECONDITION, "no such module", "MODULE_NOT_SERVED"
    )

    with pytest.raises(InkstreamError) as refused:
        list(pipeline.predict(b"a picture", use_doc_unwarping=True))

    assert refused.value.reason == "MODULE_NOT_SERVED"


def test_a_busy_server_is_asked_again(script: Script, pipeline: OcrPipeline) -> None:
    script.add_page(1, "one")
    script.add_own_failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "busy", "QUEUE_FULL")
    soon = error_details_pb2.RetryInfo(retry_delay=Duration(nanos=1_000_000))
    script.add_failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "somebody's limit", soon)

    assert len(list(pipeline.predict(b"a picture"))) == 1
    assert len(asked(script)) == 3


def test_what_no_waiting_helps_is_not_asked_again(script: Script, pipeline: OcrPipeline) -> None:
    script.add_page(1, "one")
    script.add_own_failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "too short", "DEADLINE_TOO_SHORT")

    with pytest.raises(InkstreamError, match="DEADLINE_TOO_SHORT"):
        list(pipeline.predict(b"a picture"))

    assert len(asked(script)) == 1


def test_an_answer_over_the_limit_is_told_at_once(script: Script, pipeline: OcrPipeline) -> None:
    script.add_page(1, "x" * (65 << 20))

    with pytest.raises(MessageTooLarge, match="Received message larger than max"):
        list(pipeline.predict(b"a picture"))

    assert len(asked(script)) == 1


def test_of_a_call_that_was_given_up_the_rest_is_asked_for(
    script: Script, pipeline: OcrPipeline
) -> None:
    script.add_page(1, "one")
    script.add_page(2, "two")
    script.add_own_failure(grpc.StatusCode.ABORTED, "unread", "ANSWERS_UNREAD")
    script.late_failures.append(script.failures.pop())

    list(pipeline.predict(b"a pdf"))

    assert [request.pages.ranges for request in asked(script)] == ["", "3-"]


def test_leaving_early_ends_what_is_being_read(script: Script, pipeline: OcrPipeline) -> None:
    script.add_page(1, "one")
    script.hangs = True

    results = pipeline.predict(b"a pdf")
    next(results)
    results.close()  # type: ignore[attr-defined] # a generator

    assert script.caller_has_gone.wait(WAIT_S)


def test_a_side_limit_that_is_not_ours_is_refused(pipeline: OcrPipeline) -> None:
    with pytest.raises(ValueError, match="text_det_max_side_limit is always 4000"):
        pipeline.predict(b"a picture", text_det_max_side_limit=8000)
    pipeline.predict(b"a picture", text_det_max_side_limit=4000)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"text_det_limit_type": "mid"}, "text_det_limit_type is 'mid'"),
        ({"on_error": "ignore"}, "on_error is 'ignore'; allowed: raise, skip, or a function"),
    ],
)
def test_arguments_that_cannot_be_are_refused_at_once(
    script: Script, pipeline: OcrPipeline, wrong: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        pipeline.predict([b"one", b"two"], **{"on_error": "skip", **wrong})
    with pytest.raises(TypeError):
        pipeline.predict(b"one", text_det_thresh="high", on_error="skip")  # type: ignore[arg-type] # on purpose

    assert script.requests == []


def test_options_that_the_server_refuses_are_never_skipped(
    script: Script, pipeline: OcrPipeline
) -> None:
    script.add_own_failure(
        *(grpc.StatusCode.INVALID_ARGUMENT, "it is 5.0", "INVALID_FIELD"),
        field="options.text_det_thresh",
    )

    with pytest.raises(InkstreamError, match=r"it is 5\.0"):
        list(pipeline.predict(b"one", text_det_thresh=5.0, on_error="skip"))


def test_a_pipeline_must_be_named() -> None:
    with pytest.raises(ValueError, match="say pipeline='OCR'"):
        create_pipeline()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"device": "gpu:0"}, "device"),
        ({"engine": "paddle"}, "engine"),
        ({"settings": {"inference.engine": "fake"}}, "settings"),
        ({"pipeline": "OCR.yaml"}, "pipeline"),
        ({"config": {"pipeline_name": "OCR"}}, "pipeline"),
    ],
)
def test_what_a_server_decides_cannot_be_asked_of_it(
    arguments: dict[str, object], named: str
) -> None:
    with pytest.raises(ValueError, match=f"{named}.* cannot be given together with server"):
        create_pipeline(**{"pipeline": "OCR", **arguments}, server="localhost:1")  # type: ignore[arg-type] # chosen at run time


def test_arguments_that_mean_nothing_here_are_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        create_pipeline("OCR", server="localhost:1", use_hpip=False, hpi_config={"a": 1}).close()

    assert "use_hpip has no effect" in caplog.text
    assert "hpi_config has no effect" in caplog.text


def test_a_bug_of_the_server_is_raised_as_it_is_told(script: Script, pipeline: OcrPipeline) -> None:
    script.failures.append(status_pb2.Status(code=grpc.StatusCode.INTERNAL.value[0], message="bug"))

    with pytest.raises(InkstreamError, match="bug"):
        list(pipeline.predict(b"a picture"))
