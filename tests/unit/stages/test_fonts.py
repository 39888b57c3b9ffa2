import pytest

from inkstream_server.stages.fonts import MISSING, general, length_em, letters, runs


@pytest.mark.parametrize(
    "text", ["plain words", "中文、漢字", "かなカナ", "한글", "Ελληνικά", "Привет", "naïve café"]
)
def test_most_texts_are_of_one_typeface(text: str) -> None:
    (run,) = runs(text)

    assert run.typeface is general()
    assert run.text == text


@pytest.mark.parametrize("text", ["العربية", "हिन्दी", "తెలుగు", "தமிழ்", "ಕನ್ನಡ", "ไทย", "עברית"])
def test_other_scripts_have_typefaces_of_their_own(text: str) -> None:
    (run,) = runs(text)

    assert run.typeface is not general()
    assert run.text == text


def test_blanks_and_signs_stay_with_the_letters_before_them() -> None:
    assert [run.text for run in runs("हिन्दी, लिपि. Latin too")] == ["हिन्दी, लिपि. ", "Latin too"]


def test_parts_of_a_text_that_runs_leftwards_come_in_the_order_in_which_they_stand() -> None:
    assert [run.text for run in runs("נוסח 中文")] == ["中文", "נוסח "]


def test_what_no_font_has_is_shown_as_missing() -> None:
    assert [run.text for run in runs("a\U0001f600b")] == [f"a{MISSING}b"]
    assert [run.text for run in runs("a\U00017000b")] == [f"a{MISSING}b"]  # Tangut
    assert general().has(MISSING)


def test_a_letter_is_made_once_for_each_size_unless_it_is_large() -> None:
    (run,) = runs("中")

    (one,), (again,) = letters(run, 24), letters(run, 24)
    (large,), (large_again,) = letters(run, 400), letters(run, 400)

    assert one is again
    assert large is not large_again
    assert large.ink.shape[0] > 10 * one.ink.shape[0]


def test_the_letters_of_a_run_are_as_long_as_it_is_said_to_be() -> None:
    for text in ("one two", "中文", "العربية"):
        (run,) = runs(text)

        assert sum(each.advance_px for each in letters(run, 50)) == pytest.approx(
            50 * length_em(run)
        )


def test_scripts_that_join_their_letters_are_written_as_one() -> None:
    (run,) = runs("العربية")

    (letter,) = letters(run, 40)

    assert letter.ink.max() > 200


def test_a_blank_has_a_length_and_no_ink() -> None:
    (letter,) = letters(runs(" ")[0], 40)

    assert letter.advance_px > 5
    assert not letter.ink.any()
