import pytest

from inkstream_server.pipeline.assembling import captions
from inkstream_server.pipeline.results import TextLine
from inkstream_server.pipeline.settings import PageSettings
from inkstream_server.stages.captions import Caption
from inkstream_server.stages.detection import DetectionParams, LimitType
from inkstream_server.stages.regions import Polygon
from inkstream_server.stages.words import Word

LINE: Polygon = ((10, 20), (90, 20), (90, 30), (10, 30))
LEFT: Polygon = ((10, 20), (40, 20), (40, 30), (10, 30))
GAP: Polygon = ((40, 20), (50, 20), (50, 30), (40, 30))
RIGHT: Polygon = ((50, 20), (90, 20), (90, 30), (50, 30))


def settings(text_rec_score_thresh: float = 0.0) -> PageSettings:
    detection = DetectionParams(960, LimitType.MAX, 0.3, 0.6, 2.0)
    return PageSettings(detection, text_rec_score_thresh, "det", "rec", None)


def line(score: float = 1.0, words: tuple[Word, ...] = ()) -> TextLine:
    return TextLine("two words", score, LINE, 0, words)


def test_a_line_without_words_is_written_as_a_whole() -> None:
    assert captions([line()], settings()) == (Caption("two words", LINE),)


@pytest.mark.parametrize("blank", [" ", "\u3000", " \t"])
def test_words_are_written_each_and_blanks_between_them_not(blank: str) -> None:
    words = (Word("two", LEFT), Word(blank, GAP), Word("words", RIGHT))

    assert captions([line(words=words)], settings()) == (
        Caption("two", LEFT),
        Caption("words", RIGHT),
    )


@pytest.mark.parametrize(("score", "is_told"), [(0.49, False), (0.5, True), (0.51, True)])
def test_a_line_is_told_from_the_threshold_on(score: float, is_told: bool) -> None:
    assert bool(captions([line(score)], settings(text_rec_score_thresh=0.5))) is is_told
