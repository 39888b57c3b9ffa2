import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.stages.regions import Polygon
from inkstream_server.stages.words import Span, is_cjk, place, rolled, spans

UPRIGHT: Polygon = ((100, 50), (300, 50), (300, 90), (100, 90))
TALL: Polygon = ((100, 50), (140, 50), (140, 250), (100, 250))


def texts(text: str) -> list[str]:
    return [span.text for span in spans(text, range(len(text)), len(text))]


def bounds(text: str, steps: list[int], line_steps: float) -> list[tuple[float, float]]:
    """Where each word begins and ends, in steps."""
    found = spans(text, steps, line_steps)
    return [(span.start * line_steps, span.end * line_steps) for span in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one two", ["one", " ", "two"]),
        ("v1.23 (VGG-16)", ["v1.23", " (", "VGG-16", ")"]),
        ("end. Next", ["end", ". ", "Next"]),
        ("1.", ["1", "."]),
        ("-40°C", ["-", "40", "°", "C"]),
        ("每公斤45元、", ["每", "公", "斤", "45", "元", "、"]),
        ("カナと한글", ["カ", "ナ", "と", "한", "글"]),
        ("café, Übung", ["café", ", ", "Übung"]),
        ("привет мир", ["привет", " ", "мир"]),
        ("हिन्दी लिपि", ["हिन्दी", " ", "लिपि"]),
        ("العربية نص", ["العربية", " ", "نص"]),
        ("", []),
    ],
)
def test_words_are_runs_of_letters_and_every_cjk_character(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


@given(st.text(max_size=30))
def test_the_words_texts_are_the_lines(text: str) -> None:
    assert "".join(texts(text)) == text


def test_a_character_of_several_code_points_stays_whole() -> None:
    found = spans(["a", "e\u0301", "b", " "], [1, 2, 3, 4], 8)

    assert [span.text for span in found] == ["ae\u0301b", " "]


def test_a_word_reaches_from_its_first_step_to_the_end_of_its_last() -> None:
    assert bounds("ab c", [2, 4, 6, 9], 20) == [(2, 5), (6, 7), (9, 10)]


def test_neighbouring_cjk_characters_tell_how_wide_one_is() -> None:
    found = bounds("中国人 日", [10, 14, 18, 24, 30], 60)

    width = (18 - 10 + 1) / 2
    assert found[0] == pytest.approx((10.5 - width / 2, 10.5 + width / 2))
    assert found[4] == pytest.approx((30.5 - width / 2, 30.5 + width / 2))


def test_a_cjk_character_alone_is_as_wide_as_the_line_has_room_for_each() -> None:
    assert bounds("a中b", [5, 15, 25], 30)[1] == pytest.approx((10.5, 20.5))


def test_no_word_leaves_its_line() -> None:
    assert bounds("中国a", [0, 19, 25], 20) == [(0, 10.5), (9.5, 20), (20, 20)]


def test_words_part_the_lines_polygon() -> None:
    first, _, last = place(
        [Span("one", 0.0, 0.25), Span(" ", 0.25, 0.5), Span("two", 0.5, 1.0)],
        UPRIGHT,
        is_upside_down=False,
    )

    assert first.polygon == ((100, 50), (150, 50), (150, 90), (100, 90))
    assert last.polygon == ((200, 50), (300, 50), (300, 90), (200, 90))


def test_words_of_a_line_upside_down_begin_at_its_right() -> None:
    (word,) = place([Span("one", 0.0, 0.25)], UPRIGHT, is_upside_down=True)

    assert word.polygon == ((300, 90), (250, 90), (250, 50), (300, 50))


def test_words_of_a_tall_line_stand_one_below_the_other() -> None:
    first, second = place([Span("一", 0.0, 0.5), Span("二", 0.5, 1.0)], TALL, is_upside_down=False)

    assert first.polygon == ((100, 50), (140, 50), (140, 150), (100, 150))
    assert second.polygon == ((100, 150), (140, 150), (140, 250), (100, 250))


def test_words_of_a_tall_line_upside_down_stand_one_above_the_other() -> None:
    (word,) = place([Span("one", 0.0, 0.25)], TALL, is_upside_down=True)

    assert word.polygon == ((140, 250), (100, 250), (100, 200), (140, 200))


def test_words_of_a_tilted_line_are_tilted() -> None:
    tilted: Polygon = ((100, 100), (300, 80), (304, 120), (104, 140))

    (word,) = place([Span("one", 0.5, 1.0)], tilted, is_upside_down=False)

    assert word.polygon == ((200, 90), (300, 80), (304, 120), (204, 130))


@pytest.mark.parametrize(("character", "expected"), [("中", True), ("が", True), ("a", False)])
def test_cjk_characters_are_told_from_others(character: str, expected: bool) -> None:
    assert is_cjk(character) is expected


def test_a_polygon_can_begin_at_any_vertex() -> None:
    assert rolled(UPRIGHT, 2) == (UPRIGHT[2], UPRIGHT[3], UPRIGHT[0], UPRIGHT[1])
    assert rolled(rolled(UPRIGHT, 3), -3) == UPRIGHT
