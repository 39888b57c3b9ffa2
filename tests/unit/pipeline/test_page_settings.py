from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.errors import InvalidField, ModelNotServed, ModuleNotServed
from inkstream_server.pipeline.frames import Frame
from inkstream_server.pipeline.settings import (
    PageDefaults,
    PageSettings,
    PageWishes,
    ServedModels,
    SettingsBook,
)
from inkstream_server.stages.detection import DetectionParams, LimitType

MODELS = ServedModels("det", "rec", "cls")
SHARES: dict[str, Callable[[float], PageWishes]] = {
    "text_det_thresh": lambda share: PageWishes(text_det_thresh=share),
    "text_det_box_thresh": lambda share: PageWishes(text_det_box_thresh=share),
    "text_rec_score_thresh": lambda share: PageWishes(text_rec_score_thresh=share),
}


def book(models: ServedModels = MODELS, *, use_textline_orientation: bool = True) -> SettingsBook:
    return SettingsBook(PageDefaults(use_textline_orientation=use_textline_orientation), models)


def test_without_wishes_a_page_is_read_with_the_defaults() -> None:
    assert book().fill_in(PageWishes()) == PageSettings(
        detection=DetectionParams(960, LimitType.MAX, 0.3, 0.6, 2.0),
        text_rec_score_thresh=0.0,
        text_det_model="det",
        text_rec_model="rec",
        textline_orientation_model="cls",
    )


def test_pages_are_set_upright_where_there_is_a_model_for_it() -> None:
    served = ServedModels("det", "rec", doc_orientation="ori")

    assert SettingsBook(PageDefaults(), served).defaults.doc_orientation_model == "ori"
    off = PageDefaults(use_doc_orientation_classify=False)
    by_request = SettingsBook(off, served).fill_in(PageWishes(use_doc_orientation_classify=True))
    assert not SettingsBook(off, served).defaults.use_doc_orientation_classify
    assert by_request.doc_orientation_model == "ori"


def test_pages_are_unwarped_where_there_is_a_model_for_it() -> None:
    served = ServedModels("det", "rec", doc_unwarping="flat")
    off = SettingsBook(PageDefaults(use_doc_unwarping=False), served)

    assert SettingsBook(PageDefaults(), served).defaults.doc_unwarping_model == "flat"
    assert not SettingsBook(PageDefaults(), MODELS).defaults.use_doc_unwarping
    assert not off.defaults.use_doc_unwarping
    assert off.fill_in(PageWishes(use_doc_unwarping=True)).doc_unwarping_model == "flat"
    on = SettingsBook(PageDefaults(), served)
    assert not on.fill_in(PageWishes(use_doc_unwarping=False)).use_doc_unwarping


def test_coordinates_are_told_on_the_source_unless_a_request_says_otherwise() -> None:
    assert book().fill_in(PageWishes()).frame is Frame.SOURCE
    assert book().fill_in(PageWishes(frame=Frame.READ)).frame is Frame.READ


def test_the_defaults_are_the_configured_ones() -> None:
    defaults = PageDefaults(
        use_textline_orientation=False,
        text_det_limit_side_len=736,
        text_det_limit_type=LimitType.MIN,
        text_det_thresh=0.1,
        text_det_box_thresh=0.2,
        text_det_unclip_ratio=1.5,
        text_rec_score_thresh=0.5,
    )

    filled = SettingsBook(defaults, MODELS).fill_in(PageWishes())

    assert filled.detection == DetectionParams(736, LimitType.MIN, 0.1, 0.2, 1.5)
    assert filled.text_rec_score_thresh == 0.5
    assert not filled.use_textline_orientation


def test_every_wish_counts() -> None:
    filled = book().fill_in(
        PageWishes(
            use_doc_orientation_classify=False,
            use_doc_unwarping=False,
            use_textline_orientation=False,
            text_det_limit_side_len=64,
            text_det_limit_type=LimitType.MIN,
            text_det_thresh=0.25,
            text_det_box_thresh=0.5,
            text_det_unclip_ratio=3.0,
            text_rec_score_thresh=0.75,
            text_rec_model="rec",
        )
    )

    assert filled == PageSettings(
        DetectionParams(64, LimitType.MIN, 0.25, 0.5, 3.0), 0.75, "det", "rec", None
    )


@pytest.mark.parametrize("name", SHARES)
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_an_explicit_share_at_its_bound_is_a_value(name: str, share: float) -> None:
    defaults = PageDefaults(text_det_thresh=0.5, text_det_box_thresh=0.5, text_rec_score_thresh=0.5)

    filled = SettingsBook(defaults, MODELS).fill_in(SHARES[name](share))

    values = {
        "text_det_thresh": filled.detection.thresh,
        "text_det_box_thresh": filled.detection.box_thresh,
        "text_rec_score_thresh": filled.text_rec_score_thresh,
    }
    assert values == {each: share if each == name else 0.5 for each in SHARES}


@pytest.mark.parametrize("name", SHARES)
@pytest.mark.parametrize("share", [-0.01, 1.01, float("nan"), float("inf"), float("-inf")])
def test_a_share_out_of_range_is_refused_by_name(name: str, share: float) -> None:
    with pytest.raises(InvalidField) as refused:
        book().fill_in(SHARES[name](share))

    assert refused.value.facts == {
        "field": f"options.{name}",
        "value": str(share),
        "allowed": "0 to 1",
    }


@pytest.mark.parametrize("ratio", [0.0, -1.0, 100.5, float("nan"), float("inf")])
def test_a_ratio_out_of_range_is_refused(ratio: float) -> None:
    with pytest.raises(InvalidField, match=r"options\.text_det_unclip_ratio"):
        book().fill_in(PageWishes(text_det_unclip_ratio=ratio))


@pytest.mark.parametrize("side", [0, -1, -(2**31)])
def test_a_side_without_a_pixel_is_refused(side: int) -> None:
    with pytest.raises(InvalidField, match=r"options\.text_det_limit_side_len"):
        book().fill_in(PageWishes(text_det_limit_side_len=side))


@given(share=st.floats(0.0, 1.0), ratio=st.floats(0.001, 100.0), side=st.integers(1, 2**31 - 1))
def test_whatever_is_in_range_is_taken(share: float, ratio: float, side: int) -> None:
    wishes = PageWishes(
        text_det_limit_side_len=side, text_det_thresh=share, text_det_unclip_ratio=ratio
    )

    detection = book().fill_in(wishes).detection

    assert (detection.limit_side_len, detection.thresh, detection.unclip_ratio) == (
        side,
        share,
        ratio,
    )


@pytest.mark.parametrize(
    ("wishes", "module"),
    [
        (PageWishes(use_doc_orientation_classify=True), "doc_text_orientation"),
        (PageWishes(use_doc_unwarping=True), "image_unwarping"),
        (PageWishes(use_textline_orientation=True), "textline_orientation"),
    ],
)
def test_a_module_without_a_model_is_refused_by_name(wishes: PageWishes, module: str) -> None:
    with pytest.raises(ModuleNotServed) as refused:
        book(ServedModels("det", "rec")).fill_in(wishes)

    assert refused.value.facts == {"module": module}


def test_a_module_that_is_off_by_default_can_be_turned_on() -> None:
    served = book(use_textline_orientation=False)

    assert not served.fill_in(PageWishes()).use_textline_orientation
    turned_on = served.fill_in(PageWishes(use_textline_orientation=True))
    assert turned_on.textline_orientation_model == "cls"


def test_a_default_without_its_model_is_off() -> None:
    assert not book(ServedModels("det", "rec")).fill_in(PageWishes()).use_textline_orientation


def test_a_request_chooses_among_the_recognisers() -> None:
    served = book(ServedModels("det", "rec", other_text_recognition=("en", "fine")))

    assert served.fill_in(PageWishes()).text_rec_model == "rec"
    for name in ("rec", "en", "fine"):
        assert served.fill_in(PageWishes(text_rec_model=name)).text_rec_model == name


@pytest.mark.parametrize("name", ["other", "det", "REC", "rec "])
def test_a_model_that_is_not_served_is_refused_with_those_that_are(name: str) -> None:
    served = ServedModels("det", "rec", other_text_recognition=("en",))

    with pytest.raises(ModelNotServed) as refused:
        book(served).fill_in(PageWishes(text_rec_model=name))

    assert refused.value.facts == {
        "field": "options.text_rec_model",
        "model": name,
        "served": "rec, en",
    }


def test_how_many_contours_are_looked_at_is_the_detectors_own() -> None:
    of_model = book(ServedModels("det", "rec", max_candidates=3000))

    assert of_model.fill_in(PageWishes(text_det_thresh=0.5)).detection.max_candidates == 3000
    assert book().fill_in(PageWishes()).detection.max_candidates == 1000
