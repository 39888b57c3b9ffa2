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

    @property
    def mean(self) -> float:
        starts = [0.0, *self._sums[:-1]]
        total = self._sums[-1]
        return sum(
            number * (end - start) / total
            for number, start, end in zip(self._numbers, starts, self._sums, strict=True)
        )

    def one(self, random: Random) -> int:
        return random.choices(self._numbers, cum_weights=self._sums)[0]

    def several(self, count: int, random: Random) -> list[int]:
        return random.choices(self._numbers, cum_weights=self._sums, k=count) if count else []
