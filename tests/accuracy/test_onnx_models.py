"""Holds published ONNX models against PaddleX's answers and against the truth. -s shows figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.accuracy.golden import golden_lines, golden_pages
from tests.accuracy.onnx_wheels import V4, V5, V6, OnnxModels
from tests.accuracy.reader import Reader, Tally, compare
from tests.reference_data import needs_reference_data

from edit_distance import edit_distance
from inkstream_server.engines.engine import Precision
from inkstream_server.models.directory import read_model_directory
from inkstream_server.models.files import Module

pytestmark = [pytest.mark.models, needs_reference_data]


@pytest.fixture(params=["openvino", "onnxruntime"])
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    pytest.importorskip(name)
    return name


def reader(models: OnnxModels, engine: str, folder: Path) -> Reader:
    detector, recogniser = models.put_into(folder)
    return Reader(
        read_model_directory(detector, Module.TEXT_DETECTION),
        read_model_directory(recogniser, Module.TEXT_RECOGNITION),
        engine,
        Precision.FP32,
    )


def test_the_same_model_as_onnx_reads_pages_as_paddlex_does(engine: str, tmp_path: Path) -> None:
    tally = Tally()
    onnx = reader(V4, engine, tmp_path)

    for golden in list(golden_pages("images"))[::4]:
        compare(onnx, golden, tally)

    print(f"\n{engine}: {tally}")  # noqa: T201  the figures are what the test is run for
    assert tally.polygons / tally.regions >= 0.995
    assert tally.texts / tally.lines >= 0.995


@pytest.mark.parametrize(
    ("models", "most"),
    [(V4, 1.01), (V5, 1.01), *((models, 0.97) for models in V6)],
    ids=lambda each: each.family if isinstance(each, OnnxModels) else "",
)
def test_labelled_lines_are_read_as_well_as_paddlex_reads_them_with_the_default_models(
    models: OnnxModels, most: float, engine: str, tmp_path: Path
) -> None:
    """`most`: so many errors for each of PaddleX's with PP-OCRv4 mobile, at most."""
    onnx = reader(models, engine, tmp_path)
    lines = list(golden_lines())[::4]

    errors = sum(edit_distance(onnx.text(line.crop).text, line.truth) for line in lines)

    usual = sum(edit_distance(line.text, line.truth) for line in lines)
    print(f"\n{models.family}, {engine}: {errors} errors, usual {usual}")  # noqa: T201  as above
    assert errors <= most * usual


@pytest.mark.parametrize("models", [V5, *V6], ids=lambda models: models.family)
def test_newer_families_find_the_text_that_paddlex_finds(
    models: OnnxModels, engine: str, tmp_path: Path
) -> None:
    onnx = reader(models, engine, tmp_path)
    found = expected = 0

    for golden in list(golden_pages("images"))[::8]:
        regions = onnx.regions(golden.page, golden.params)
        boxes = [_box(region.polygon) for region in regions]
        expected += len(golden.polygons)
        found += sum(
            any(_overlap(_box(each), box) > 0.5 for box in boxes) for each in golden.polygons
        )

    print(f"\n{models.family}, {engine}: {found} of {expected} regions")  # noqa: T201  as above
    assert found / expected >= 0.8


def _box(polygon: Sequence[tuple[int, int]]) -> tuple[int, int, int, int]:
    columns, rows = [x for x, _ in polygon], [y for _, y in polygon]
    return min(columns), min(rows), max(columns), max(rows)


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> float:
    """What of one box lies in the other."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    area = max(1, (one[2] - one[0]) * (one[3] - one[1]))
    return max(0, width) * max(0, height) / area
