from __future__ import annotations

import pytest

from inkstream.v1 import ocr_pb2, settings_pb2, source_pb2
from inkstream_server.document.limits import DocumentLimits
from inkstream_server.errors import (
    EmptyInput,
    InvalidField,
    ModelNotServed,
    ModuleNotServed,
    OcrError,
)
from inkstream_server.front.requests import Caller, RequestReader
from inkstream_server.pipeline.frames import Frame
from inkstream_server.pipeline.intake import DocumentJob, PageOrder
from inkstream_server.pipeline.settings import (
    NO_ADDITIONS,
    Additions,
    PageDefaults,
    ServedModels,
    SettingsBook,
)
from inkstream_server.scheduling.priority import Priority
from inkstream_server.stages.detection import LimitType
from inkstream_server.workers.cpu_tasks import RawLayout

Options = settings_pb2.RecognizeOptions
READER = RequestReader(
    SettingsBook(PageDefaults(text_det_thresh=0.5), ServedModels("det", "rec")), DocumentLimits()
)
SOURCE = source_pb2.Source(content=b"bytes", password="pw")
CALLER = Caller("ipv4:10.0.0.1:4711", deadline_at=99.5)


def image_job(request: ocr_pb2.RecognizeRequest) -> DocumentJob:
    return READER.image(request, CALLER)


def document_job(request: ocr_pb2.RecognizeDocumentRequest) -> DocumentJob:
    return READER.document(request, CALLER)


def image_request(options: Options | None = None) -> ocr_pb2.RecognizeRequest:
    return ocr_pb2.RecognizeRequest(source=SOURCE, options=options)


def test_a_plain_request_is_read_with_the_defaults_and_goes_first() -> None:
    job = image_job(image_request())

    assert (job.content, job.password, job.raw) == (b"bytes", "pw", None)
    assert job.settings.detection.thresh == 0.5
    assert job.priority is Priority.INTERACTIVE
    assert job.dpi is None


def test_a_job_knows_who_waits_and_until_when() -> None:
    document = ocr_pb2.RecognizeDocumentRequest(source=SOURCE)
    for job in (image_job(image_request()), document_job(document)):
        assert (job.client, job.deadline_at) == ("ipv4:10.0.0.1:4711", 99.5)


def test_a_document_waits_behind_images_and_comes_in_its_own_order() -> None:
    job = document_job(ocr_pb2.RecognizeDocumentRequest(source=SOURCE))

    assert job.priority is Priority.BATCH
    assert job.order is PageOrder.DOCUMENT
    assert job.ranges.select(3, max_pages=9) == [1, 2, 3]
    assert job.dpi is None


def test_what_a_document_request_sets_is_what_is_done() -> None:
    job = document_job(
        ocr_pb2.RecognizeDocumentRequest(
            source=SOURCE,
            pages=ocr_pb2.PageSelection(ranges="2-", dpi=300),
            order=ocr_pb2.PAGE_ORDER_COMPLETION,
            options=Options(priority=settings_pb2.PRIORITY_INTERACTIVE),
        )
    )

    assert job.ranges.select(3, max_pages=9) == [2, 3]
    assert job.dpi == 300
    assert job.order is PageOrder.COMPLETION
    assert job.priority is Priority.INTERACTIVE


def test_an_image_may_go_behind() -> None:
    job = image_job(image_request(Options(priority=settings_pb2.PRIORITY_BATCH)))

    assert job.priority is Priority.BATCH


def test_an_explicit_zero_or_false_is_a_value() -> None:
    options = Options(
        use_doc_orientation_classify=False,
        use_doc_unwarping=False,
        use_textline_orientation=False,
        text_det_thresh=0.0,
        text_det_box_thresh=0.0,
        text_rec_score_thresh=0.0,
    )

    settings = image_job(image_request(options)).settings

    assert settings.detection.thresh == settings.detection.box_thresh == 0.0


def test_every_option_reaches_the_settings() -> None:
    options = Options(
        text_det_limit_side_len=64,
        text_det_limit_type=settings_pb2.LIMIT_TYPE_MIN,
        text_det_thresh=0.25,
        text_det_box_thresh=0.125,
        text_det_unclip_ratio=3.0,
        text_rec_score_thresh=0.75,
        text_rec_model="rec",
    )

    settings = image_job(image_request(options)).settings

    assert settings.detection.limit_side_len == 64
    assert settings.detection.limit_type is LimitType.MIN
    assert settings.detection.thresh == 0.25
    assert settings.detection.box_thresh == 0.125
    assert settings.detection.unclip_ratio == 3.0
    assert settings.text_rec_score_thresh == 0.75


@pytest.mark.parametrize(
    ("wished", "frame"),
    [
        (settings_pb2.FRAME_UNSPECIFIED, Frame.SOURCE),
        (settings_pb2.FRAME_SOURCE, Frame.SOURCE),
        (settings_pb2.FRAME_READ, Frame.READ),
    ],
)
def test_coordinates_are_wanted_on_the_source_or_on_the_page_as_read(
    wished: settings_pb2.Frame.ValueType, frame: Frame
) -> None:
    assert image_job(image_request(Options(frame=wished))).settings.frame is frame


@pytest.mark.parametrize("wished", [settings_pb2.FRAME_UNWARPED, 4711])
def test_a_frame_that_cannot_be_wished_for_is_refused(wished: int) -> None:
    options = Options.FromString(Options(frame=wished).SerializeToString())  # type: ignore[arg-type] # of a later contract

    with pytest.raises(InvalidField) as refused:
        image_job(image_request(options))

    assert refused.value.facts["field"] == "options.frame"


def test_raw_pixels_come_with_how_they_lie() -> None:
    raw = source_pb2.RawImage(height=2, width=3, channels=4, data=b"x" * 24)

    job = image_job(ocr_pb2.RecognizeRequest(source=source_pb2.Source(raw=raw)))

    assert (job.content, job.raw) == (b"x" * 24, RawLayout(2, 3, 4))


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (None, EmptyInput),
        (source_pb2.Source(), EmptyInput),
        (source_pb2.Source(password="pw"), EmptyInput),
        (source_pb2.Source(raw=source_pb2.RawImage(height=1, width=1, channels=1)), InvalidField),
    ],
)
def test_a_source_that_cannot_be_read_is_refused(
    source: source_pb2.Source | None, kind: type[OcrError]
) -> None:
    with pytest.raises(kind):
        image_job(ocr_pb2.RecognizeRequest(source=source))
    with pytest.raises(kind):
        document_job(ocr_pb2.RecognizeDocumentRequest(source=source))


@pytest.mark.parametrize(
    ("options", "additions"),
    [
        (None, NO_ADDITIONS),
        (Options(return_word_box=True), Additions(words=True)),
        (Options(visualize=True), Additions(result_image=True)),
        (Options(return_page_images=True), Additions(page_images=True)),
    ],
)
def test_additions_are_made_where_they_are_asked_for(
    options: Options | None, additions: Additions
) -> None:
    assert image_job(image_request(options)).settings.additions == additions


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        (Options(use_doc_unwarping=True), ModuleNotServed),
        (Options(use_textline_orientation=True), ModuleNotServed),
        (Options(text_rec_model="other"), ModelNotServed),
        (Options(text_det_thresh=2.0), InvalidField),
        (Options.FromString(b"\x68\x63"), InvalidField),  # priority 99
        (Options.FromString(b"\x28\x63"), InvalidField),  # text_det_limit_type 99
    ],
)
def test_what_cannot_be_done_is_refused_not_ignored(options: Options, kind: type[OcrError]) -> None:
    with pytest.raises(kind):
        image_job(image_request(options))


@pytest.mark.parametrize(
    ("pages", "field"),
    [
        (ocr_pb2.PageSelection(ranges="0"), "pages.ranges"),
        (ocr_pb2.PageSelection(dpi=5), "pages.dpi"),
        (ocr_pb2.PageSelection(dpi=-1), "pages.dpi"),
    ],
)
def test_a_selection_that_cannot_be_is_refused_by_field(
    pages: ocr_pb2.PageSelection, field: str
) -> None:
    with pytest.raises(InvalidField) as refused:
        document_job(ocr_pb2.RecognizeDocumentRequest(source=SOURCE, pages=pages))

    assert refused.value.facts["field"] == field


def test_an_order_of_a_later_contract_is_refused() -> None:
    request = ocr_pb2.RecognizeDocumentRequest.FromString(b"\x20\x63")  # order 99
    request.source.content = b"bytes"

    with pytest.raises(InvalidField, match="order is 99"):
        document_job(request)
