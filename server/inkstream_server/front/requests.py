"""Turns request messages into what the pipeline takes. Every field is checked here or refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeVar

from inkstream.v1 import ocr_pb2, settings_pb2, source_pb2
from inkstream_server.document.limits import DocumentLimits
from inkstream_server.document.page_ranges import parse_page_ranges
from inkstream_server.errors import (
    ContentTooLarge,
    EmptyInput,
    InvalidField,
    OcrError,
    TooManyLines,
)
from inkstream_server.front.single_precision import as_written
from inkstream_server.pipeline.frames import Frame
from inkstream_server.pipeline.intake import Content, DocumentJob, PageOrder
from inkstream_server.pipeline.lines import LinesJob
from inkstream_server.pipeline.settings import Additions, PageWishes, SettingsBook
from inkstream_server.pipeline.upload import Upload
from inkstream_server.scheduling.priority import Priority
from inkstream_server.stages.detection import LimitType
from inkstream_server.workers.cpu_tasks import RawLayout

_PRIORITIES: Final = {
    settings_pb2.PRIORITY_INTERACTIVE: Priority.INTERACTIVE,
    settings_pb2.PRIORITY_BATCH: Priority.BATCH,
}
_LIMIT_TYPES: Final = {
    settings_pb2.LIMIT_TYPE_MIN: LimitType.MIN,
    settings_pb2.LIMIT_TYPE_MAX: LimitType.MAX,
}
_FRAMES: Final = {
    settings_pb2.FRAME_SOURCE: Frame.SOURCE,
    settings_pb2.FRAME_READ: Frame.READ,
}
_ORDERS: Final = {
    ocr_pb2.PAGE_ORDER_UNSPECIFIED: PageOrder.DOCUMENT,
    ocr_pb2.PAGE_ORDER_DOCUMENT: PageOrder.DOCUMENT,
    ocr_pb2.PAGE_ORDER_COMPLETION: PageOrder.COMPLETION,
}


_Optional = Literal[
    "use_doc_orientation_classify",
    "use_doc_unwarping",
    "use_textline_orientation",
    "text_det_limit_side_len",
    "text_det_thresh",
    "text_det_box_thresh",
    "text_det_unclip_ratio",
    "text_rec_score_thresh",
]

N = TypeVar("N", bound=int)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and until when they wait (time.monotonic).

    One principal is one client, however many connections it has; where nobody has to say who they
    are, one connection is one.
    """

    client: str
    deadline_at: float | None


class RequestReader:
    """Reads requests against this server's defaults, models and limits.

    A field that is wrong is told before what is not served: hence the priority before the settings.
    """

    def __init__(self, book: SettingsBook, limits: DocumentLimits) -> None:
        self._book = book
        self._limits = limits

    def image(self, request: ocr_pb2.RecognizeRequest, caller: Caller) -> DocumentJob:
        """Raises OcrError, naming the field that is wrong."""
        content, raw = self._content(request.source)
        return DocumentJob(
            client=caller.client,
            deadline_at=caller.deadline_at,
            content=content,
            raw=raw,
            password=request.source.password,
            priority=_priority(request.options, Priority.INTERACTIVE),
            settings=self._book.fill_in(_wishes(request.options)),
        )

    def document(
        self, request: ocr_pb2.RecognizeDocumentRequest | ocr_pb2.DocumentHeader, caller: Caller
    ) -> DocumentJob:
        """Raises OcrError, naming the field that is wrong."""
        content, raw = self._content(request.source)
        return replace(self._document(request, caller), content=content, raw=raw)

    def upload(
        self,
        header: ocr_pb2.DocumentHeader,
        caller: Caller,
        open_upload: Callable[[Priority, str], Upload],
    ) -> tuple[DocumentJob, Upload]:
        """The job of a document whose chunks follow. Its upload is opened when all else is right.

        Raises OcrError, naming the field that is wrong, and what `open_upload` raises.
        """
        job = self._document(header, caller)
        upload = open_upload(job.priority, job.client)
        return replace(job, content=upload), upload

    def lines(self, request: ocr_pb2.RecognizeLinesRequest, caller: Caller) -> LinesJob:
        """Raises OcrError, naming the field that is wrong. A wrong line is its own error."""
        if len(request.lines) > self._limits.max_lines:
            raise TooManyLines(
                f"the request has {len(request.lines)} lines; allowed: {self._limits.max_lines}",
                lines=len(request.lines),
                max_lines=self._limits.max_lines,
            )
        return LinesJob(
            client=caller.client,
            deadline_at=caller.deadline_at,
            lines=tuple(self._line(source) for source in request.lines),
            priority=_priority(request.options, Priority.INTERACTIVE),
            settings=self._book.fill_in(_wishes(request.options)),
        )

    def _document(
        self, request: ocr_pb2.RecognizeDocumentRequest | ocr_pb2.DocumentHeader, caller: Caller
    ) -> DocumentJob:
        """All of a job but its content."""
        return DocumentJob(
            client=caller.client,
            deadline_at=caller.deadline_at,
            content=b"",
            password=request.source.password,
            priority=_priority(request.options, Priority.BATCH),
            settings=self._book.fill_in(_wishes(request.options)),
            ranges=parse_page_ranges(request.pages.ranges),
            dpi=self._limits.requested_dpi(request.pages.dpi),
            order=_known(_ORDERS, request.order, "order"),
        )

    def _line(self, source: source_pb2.Source) -> Content | OcrError:
        try:
            content, raw = self._content(source)
        except OcrError as error:
            return error
        if not content and not source.uri:
            return EmptyInput("the source is empty")
        return Content(content, source.password, raw)

    def _content(self, source: source_pb2.Source) -> tuple[bytes, RawLayout | None]:
        content, raw = _content(source)
        if len(content) > self._limits.max_document_bytes:
            raise ContentTooLarge(
                f"the source has {len(content)} bytes; allowed: {self._limits.max_document_bytes}",
                bytes=len(content),
                max_bytes=self._limits.max_document_bytes,
            )
        return content, raw


def _content(source: source_pb2.Source) -> tuple[bytes, RawLayout | None]:
    match source.WhichOneof("kind"):
        case "content":
            return source.content, None
        case "raw":
            return _raw_content(source.raw)
        case "uri":
            return b"", None  # it is fetched once all else of the request is known to be right
        case _:
            raise EmptyInput("the request has no source")


def _raw_content(raw: source_pb2.RawImage) -> tuple[bytes, RawLayout]:
    if not raw.data:  # the rest of it is checked where the pixels are read
        allowed = "height * width * channels bytes"
        raise InvalidField.of("source.raw.data", "0 bytes", allowed)
    return raw.data, RawLayout(raw.height, raw.width, raw.channels)


def _wishes(options: settings_pb2.RecognizeOptions) -> PageWishes:
    return PageWishes(
        use_doc_orientation_classify=_set(options, "use_doc_orientation_classify"),
        use_doc_unwarping=_set(options, "use_doc_unwarping"),
        use_textline_orientation=_set(options, "use_textline_orientation"),
        text_det_limit_side_len=_set(options, "text_det_limit_side_len"),
        text_det_limit_type=_limit_type(options.text_det_limit_type),
        text_det_thresh=_set(options, "text_det_thresh"),
        text_det_box_thresh=_set(options, "text_det_box_thresh"),
        text_det_unclip_ratio=_set(options, "text_det_unclip_ratio"),
        text_rec_score_thresh=_set(options, "text_rec_score_thresh"),
        text_rec_model=options.text_rec_model or None,
        frame=_frame(options.frame),
        additions=Additions(
            words=options.return_word_box,
            result_image=options.visualize,
            page_images=options.return_page_images,
        ),
    )


def _set(options: settings_pb2.RecognizeOptions, name: _Optional) -> Any:  # noqa: ANN401 - as the field's
    """An optional field's value, an explicit 0 too; None where the request leaves it unset."""
    if not options.HasField(name):
        return None
    value = getattr(options, name)
    return as_written(value) if isinstance(value, float) else value


def _limit_type(value: settings_pb2.LimitType.ValueType) -> LimitType | None:
    if value == settings_pb2.LIMIT_TYPE_UNSPECIFIED:
        return None
    return _known(_LIMIT_TYPES, value, "options.text_det_limit_type")


def _frame(value: settings_pb2.Frame.ValueType) -> Frame | None:
    if value == settings_pb2.FRAME_UNSPECIFIED:
        return None
    return _known(_FRAMES, value, "options.frame")


def _priority(options: settings_pb2.RecognizeOptions, own: Priority) -> Priority:
    if options.priority == settings_pb2.PRIORITY_UNSPECIFIED:
        return own
    return _known(_PRIORITIES, options.priority, "options.priority")


def _known(values: Mapping[N, V], number: N, field: str) -> V:
    """The value of an enum's number; a number of a later contract is refused, not guessed."""
    if number not in values:
        raise InvalidField.of(field, number, ", ".join(str(each) for each in values))
    return values[number]
