from dataclasses import dataclass

import pytest

from inkstream_server.models.line_family import LineFamily
from inkstream_server.pipeline.fitted_lines import LineFit, orientation_shape, portions, total_bytes
from inkstream_server.stages.line_widths import EXACT

NARROW = (200, 20)
LONG = (48, 1920)
PORTION_BYTES = 16 << 20


@dataclass(frozen=True)
class Line:
    fit: LineFit
    height_px: int
    width_px: int


def lines(count: int, size: tuple[int, int]) -> list[Line]:
    return [Line(LineFit.of(*size, EXACT), *size) for _ in range(count)]


@pytest.mark.parametrize("size", [NARROW, LONG])
@pytest.mark.parametrize("family", [None, *LineFamily])
def test_no_block_of_a_portion_is_larger_than_a_portion_may_be(
    size: tuple[int, int], family: LineFamily | None
) -> None:
    every = lines(2000, size)

    parts = list(portions(every, family))

    assert [line for part in parts for line in part] == every
    for part in parts:
        assert total_bytes([line.fit.shape for line in part]) <= PORTION_BYTES
        if family is not None:
            shapes = [orientation_shape(line.height_px, line.width_px, family) for line in part]
            assert total_bytes(shapes) <= PORTION_BYTES


def test_a_portion_takes_what_fits() -> None:
    line_bytes = 80 * 160 * 3

    first, *_ = portions(lines(2000, NARROW), LineFamily.LCNET)

    assert len(first) == PORTION_BYTES // line_bytes


def test_a_portion_has_a_number_of_lines_that_a_task_can_have() -> None:
    parts = portions(lines(2500, NARROW), None)

    assert [len(part) for part in parts] == [1024, 1024, 452]
