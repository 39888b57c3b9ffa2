"""Numbers that are drawn by their weights."""

from __future__ import annotations

from itertools import accumulate
from random import Random
from typing import Annotated

from pydantic import Field

Choice = int | dict[int, Annotated[float, Field(ge=0.0)]]
"""One number, or several with their weights: `{320: 3, 640: 1}` is 320 three times of four."""


class Draw:
    """A choice, ready to be drawn from."""

    def __init__(self, choice: Choice) -> None:
        weights = {choice: 1.0} if isinstance(choice, int) else choice
        self._numbers = list(weights)
        self._sums = list(accumulate(weights.values()))

    def one(self, random: Random) -> int:
        return random.choices(self._numbers, cum_weights=self._sums)[0]

    def several(self, count: int, random: Random) -> list[int]:
        return random.choices(self._numbers, cum_weights=self._sums, k=count) if count else []
