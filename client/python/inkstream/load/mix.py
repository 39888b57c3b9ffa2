"""Decides which file each request sends: weights, and a draw that a seed repeats."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class File:
    """One file to send, held in memory. `is_document`: a PDF, whose pages are streamed."""

    name: str
    content: bytes = field(repr=False)
    is_document: bool


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or the files of a folder; its weight is shared equally among its files."""

    name: str
    weight: float
    files: tuple[File, ...]

    @property
    def content_bytes(self) -> int:
        return sum(len(file.content) for file in self.files)


@dataclass(frozen=True, slots=True)
class Draw:
    """What one request sends: a file, and the number of the source it is from."""

    source: int
    file: File


def draws(sources: Sequence[Source], seed: int) -> Iterator[Draw]:
    """Without end; the same for the same sources and seed. Every weight must be above 0."""
    deck = [Draw(number, file) for number, source in enumerate(sources) for file in source.files]
    shares = (
        source.weight / len(source.files) for source in sources for _ in range(len(source.files))
    )
    bounds = list(itertools.accumulate(shares))
    chance = random.Random(f"mix {seed}")
    return (chance.choices(deck, cum_weights=bounds)[0] for _ in itertools.count())


def parse_weight(text: str) -> float:
    """Raises ValueError unless it is a number above 0."""
    weight = float(text)
    if not (weight > 0 and math.isfinite(weight)):
        raise ValueError(f"a weight is a number above 0, not {text}")
    return weight
