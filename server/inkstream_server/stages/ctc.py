"""Reads what a recogniser says step by step: repeats are one character, blanks are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

BLANK: Final = 0


@dataclass(frozen=True, slots=True)
class Decoded:
    """One line as read. `steps` has, for each character, the step of the model that says it."""

    text: str
    score: float
    steps: NDArray[np.intp]


def alphabet(characters: Sequence[str]) -> tuple[str, ...]:
    """Tell what each class stands for: the blank, the dictionary's characters, the space."""
    return ("", *characters, " ")


def decode(
    class_ids: NDArray[np.int32], maxima: NDArray[np.float32], alphabet: Sequence[str]
) -> Decoded:
    """Read one line: the best class of each step and its probability, T of each.

    The score is the mean of the kept steps' probabilities, and 0 for an empty line.
    """
    is_kept = class_ids != BLANK
    is_kept[1:] &= class_ids[1:] != class_ids[:-1]
    steps = np.flatnonzero(is_kept)
    if not steps.size:
        return Decoded("", 0.0, steps)
    text = "".join([alphabet[class_id] for class_id in class_ids[steps].tolist()])
    return Decoded(text, float(maxima[steps].mean()), steps)
