"""What one page is read with: the request's wishes laid over the server's defaults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeVar

from pydantic import BaseModel, Field

from inkstream_server.errors import InvalidField, ModelNotServed, ModuleNotServed
from inkstream_server.models.line_family import LineFamily
from inkstream_server.models.recipe import PageView
from inkstream_server.pipeline.frames import Frame
from inkstream_server.stages.detection import USUAL, DetectionParams, LimitType

T = TypeVar("T")

_SHARE: Final = "0 to 1"
# Past this a region is the whole page, whatever it was; the bound keeps the arithmetic in range.
_MAX_UNCLIP_RATIO: Final = 100.0


class PageDefaults(BaseModel, frozen=True, extra="forbid"):
    """What a page is read with where a request says nothing. The production line's own values."""

    # Whether pages are set upright, where its model is served.
    use_doc_orientation_classify: bool = True
    # Whether photographed pages are made flat, likewise.
    use_doc_unwarping: bool = True
    # Whether lines that stand on their head are turned. Its model is of an older generation; see
    # docs/decisions/004.
    use_textline_orientation: bool = False
    # The side length that the limit's type speaks of.
    text_det_limit_side_len: int = Field(default=960, ge=1)
    # min: the short side is scaled up to the limit; max: the long one down.
    text_det_limit_type: LimitType = LimitType.MAX
    # A pixel whose text probability is above this belongs to text.
    text_det_thresh: float = Field(default=0.3, ge=0.0, le=1.0)
    # A region whose mean text probability is under this is dropped.
    text_det_box_thresh: float = Field(default=0.6, ge=0.0, le=1.0)
    # How far a region is grown, as a multiple of its area over its perimeter.
    text_det_unclip_ratio: float = Field(default=2.0, gt=0.0, le=_MAX_UNCLIP_RATIO)
    # A line whose score is under this is left out.
    text_rec_score_thresh: float = Field(default=0.0, ge=0.0, le=1.0)


@dataclass(frozen=True, slots=True)
class Additions:
    """What a page comes back with beside its lines, where a request asks for it."""

    words: bool = False
    result_image: bool = False
    page_images: bool = False


NO_ADDITIONS: Final = Additions()


@dataclass(frozen=True, slots=True)
class PageWishes:
    """What a request sets; None means: as the server has it."""

    use_doc_orientation_classify: bool | None = None
    use_doc_unwarping: bool | None = None
    use_textline_orientation: bool | None = None
    text_det_limit_side_len: int | None = None
    text_det_limit_type: LimitType | None = None
    text_det_thresh: float | None = None
    text_det_box_thresh: float | None = None
    text_det_unclip_ratio: float | None = None
    text_rec_score_thresh: float | None = None
    text_rec_model: str | None = None
    frame: Frame | None = None
    additions: Additions = NO_ADDITIONS


@dataclass(frozen=True, slots=True)
class ServedModels:
    """The model that stands at each place of the production line, None where there is none."""

    text_detection: str
    text_recognition: str
    textline_orientation: str | None = None
    doc_orientation: str | None = None
    doc_unwarping: str | None = None
    # Recognisers that requests may name instead.
    other_text_recognition: tuple[str, ...] = ()
    # That of the line-orientation model.
    line_family: LineFamily = LineFamily.MOBILE_V2
    # That of the page classifier.
    page_view: PageView = PageView.MIDDLE
    # The detector's own: how many contours of its map are looked at.
    max_candidates: int = USUAL.max_candidates

    @property
    def recognisers(self) -> tuple[str, ...]:
        """All of them, the default one first."""
        return (self.text_recognition, *self.other_text_recognition)


@dataclass(frozen=True, slots=True)
class PageSettings:
    """What a page is read with, all filled in."""

    detection: DetectionParams
    text_rec_score_thresh: float
    text_det_model: str
    text_rec_model: str
    # None: the module is off.
    textline_orientation_model: str | None
    doc_orientation_model: str | None = None
    # What that model sees of the page.
    page_view: PageView = PageView.MIDDLE
    doc_unwarping_model: str | None = None
    # The image that coordinates are wanted in.
    frame: Frame = Frame.SOURCE
    # That of the line-orientation model.
    line_family: LineFamily = LineFamily.MOBILE_V2
    additions: Additions = NO_ADDITIONS

    @property
    def use_doc_orientation_classify(self) -> bool:
        return self.doc_orientation_model is not None

    @property
    def use_doc_unwarping(self) -> bool:
        return self.doc_unwarping_model is not None

    @property
    def use_textline_orientation(self) -> bool:
        return self.textline_orientation_model is not None

    @property
    def lines_classified_by(self) -> LineFamily | None:
        """The family of the line-orientation model, None where the module is off."""
        return self.line_family if self.use_textline_orientation else None


class SettingsBook:
    """Knows the server's defaults and models, and fills in requests' wishes."""

    def __init__(self, defaults: PageDefaults, models: ServedModels) -> None:
        self._models = models
        page_classifier = models.doc_orientation if defaults.use_doc_orientation_classify else None
        unwarper = models.doc_unwarping if defaults.use_doc_unwarping else None
        line_classifier = models.textline_orientation if defaults.use_textline_orientation else None
        self.defaults = PageSettings(
            detection=DetectionParams(
                limit_side_len=defaults.text_det_limit_side_len,
                limit_type=defaults.text_det_limit_type,
                thresh=defaults.text_det_thresh,
                box_thresh=defaults.text_det_box_thresh,
                unclip_ratio=defaults.text_det_unclip_ratio,
                max_candidates=models.max_candidates,
            ),
            text_rec_score_thresh=defaults.text_rec_score_thresh,
            text_det_model=models.text_detection,
            text_rec_model=models.text_recognition,
            doc_orientation_model=page_classifier,
            page_view=models.page_view,
            doc_unwarping_model=unwarper,
            textline_orientation_model=line_classifier,
            line_family=models.line_family,
        )

    def fill_in(self, wishes: PageWishes) -> PageSettings:
        """The settings of a request. Raises InvalidField, ModuleNotServed, ModelNotServed."""
        _check_ranges(wishes)
        return replace(
            self.defaults,
            detection=self._detection(wishes),
            text_rec_score_thresh=_or(
                wishes.text_rec_score_thresh, self.defaults.text_rec_score_thresh
            ),
            text_rec_model=self._recogniser(wishes.text_rec_model),
            frame=wishes.frame or Frame.SOURCE,
            doc_orientation_model=_optional(
                wishes.use_doc_orientation_classify,
                self.defaults.doc_orientation_model,
                self._models.doc_orientation,
                "doc_text_orientation",
            ),
            doc_unwarping_model=_optional(
                wishes.use_doc_unwarping,
                self.defaults.doc_unwarping_model,
                self._models.doc_unwarping,
                "image_unwarping",
            ),
            textline_orientation_model=_optional(
                wishes.use_textline_orientation,
                self.defaults.textline_orientation_model,
                self._models.textline_orientation,
                "textline_orientation",
            ),
            additions=wishes.additions,
        )

    def _detection(self, wishes: PageWishes) -> DetectionParams:
        own = self.defaults.detection
        return replace(
            own,
            limit_side_len=_or(wishes.text_det_limit_side_len, own.limit_side_len),
            limit_type=_or(wishes.text_det_limit_type, own.limit_type),
            thresh=_or(wishes.text_det_thresh, own.thresh),
            box_thresh=_or(wishes.text_det_box_thresh, own.box_thresh),
            unclip_ratio=_or(wishes.text_det_unclip_ratio, own.unclip_ratio),
        )

    def _recogniser(self, wished: str | None) -> str:
        if wished is None:
            return self.defaults.text_rec_model
        if wished not in self._models.recognisers:
            served = ", ".join(self._models.recognisers)
            raise ModelNotServed(
                f"text_rec_model {wished!r} is not served here; served: {served}",
                field="options.text_rec_model",
                model=wished,
                served=served,
            )
        return wished


def _optional(wished: bool | None, own: str | None, served: str | None, module: str) -> str | None:
    """The model of a module that can be off."""
    if wished is None:
        return own
    if wished and served is None:
        raise _module_not_served(module)
    return served if wished else None


def _or(wished: T | None, own: T) -> T:
    return own if wished is None else wished


def _check_ranges(wishes: PageWishes) -> None:
    limit = wishes.text_det_limit_side_len
    if limit is not None and limit < 1:
        raise InvalidField.of("options.text_det_limit_side_len", limit, "1 or more pixels")
    for name in ("text_det_thresh", "text_det_box_thresh", "text_rec_score_thresh"):
        share = getattr(wishes, name)
        if share is not None and not 0.0 <= share <= 1.0:  # NaN is refused too
            raise InvalidField.of(f"options.{name}", share, _SHARE)
    ratio = wishes.text_det_unclip_ratio
    if ratio is not None and not 0.0 < ratio <= _MAX_UNCLIP_RATIO:
        raise InvalidField.of("options.text_det_unclip_ratio", ratio, "more than 0, to 100")


def _module_not_served(module: str) -> ModuleNotServed:
    return ModuleNotServed(f"this server has no model for the module {module}", module=module)
