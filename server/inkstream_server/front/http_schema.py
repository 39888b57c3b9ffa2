"""The request of POST /ocr, of both generations of clients. What its file holds is not known here.

As in PaddleX, members that are not known are ignored, and numbers, but for `fileType`, may come as
texts.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, from_json

from inkstream_server.errors import Fault, InvalidField, OcrError, shortened
from inkstream_server.front.json_file import MEMBER
from inkstream_server.pipeline.frames import Frame
from inkstream_server.pipeline.settings import Additions, PageWishes
from inkstream_server.stages.detection import LimitType

# As on the wire of gRPC.
MAX_SIDE_LENGTH: Final = 2**31 - 1
_OPTIONS: Final = "options."
_URI: Final = "source.uri"
_SIDE: Final = "options.text_det_limit_side_len"
_FIRST_SIDE: Final = "inferenceParams.maxLongSide"
_SHOWN_LENGTH: Final = 64


class HttpConfig(BaseModel, frozen=True, extra="forbid"):
    """What HTTP serves, and what POST /ocr does where a request does not say."""

    # Whether pages are drawn, with what was read on them.
    visualize: bool = True
    # How many pages of a document are read.
    max_pages: int = Field(default=10, ge=1, le=10_000)
    # How fast a body has to come in the mean, apart from `uploads.max_idle_s` once.
    min_bytes_per_s: int = Field(default=4096, ge=1)
    # Whether GET / is a page that reads documents, and GET /live one that shows the server at work.
    page: bool = True


class RequestNotJson(OcrError):
    """The body of a request is no JSON."""

    reason = "REQUEST_NOT_JSON"
    fault = Fault.CALLER


class _Members(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel)


class InferenceParams(_Members):
    """What the first generation of clients sets."""

    max_long_side: int | None = Field(default=None, le=MAX_SIDE_LENGTH)


class OcrRequest(_Members):
    """A request as it was sent, but for the text of its file."""

    file: str
    # Told from the bytes: a client that is wrong about it is served all the same.
    file_type: Literal[0, 1] | None = None
    inference_params: InferenceParams | None = None
    use_doc_orientation_classify: bool | None = None
    use_doc_unwarping: bool | None = None
    use_textline_orientation: bool | None = None
    text_det_limit_side_len: int | None = Field(default=None, le=MAX_SIDE_LENGTH)
    text_det_limit_type: Literal["min", "max"] | None = None
    text_det_thresh: float | None = None
    text_det_box_thresh: float | None = None
    text_det_unclip_ratio: float | None = None
    text_rec_score_thresh: float | None = None
    return_word_box: bool | None = None
    visualize: bool | None = None
    log_id: str | None = None  # see `log_id_of`

    def wishes(self, *, visualize: bool = False) -> PageWishes:
        """How the pages are to be read. Members of the later generation go over the first's.

        `visualize`: whether pages are drawn where the request does not say.
        """
        side, kind = self.text_det_limit_side_len, self.text_det_limit_type
        if self.first_side is not None:
            side, kind = self.first_side, "max"
        return PageWishes(
            use_doc_orientation_classify=self.use_doc_orientation_classify,
            use_doc_unwarping=self.use_doc_unwarping,
            use_textline_orientation=self.use_textline_orientation,
            text_det_limit_side_len=side,
            text_det_limit_type=None if kind is None else LimitType(kind),
            text_det_thresh=self.text_det_thresh,
            text_det_box_thresh=self.text_det_box_thresh,
            text_det_unclip_ratio=self.text_det_unclip_ratio,
            text_rec_score_thresh=self.text_rec_score_thresh,
            frame=Frame.READ,  # as PaddleX's places are
            additions=self._additions(visualize=visualize),
        )

    @property
    def first_side(self) -> int | None:
        """The limit that the first generation's member sets, where it is the one that counts."""
        first = self.inference_params
        is_over = self.text_det_limit_side_len is None and self.text_det_limit_type is None
        return first.max_long_side if first is not None and is_over else None

    def _additions(self, *, visualize: bool) -> Additions:
        are_drawn = visualize if self.visualize is None else self.visualize
        return Additions(bool(self.return_word_box), result_image=are_drawn, page_images=are_drawn)


def parse_request(text: bytes) -> OcrRequest:
    """Raises RequestNotJson, or InvalidField for the first member that is wrong."""
    try:
        return OcrRequest.model_validate_json(text)
    except ValidationError as error:
        raise error_of(error.errors(include_url=False)[0]) from None


def log_id_of(text: bytes) -> str | None:
    """What the client calls its request; None where it does not say, or it is no JSON.

    Of a body that was given up it is known as far as that was read.
    """
    try:
        members = from_json(text, allow_partial=True)
    except ValueError:
        return None
    log_id = members.get("logId") if isinstance(members, dict) else None
    return log_id if isinstance(log_id, str) and log_id else None


def as_sent(error: InvalidField, request: OcrRequest) -> InvalidField:
    """The error with its field, where that is one of the contract, named as the request does."""
    field = error.facts["field"]
    name = _name_sent(field, request)
    return InvalidField(error.message.replace(field, name, 1), **{**error.facts, "field": name})


def _name_sent(field: str, request: OcrRequest) -> str:
    if field == _URI:
        return MEMBER
    if field == _SIDE and request.first_side is not None:
        return _FIRST_SIDE
    return sent_name(field)


def sent_name(field: str) -> str:
    """An option of the contract as JSON names it; any other field as it is."""
    return to_camel(field.removeprefix(_OPTIONS)) if field.startswith(_OPTIONS) else field


def error_of(finding: ErrorDetails) -> OcrError:
    """What is told of the first thing that is wrong with a request."""
    problem = finding["msg"]
    if finding["type"] == "json_invalid":
        return RequestNotJson(f"the request is no JSON: {problem}")
    field = ".".join(str(part) for part in finding["loc"]) or "the request"
    value = "missing" if finding["type"] == "missing" else repr(finding["input"])
    return InvalidField(
        f"{field}: {problem}",
        field=field,
        value=shortened(value, _SHOWN_LENGTH),
        allowed=problem,
    )
