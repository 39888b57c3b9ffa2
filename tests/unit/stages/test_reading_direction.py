from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.stages.reading_direction import (
    reads_right_to_left,
    reordered,
    reordered_words,
)
from inkstream_server.stages.words import Span, spans

LATIN = tuple("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;()é")
ARABIC = tuple("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژکگی١٢٣ًٌ")
HEBREW = tuple("אבגדהוזחטיכלמנסעפצקרשת")
# Each as it stands on the page from left to right, and as it is written.
MARHABA, MARHABA_SEEN = "مرحبا", "ابحرم"
SHALOM, SHALOM_SEEN = "שלום", "םולש"


@pytest.mark.parametrize(
    ("characters", "is_right_to_left"),
    [
        (ARABIC, True),
        (HEBREW, True),
        ((*LATIN, *ARABIC), True),
        (LATIN, False),
        (tuple("0123456789"), False),
        ((), False),
        (("中", "文", "한", "Я", "ß", "あ"), False),
        ((*("中" for _ in range(6000)), "א", "ب"), False),
        (("ab", "אב"), True),
    ],
    ids=["arabic", "hebrew", "arabic_and_latin", "latin", "digits", "none", "others", "few", "two"],
)
def test_a_dictionary_tells_which_way_its_script_runs(
    characters: tuple[str, ...], is_right_to_left: bool
) -> None:
    assert reads_right_to_left(characters) is is_right_to_left


@pytest.mark.parametrize(
    ("seen", "written"),
    [
        ("", ""),
        (MARHABA_SEEN, MARHABA),
        (SHALOM_SEEN, SHALOM),
        (f"123 {MARHABA_SEEN}", f"{MARHABA} 123"),
        (f"Inkstream {SHALOM_SEEN}", f"Inkstream {SHALOM}"),
        ("2026 Inkstream", "2026 Inkstream"),
        (f"({SHALOM_SEEN})", f"({SHALOM})"),
        (f"{SHALOM_SEEN} 12.5 {SHALOM_SEEN}", f"{SHALOM} 12.5 {SHALOM}"),
    ],
)
def test_what_is_seen_from_the_left_is_told_as_it_is_written(seen: str, written: str) -> None:
    assert reordered(seen) == written


@given(text=st.text(st.sampled_from([*LATIN, " ", "-", "/"])))
def test_what_runs_left_to_right_stays_as_it_is(text: str) -> None:
    assert reordered(text) == text


@given(text=st.text(st.sampled_from([*ARABIC, *HEBREW])))
def test_no_character_is_lost(text: str) -> None:
    assert sorted(reordered(text)) == sorted(text)


@given(text=st.text())
def test_no_text_whatsoever_stops_a_worker(text: str) -> None:
    assert isinstance(reordered(text), str)


def test_a_text_with_a_character_without_a_rule_stays_as_it_is() -> None:
    isolate = f"{SHALOM}\N{LEFT-TO-RIGHT ISOLATE}"

    assert reordered(isolate) == isolate


@pytest.mark.parametrize(
    "seen",
    [
        "",
        "one two",
        f"{MARHABA_SEEN} {SHALOM_SEEN}",
        f"({SHALOM_SEEN}) 12.5 {MARHABA_SEEN}",
        f"123 {MARHABA_SEEN}",
        f"Inkstream {SHALOM_SEEN}",
    ],
)
def test_words_are_turned_as_their_line_is(seen: str) -> None:
    written = reordered(seen)

    words = reordered_words(spans(seen, range(len(seen)), len(seen) + 1), written)

    assert "".join(word.text for word in words) == written
    for word in words:
        begins = round(word.start * (len(seen) + 1))
        assert reordered(seen[begins : begins + len(word.text)]).strip(" ()") in word.text


def test_words_of_both_directions_are_turned_each_by_itself() -> None:
    seen = f"one two {SHALOM_SEEN} {MARHABA_SEEN}"

    words = reordered_words(spans(seen, range(len(seen)), len(seen)), reordered(seen))

    assert [word.text for word in words] == ["one", " ", "two", " ", SHALOM, " ", MARHABA]


def test_words_of_a_line_that_cannot_be_turned_stay_as_they_are() -> None:
    words = (Span(SHALOM_SEEN, 0.0, 0.5), Span("\u2066", 0.5, 1.0))
    seen = "".join(word.text for word in words)

    assert reordered_words(words, reordered(seen)) == words
