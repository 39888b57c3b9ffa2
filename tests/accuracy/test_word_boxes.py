"""Holds words and their places against PaddleX's own answers. Run with -s to see the figures.

PaddleX's boxes are upright; along its line a word's beginning and end are what can be compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.accuracy.golden import golden_pages, needs_models, recogniser
from tests.accuracy.test_parity import IGNORE_PADDLES_WARNING
from tests.reference_data import needs_reference_data, reference_file

from inkstream_server.engines.engine import CPU, EngineSettings, Precision, Predictor
from inkstream_server.engines.selection import select
from inkstream_server.stages import crop, ctc, recognition, words
from inkstream_server.stages.regions import Polygon

pytestmark = [pytest.mark.models, needs_models, needs_reference_data]

FOLDER = "opt-wordbox"
NEAR_PX = 1


@dataclass(frozen=True)
class GoldenLine:
    """A line, PaddleX's words of it, and their boxes (x_min, y_min, x_max, y_max)."""

    page: NDArray[np.uint8]
    polygon: Polygon
    text: str
    words: list[str]
    boxes: list[list[int]]


def golden_lines() -> Iterator[GoldenLine]:
    for golden in golden_pages(FOLDER):
        path = reference_file(f"golden/{FOLDER}/{golden.name}.json")
        answer: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        names = ("rec_polys", "rec_texts", "text_word", "text_word_boxes")
        for polygon, text, parts, boxes in zip(*(answer[name] for name in names), strict=True):
            one, two, three, four = ((x, y) for x, y in polygon)
            yield GoldenLine(golden.page, (one, two, three, four), text, parts, boxes)


class Reader:
    """Reads the words of one line at a time."""

    def __init__(self, engine: str) -> None:
        model = recogniser()
        settings = EngineSettings(CPU, Precision.FP32, threads=2)
        self.predictor: Predictor = select(engine, model, CPU).engine.load(model, settings)
        self._signs = ctc.alphabet(model.characters)

    def words(self, line: GoldenLine) -> tuple[words.Word, ...]:
        cut = crop.cut(line.page, line.polygon)
        assert cut is not None
        widths = recognition.line_width(*cut.shape[:2])
        class_ids, _ = self.predictor.run(recognition.prepare([recognition.fit(cut)], widths[1]))
        spans = recognition.interpret_words(class_ids[0], self._signs, widths)
        return words.place(spans, line.polygon, is_upside_down=False)


@pytest.fixture(scope="module", params=["paddle", "openvino"])
def reader(request: pytest.FixtureRequest) -> Iterator[Reader]:
    pytest.importorskip(request.param)
    reader = Reader(request.param)
    yield reader
    reader.predictor.close()


@pytest.mark.filterwarnings(IGNORE_PADDLES_WARNING)
def test_words_are_paddlexs_and_stand_where_it_has_them(reader: Reader) -> None:
    line_count, equal_count = 0, 0
    gaps_px: list[int] = []
    for line in golden_lines():
        found = reader.words(line)
        line_count += 1
        if [word.text for word in found] == line.words:
            equal_count += 1
            gaps_px += [
                _gap(line.polygon, word, box) for word, box in zip(found, line.boxes, strict=True)
            ]

    near = sum(gap <= NEAR_PX for gap in gaps_px) / len(gaps_px)
    exact = sum(gap == 0 for gap in gaps_px) / len(gaps_px)
    print(  # noqa: T201  the figures are what the test is run for
        f"\n{equal_count} of {line_count} lines have PaddleX's words; of {len(gaps_px)} words "
        f"{near:.2%} begin and end within 1 px of PaddleX's, {exact:.2%} exactly there"
    )
    assert line_count >= 60
    assert equal_count / line_count >= 0.95
    assert near >= 0.985


def _gap(polygon: Polygon, word: words.Word, box: list[int]) -> int:
    """By how many pixels a word's beginning or end differs, along its line."""
    x_min, y_min, x_max, y_max = box
    first, second, _, fourth = word.polygon
    if crop.first_vertex(polygon):  # a tall line runs downwards
        return max(abs(first[1] - y_min), abs(fourth[1] - y_max))
    return max(abs(first[0] - x_min), abs(second[0] - x_max))
