import numpy as np
import pytest

from inkstream_server.stages.ctc import alphabet, characters, decode, kept_steps

ABC = alphabet("abc")


def ids(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.array(values, np.int32)


def maxima(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array(values, np.float32)


def test_the_alphabet_is_the_blank_the_dictionary_and_the_space() -> None:
    assert ABC == ("", "a", "b", "c", " ")


def test_repeats_are_one_character_and_blanks_none() -> None:
    text, _ = decode(ids(0, 1, 1, 0, 1, 2, 2, 0), maxima(*[0.5] * 8), ABC)

    assert text == "aab"


def test_the_space_is_a_character() -> None:
    assert decode(ids(1, 4, 3), maxima(1, 1, 1), ABC)[0] == "a c"


def test_the_score_is_the_mean_of_the_first_step_of_each_character() -> None:
    _, score = decode(ids(1, 1, 0, 2), maxima(0.5, 0.1, 0.2, 1.0), ABC)

    assert score == pytest.approx(0.75)


def test_a_line_of_blanks_is_empty_with_score_zero() -> None:
    assert decode(ids(0, 0, 0), maxima(0.9, 0.9, 0.9), ABC) == ("", 0.0)


def test_what_is_decoded_is_left_unchanged() -> None:
    class_ids = ids(1, 1, 2)

    decode(class_ids, maxima(1, 1, 1), ABC)

    assert class_ids.tolist() == [1, 1, 2]


def test_a_character_stands_at_the_step_at_which_it_begins() -> None:
    class_ids = ids(0, 1, 1, 0, 1, 2, 2, 4)

    steps = kept_steps(class_ids)

    assert steps.tolist() == [1, 4, 5, 7]
    assert characters(class_ids, steps, ABC) == ["a", "a", "b", " "]
