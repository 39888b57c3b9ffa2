"""Holds a classifier of a model directory against pages turned all four ways, as it is served."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inkstream_server.engines.engine import Device, EngineSettings, Predictor
from inkstream_server.engines.selection import select
from inkstream_server.models.directory import read_model_directory
from inkstream_server.models.files import Module
from inkstream_server.models.recipe import DocOrientationRecipe
from inkstream_server.stages import doc_orientation
from training.doc_orientation.reference_pages import ReferencePage, blank_pages, pages_with_text


@dataclass(frozen=True, slots=True)
class Score:
    """`wrong` tells the page, its number, the angle that is right, and the one that was told."""

    total: int
    wrong: tuple[tuple[str, int, int, int], ...]

    @property
    def share_right(self) -> float:
        return 1 - len(self.wrong) / self.total


@dataclass(frozen=True, slots=True)
class Classifier:
    """A model that is loaded, and how it wants its pages."""

    predictor: Predictor
    recipe: DocOrientationRecipe

    def tell(self, page: NDArray[np.uint8]) -> int:
        """The angle of a page (H x W x 3, BGR)."""
        fitted = doc_orientation.fit(np.ascontiguousarray(page), self.recipe.view)
        outputs = self.predictor.run(doc_orientation.prepare([fitted], self.recipe))
        (angle,) = doc_orientation.interpret(outputs, self.recipe)
        return angle


def load(model: Path) -> Classifier:
    files = read_model_directory(model, Module.DOC_ORIENTATION)
    selection = select("auto", files, Device.parse("cpu"))
    predictor = selection.engine.load(selection.model, EngineSettings())
    return Classifier(predictor, files.recipe.doc_orientation)


def turned(
    classifier: Classifier, pages: Iterable[ReferencePage], angles: tuple[int, ...]
) -> Score:
    """How each page, turned clockwise by each angle, is told."""
    total, wrong = 0, []
    for page in pages:
        for angle in angles:
            told = classifier.tell(doc_orientation.turn(page.upright, -angle))
            total += 1
            if told != angle:
                wrong.append((page.name, page.page_number, angle, told))
    return Score(total, tuple(wrong))


def report(model: Path, reference: Path) -> None:
    classifier = load(model)
    upright, *lying = doc_orientation.ANGLES
    for what, pages, angles in (
        ("upright, left as they are", pages_with_text, (upright,)),
        ("turned by 90, 180 and 270, set upright", pages_with_text, tuple(lying)),
        ("without text, left as they are", blank_pages, (upright,)),
    ):
        score = turned(classifier, pages(reference), angles)
        print(f"{score.share_right:.2%} of {score.total} pages {what}")
        for name, number, right, told in score.wrong:
            print(f"  {name} page {number}: {told} instead of {right}")
