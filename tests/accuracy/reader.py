"""Reads pages with two models and nothing else, and counts where that is what PaddleX reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tests.accuracy.golden import GoldenPage

from inkstream_server.engines.engine import CPU, EngineSettings, Precision, Predictor
from inkstream_server.engines.selection import select
from inkstream_server.models.files import ModelFiles
from inkstream_server.stages import crop, ctc, detection, recognition
from inkstream_server.stages.line_widths import EXACT, LineWidths
from inkstream_server.stages.regions import Region, find_regions


@dataclass
class Tally:
    """How many were compared, and how many agree."""

    regions: int = 0
    polygons: int = 0
    region_scores: int = 0
    lines: int = 0
    texts: int = 0
    line_scores: int = 0

    def __str__(self) -> str:
        return (
            f"{self.regions} regions: {self.polygons / self.regions:.2%} of polygons within 1 px, "
            f"{self.region_scores / self.regions:.2%} of scores within 1e-3; "
            f"{self.lines} lines: {self.texts / self.lines:.2%} of texts equal, "
            f"{self.line_scores / self.lines:.2%} of scores within 1e-3"
        )


class Reader:
    """A detector and a recogniser, one line at a time. Widths are exact unless told otherwise."""

    def __init__(
        self,
        detector: ModelFiles,
        recogniser: ModelFiles,
        engine: str,
        precision: Precision,
        widths: LineWidths = EXACT,
    ) -> None:
        self._widths = widths
        self._recipe = detector.recipe.detection
        self.detector = loaded(engine, detector, precision)
        self.recogniser = loaded(engine, recogniser, precision)
        self._signs = ctc.alphabet(recogniser.characters)

    def regions(self, page: NDArray[np.uint8], params: detection.DetectionParams) -> list[Region]:
        height, width = page.shape[:2]
        size = detection.input_size(height, width, params.limit_side_len, params.limit_type)
        fitted = [detection.fit(page, size)]
        outputs = self.detector.run(detection.prepare(fitted, self._recipe))
        return find_regions(detection.interpret(outputs)[0], height, width, params)

    def text(self, cut: NDArray[np.uint8]) -> recognition.LineText:
        _, padded = recognition.line_width(cut.shape[0], cut.shape[1], self._widths)
        outputs = self.recogniser.run(recognition.prepare([recognition.fit(cut)], padded))
        return recognition.interpret(outputs[0], outputs[1], self._signs)[0]

    def close(self) -> None:
        self.detector.close()
        self.recogniser.close()


def loaded(engine: str, model: ModelFiles, precision: Precision) -> Predictor:
    settings = EngineSettings(CPU, precision, threads=2)
    selection = select(engine, model, CPU)
    return selection.engine.load(selection.model, settings)


def compare(reader: Reader, golden: GoldenPage, tally: Tally) -> None:
    """Read a page, and count what agrees with PaddleX's answer."""
    regions = reader.regions(golden.page, golden.params)
    tally.regions += len(golden.polygons)
    tally.lines += len(golden.texts)
    if len(regions) != len(golden.polygons):
        return  # nothing of this page counts as equal
    for region, polygon, score in zip(regions, golden.polygons, golden.polygon_scores, strict=True):
        tally.polygons += int(np.abs(np.subtract(region.polygon, polygon)).max() <= 1)
        tally.region_scores += int(abs(region.score - score) <= 1e-3)
    crops = [crop.cut(golden.page, region.polygon) for region in regions]
    read = [reader.text(cut) for cut in crops if cut is not None]
    shown = [line for line in read if line.score >= golden.score_thresh]
    if len(shown) != len(golden.texts):
        return
    for line, text, score in zip(shown, golden.texts, golden.text_scores, strict=True):
        tally.texts += int(line.text == text)
        tally.line_scores += int(abs(line.score - score) <= 1e-3)
