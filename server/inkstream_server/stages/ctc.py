"""Reads what a recogniser says step by step: repeats are one character, blanks are none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

BLANK: Final = 0


def alphabet(dictionary: Sequence[str]) -> tuple[str, ...]:
    """Tell what each class stands for: the blank, the dictionary's characters, the space."""
    return ("", *dictionary, " ")


def decode(
    class_ids: NDArray[np.int32], maxima: NDArray[np.float32], alphabet: Sequence[str]
) -> tuple[str, float]:
    """Read one line's text and score from the best class of each step and its probability (T each).

    The score is the mean of the kept steps' probabilities, and 0 for an empty line.
    """
    steps = kept_steps(class_ids)
    if not steps.size:
        return "", 0.0
    return "".join(characters(class_ids, steps, alphabet)), float(maxima[steps].mean())


def kept_steps(class_ids: NDArray[np.int32]) -> NDArray[np.intp]:
    """Tell the steps at which one line's characters begin, from the best class of each step (T)."""
    is_kept = class_ids != BLANK
    is_kept[1:] &= class_ids[1:] != class_ids[:-1]
    return np.flatnonzero(is_kept)


def characters(
    class_ids: NDArray[np.int32], steps: NDArray[np.intp], alphabet: Sequence[str]
) -> list[str]:
    """Tell what one line says at each of these steps."""
    return [alphabet[class_id] for class_id in class_ids[steps].tolist()]
