"""Puts what a recogniser of a right-to-left script reads into the order in which it is written.

A recogniser sees a line from left to right and says its characters in that order. Whether its
script runs the other way is told by its dictionary; which characters are right is not decided here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bidi.algorithm import get_display

from inkstream_server.stages.words import Span

# Of a dictionary's letters. Arabic ones have half and more; large ones of other scripts a few.
_LEAST_SHARE: Final = 0.1
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL"})
# What the reordering does not know: isolates, and what Unicode did not know when it was written.
_NOT_REORDERED: Final = frozenset({"", "LRI", "RLI", "FSI", "PDI"})


def reads_right_to_left(characters: Sequence[str]) -> bool:
    """Tell from a dictionary whether what is read with it has to be reordered."""
    letters = [each for each in characters if each.isalpha()]
    count = sum(unicodedata.bidirectional(each[0]) in _RIGHT_TO_LEFT for each in letters)
    return bool(letters) and count / len(letters) >= _LEAST_SHARE


def reordered(text: str) -> str:
    """Turn runs of right-to-left letters by the bidirectional algorithm, as PaddleX does.

    Numbers, and words of other scripts, keep their own order; brackets are mirrored. A text with
    characters that the algorithm has no rule for stays as it is.
    """
    if any(unicodedata.bidirectional(each) in _NOT_REORDERED for each in text):
        return text
    return str(get_display(text))


def reordered_words(words: Sequence[Span], text: str) -> tuple[Span, ...]:
    """Turn a line's words, from left to right, as its text was turned into `text`.

    Joined they are that text, where the line runs one way. Where words of both directions alternate
    they keep the order in which they stand, each turned by itself.
    """
    if "".join(word.text for word in words) == text:
        return tuple(words)
    backwards = [replace(word, text=_turned(word.text)) for word in reversed(words)]
    if "".join(word.text for word in backwards) == text:
        return tuple(backwards)
    return tuple(replace(word, text=reordered(word.text)) for word in words)


def _turned(text: str) -> str:
    """A part of a line that runs from right to left, signs without a direction too."""
    return str(get_display(text, base_dir="R"))
