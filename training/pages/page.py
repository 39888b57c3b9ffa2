"""Draws one upright page out of a seed: its language, layout, size, paper, hand and wear."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.pages import corpus, documents, grids, scenes, typefaces
from training.pages.writing import Colour, Hand, Sheet


@dataclass(frozen=True, slots=True)
class _Layout:
    write: Callable[[Sheet, Hand], None]
    weight: float
    aspects: tuple[float, float]
    """Height over width, least and most."""
    languages: frozenset[str] | None = None


_LAYOUTS: Final = (
    _Layout(documents.article, 26, (0.7, 1.6)),
    _Layout(documents.letter, 7, (1.2, 1.5)),
    _Layout(grids.table, 11, (0.4, 1.5)),
    _Layout(grids.form, 6, (0.6, 1.5)),
    _Layout(grids.receipt, 6, (1.0, 3.0)),
    _Layout(documents.listing, 5, (0.5, 1.5)),
    _Layout(documents.title_page, 6, (0.6, 1.6)),
    _Layout(documents.upright_columns, 2.5, (0.6, 2.0), frozenset({"zh_CN", "zh_TW", "ja"})),
    _Layout(scenes.single_line, 10, (0.05, 0.7)),
    _Layout(scenes.slide, 7, (0.5, 1.0)),
    _Layout(scenes.words_in_picture, 12, (0.4, 1.8)),
    _Layout(scenes.screen, 6, (0.5, 1.9)),
)
_SHORT_SIDE_PX: Final = (420, 1400)
_MOST_ASPECT_PX: Final = 2200


@dataclass(frozen=True, slots=True)
class Page:
    """A page (height x width x 3, BGR), new and upright, and where it has text (255 there)."""

    picture: NDArray[np.uint8]
    mask: NDArray[np.uint8]


def draw_page(rng: Random) -> Page:
    layout = rng.choices(_LAYOUTS, [each.weight for each in _LAYOUTS])[0]
    sheet, ink = _sheet(rng, layout)
    language = _language(rng, layout)
    path = typefaces.choose(rng, language)
    layout.write(sheet, Hand(language, path, 20, ink, rng.uniform(1.15, 1.7)))
    picture = np.asarray(sheet.image, np.uint8)[:, :, ::-1].copy()
    return Page(picture, np.asarray(sheet.mask, np.uint8))


def _sheet(rng: Random, layout: _Layout) -> tuple[Sheet, Colour]:
    least, most = layout.aspects
    aspect = least * (most / least) ** rng.random()
    low, high = _SHORT_SIDE_PX
    short = low * (high / low) ** rng.random()
    if aspect < 0.4:  # a line of text: low, and not endless
        short = rng.uniform(32, 160)
    width, height = (short, short * aspect) if aspect > 1 else (short / aspect, short)
    shrink = min(1.0, _MOST_ASPECT_PX / max(width, height))
    paper, ink = _colours(rng)
    return Sheet((round(width * shrink), round(height * shrink)), paper, rng), ink


def _colours(rng: Random) -> tuple[Colour, Colour]:
    """Of the paper and of the ink; light on dark now and then."""
    light = _shade(rng, 255, 255) if rng.random() < 0.55 else _shade(rng, 195, 255)
    dark = _shade(rng, 0, 40) if rng.random() < 0.7 else _shade(rng, 0, 130)
    return (light, dark) if rng.random() < 0.88 else (dark, light)


def _shade(rng: Random, low: int, high: int) -> Colour:
    return rng.randint(low, high), rng.randint(low, high), rng.randint(low, high)


def _language(rng: Random, layout: _Layout) -> str:
    weights = {
        language: weight
        for language, weight in corpus.LANGUAGES.items()
        if layout.languages is None or language in layout.languages
    }
    return rng.choices(list(weights), list(weights.values()))[0]
