"""Decides where a line's words stand: which characters make one, and what part of the line it is.

Known is the step at which the recogniser says each character; every step looks at an equal part of
the line. Words come in the order of the steps, whatever the direction of the script.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from statistics import fmean
from typing import Final

from inkstream_server.stages import crop
from inkstream_server.stages.reading_order import Point
from inkstream_server.stages.regions import Polygon

_CJK: Final = (
    (0x3005, 0x3007),  # 々 and its like
    (0x3041, 0x30FF),  # kana
    (0x3105, 0x312F),  # bopomofo
    (0x31F0, 0x31FF),  # kana for Ainu
    (0x3400, 0x4DBF),  # Chinese characters, here and below
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3),  # hangul
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


@dataclass(frozen=True, slots=True)
class Span:
    """A word of a line: where it begins and ends, as shares of the line's length, 0..1."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Word:
    """A word, and where it stands: four (x, y) in pixels of the page."""

    text: str
    polygon: Polygon


class _Kind(Enum):
    CJK = "each character is a word"
    WORD = "letters and digits of one word"
    BETWEEN = "what stands between words"


@dataclass(slots=True)
class _Run:
    """Neighbours of one kind, and the step of each."""

    kind: _Kind
    characters: list[str]
    steps: list[int]


def spans(characters: Sequence[str], steps: Sequence[int], line_steps: float) -> tuple[Span, ...]:
    """Part a line into words; joined, their texts are the line's.

    `steps` are those at which the characters begin, in order; `line_steps` is how many there are
    from the line's beginning to its end: what lies past them is padding.
    """
    runs = list(_runs(characters, steps))
    character_steps = _character_steps(runs) or line_steps / max(1, len(characters))
    return tuple(
        Span(text, *(min(max(at / line_steps, 0.0), 1.0) for at in (start, end)))
        for run in runs
        for text, start, end in _words_of(run, character_steps)
    )


def place(spans: Sequence[Span], polygon: Polygon, *, is_upside_down: bool) -> tuple[Word, ...]:
    """Say where on the page the words of the line in `polygon` stand.

    Their vertices are in the order of the line's, but for a line that is read upside down: there
    the first one is at the text's own top left.
    """
    first = crop.first_vertex(polygon)
    corners = rolled(polygon, first + 2 if is_upside_down else first)
    return tuple(Word(span.text, rolled(_slice(corners, span), -first)) for span in spans)


def rolled(polygon: Polygon, count: int) -> Polygon:
    """The polygon, begun so many vertices later."""
    one, two, three, four = (polygon[(at + count) % 4] for at in range(4))
    return one, two, three, four


def is_cjk(character: str) -> bool:
    """Whether it is a Chinese, Japanese or Korean letter, each a word of its own."""
    return _kind_of(character) is _Kind.CJK


def _runs(characters: Sequence[str], steps: Sequence[int]) -> Iterator[_Run]:
    run = _Run(_Kind.BETWEEN, [], [])
    for character, following, step in zip(characters, [*characters, ""][1:], steps, strict=True):
        kind = _kind_of(character)
        if run.kind is _Kind.WORD and _is_inside_word(character, following):
            kind = _Kind.WORD
        if kind is not run.kind:
            if run.characters:
                yield run
            run = _Run(kind, [], [])
        run.characters.append(character)
        run.steps.append(step)
    if run.characters:
        yield run


@lru_cache(maxsize=4096)
def _kind_of(character: str) -> _Kind:
    first = character[0]
    code = ord(first)
    if first.isalnum() or unicodedata.category(first).startswith("M"):
        return _Kind.CJK if any(low <= code <= high for low, high in _CJK) else _Kind.WORD
    return _Kind.BETWEEN


def _is_inside_word(character: str, following: str) -> bool:
    return character == "-" or (character == "." and following.isdecimal())


def _character_steps(runs: Sequence[_Run]) -> float:
    """How many steps a CJK character of this line takes; 0 if no two of them are neighbours.

    PaddleX's rule: a run's own width, over one character less than it has.
    """
    widths = [
        (run.steps[-1] - run.steps[0] + 1) / (len(run.steps) - 1)
        for run in runs
        if run.kind is _Kind.CJK and len(run.steps) > 1
    ]
    return fmean(widths) if widths else 0.0


def _words_of(run: _Run, character_steps: float) -> Iterator[tuple[str, float, float]]:
    """The run's words, each with the steps between which it stands."""
    if run.kind is _Kind.CJK:
        for character, step in zip(run.characters, run.steps, strict=True):
            middle = step + 0.5
            yield character, middle - character_steps / 2, middle + character_steps / 2
    else:
        yield "".join(run.characters), run.steps[0], run.steps[-1] + 1


def _slice(corners: Polygon, span: Span) -> Polygon:
    """The part of a line between two shares of its length, its first vertex where text begins."""
    top_left, top_right, bottom_right, bottom_left = corners
    return (
        _between(top_left, top_right, span.start),
        _between(top_left, top_right, span.end),
        _between(bottom_left, bottom_right, span.end),
        _between(bottom_left, bottom_right, span.start),
    )


def _between(start: Point, end: Point, share: float) -> Point:
    """PaddleX cuts the fraction off, so this does."""
    return start[0] + int(share * (end[0] - start[0])), start[1] + int(share * (end[1] - start[1]))
