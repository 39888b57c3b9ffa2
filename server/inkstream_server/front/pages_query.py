"""The request of POST /pages but for its body: a query, and a password in a header."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from inkstream_server.document.page_ranges import parse_page_ranges
from inkstream_server.errors import InvalidField
from inkstream_server.front.http_schema import MAX_SIDE_LENGTH, error_of, sent_name
from inkstream_server.pipeline.frames import Frame
from inkstream_server.pipeline.intake import DocumentJob, PageOrder
from inkstream_server.pipeline.settings import Additions, PageWishes, SettingsBook
from inkstream_server.scheduling.priority import Priority
from inkstream_server.stages.detection import LimitType

PASSWORD_HEADER: Final = "inkstream-password"
"""UTF-8, percent-encoded. A query is written to the logs of whatever lies between."""


class PagesQuery(BaseModel):
    """What a query may hold. What it does not know is refused: it would be missed silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    ranges: str = ""
    dpi: int = Field(default=0, le=MAX_SIDE_LENGTH)
    order: PageOrder = PageOrder.DOCUMENT
    priority: Priority = Priority.BATCH
    frame: Frame = Frame.SOURCE
    use_doc_orientation_classify: bool | None = None
    use_doc_unwarping: bool | None = None
    use_textline_orientation: bool | None = None
    text_det_limit_side_len: int | None = Field(default=None, le=MAX_SIDE_LENGTH)
    text_det_limit_type: LimitType | None = None
    text_det_thresh: float | None = None
    text_det_box_thresh: float | None = None
    text_det_unclip_ratio: float | None = None
    text_rec_score_thresh: float | None = None
    text_rec_model: str | None = None
    return_word_box: bool = False
    return_page_images: bool = False
    visualize: bool = False

    def wishes(self) -> PageWishes:
        return PageWishes(
            use_doc_orientation_classify=self.use_doc_orientation_classify,
            use_doc_unwarping=self.use_doc_unwarping,
            use_textline_orientation=self.use_textline_orientation,
            text_det_limit_side_len=self.text_det_limit_side_len,
            text_det_limit_type=self.text_det_limit_type,
            text_det_thresh=self.text_det_thresh,
            text_det_box_thresh=self.text_det_box_thresh,
            text_det_unclip_ratio=self.text_det_unclip_ratio,
            text_rec_score_thresh=self.text_rec_score_thresh,
            text_rec_model=self.text_rec_model,
            frame=self.frame,
            additions=Additions(
                self.return_word_box,
                result_image=self.visualize,
                page_images=self.return_page_images,
            ),
        )


def parse_query(members: Iterable[tuple[str, str]]) -> PagesQuery:
    """Raises InvalidField for the first that is wrong, unknown or there twice."""
    told: dict[str, str] = {}
    for name, value in members:
        if name in told:
            raise InvalidField.of(name, "there twice", "once")
        told[name] = value
    try:
        return PagesQuery.model_validate(told)
    except ValidationError as error:
        raise error_of(error.errors(include_url=False)[0]) from None


def job_of(
    query: PagesQuery,
    password: str,
    client: str,
    book: SettingsBook,
    requested_dpi: Callable[[int], int | None],
) -> DocumentJob:
    """All of a job but its content. Raises OcrError, its fields named as the query has them."""
    try:
        return DocumentJob(
            content=b"",
            settings=book.fill_in(query.wishes()),
            priority=query.priority,
            client=client,
            password=unquote(password),
            ranges=parse_page_ranges(query.ranges),
            dpi=requested_dpi(query.dpi),
            order=query.order,
        )
    except InvalidField as error:
        raise as_queried(error) from None


def as_queried(error: InvalidField) -> InvalidField:
    """The error with its field, where that is one of the contract, named as the query does."""
    field = error.facts["field"]
    name = sent_name(field.removeprefix("pages."))
    return InvalidField(error.message.replace(field, name, 1), **{**error.facts, "field": name})
