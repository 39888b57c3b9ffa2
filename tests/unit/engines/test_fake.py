import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.unit.engines.model_files import model_files

from inkstream_server.engines.engine import CPU, EngineSettings, Precision, Predictor
from inkstream_server.engines.fake import PLAIN_CHARACTERS, FakeEngine
from inkstream_server.models.files import Module
from inkstream_server.stages import ctc, detection, recognition, unwarping, warp_sampling
from inkstream_server.stages.regions import find_regions


def fake(module: Module, characters: str = "") -> Predictor:
    return FakeEngine().load(model_files(module, characters=characters), EngineSettings())


def drawn_line(seed: int, width: int = 200) -> NDArray[np.uint8]:
    """A white line with ink strewn over it."""
    ink = np.random.default_rng(seed).uniform(size=(48, width, 1)) < 0.3
    return np.where(ink, 0, 255).repeat(3, axis=2).astype(np.uint8)


def test_nothing_stands_in_its_way_and_it_tells_its_precision() -> None:
    assert FakeEngine().obstacle(model_files(), CPU) is None
    assert fake(Module.TEXT_DETECTION).precision is Precision.FP32


def test_a_drawn_line_of_text_is_found_as_one_region() -> None:
    page = np.full((320, 640, 3), 255, np.uint8)
    page[100:120, 100:500:4] = 0  # strokes, as letters have them

    outputs = fake(Module.TEXT_DETECTION).run(detection.prepare([page]))
    regions = find_regions(detection.interpret(outputs)[0], 320, 640, detection.DetectionParams())

    (region,) = regions
    (left, top), (right, bottom) = region.polygon[0], region.polygon[2]
    assert left < 100 and top < 100 and right > 496 and bottom > 120


def test_a_blank_page_has_no_text() -> None:
    page = np.full((320, 640, 3), 255, np.uint8)

    (maps,) = fake(Module.TEXT_DETECTION).run(detection.prepare([page]))

    assert maps.shape == (1, 1, 320, 640)
    assert not maps.any()


@given(st.lists(st.integers(0, 99), min_size=1, max_size=6))
def test_a_line_reads_the_same_in_every_company(seeds: list[int]) -> None:
    predictor = fake(Module.TEXT_RECOGNITION)
    lines = [drawn_line(seed) for seed in seeds]

    together = predictor.run(recognition.prepare(lines, 320))

    for at, line in enumerate(lines):
        alone = predictor.run(recognition.prepare([line], 320))
        for of_all, of_one in zip(together, alone, strict=True):
            np.testing.assert_array_equal(of_all[at], of_one[0])


def test_different_lines_read_differently() -> None:
    lines = [drawn_line(seed) for seed in range(20)]

    outputs = fake(Module.TEXT_RECOGNITION).run(recognition.prepare(lines, 320))
    texts = recognition.interpret(outputs[0], outputs[1], ctc.alphabet(PLAIN_CHARACTERS))

    assert len({line.text for line in texts}) == 20
    assert all(0 < line.score <= 1 for line in texts)


def test_a_line_without_ink_has_no_text() -> None:
    line = np.full((48, 100, 3), 255, np.uint8)

    class_ids, maxima = fake(Module.TEXT_RECOGNITION).run(recognition.prepare([line], 320))

    assert class_ids.shape == maxima.shape == (1, 40)
    assert class_ids.dtype == np.int32
    assert not class_ids.any()


def test_it_speaks_the_models_own_characters() -> None:
    lines = [drawn_line(seed) for seed in range(20)]

    class_ids, _ = fake(Module.TEXT_RECOGNITION, "abc").run(recognition.prepare(lines, 320))

    assert set(class_ids.ravel().tolist()) <= {0, 1, 2, 3, 4}


def test_a_line_with_more_ink_above_stands_upside_down() -> None:
    upright = np.ones((1, 3, 48, 192), np.float32)
    upright[:, :, 30:40, 20:100] = -1

    lines = np.concatenate([upright, upright[:, :, ::-1]])
    (answers,) = fake(Module.TEXTLINE_ORIENTATION).run(lines)

    assert answers.argmax(axis=1).tolist() == [0, 1]


def test_a_pages_top_is_the_side_with_the_most_ink() -> None:
    upright = np.ones((3, 224, 224), np.float32)
    upright[:, 20:40, 30:180] = -1
    pages = np.stack([np.rot90(upright, -turns, axes=(1, 2)) for turns in range(4)])

    (answers,) = fake(Module.DOC_ORIENTATION).run(pages)

    assert answers.argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_a_page_is_flat_when_left_and_right_are_exchanged() -> None:
    (grids,) = fake(Module.DOC_UNWARPING).run(np.zeros((2, 3, 712, 488), np.float32))
    page = np.random.default_rng(3).integers(0, 256, (40, 50, 3), np.uint8)
    flat = np.empty_like(page)

    warp_sampling.unwarp(page, unwarping.interpret([grids])[1], flat, slice(0, 40))

    assert len(grids) == 2
    assert np.abs(flat.astype(int) - page[:, ::-1]).max() <= 1


def test_a_run_takes_as_long_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    predictor = FakeEngine(delay_s=0.25).load(model_files(Module.DOC_UNWARPING), EngineSettings())

    predictor.run(np.zeros((1, 3, 2, 2), np.float32))
    predictor.close()

    assert slept == [0.25]
