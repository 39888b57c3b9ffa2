from __future__ import annotations

import numpy as np
import pytest

from inkstream_server.document.page_size import PageSize
from inkstream_server.pipeline.frames import Frame, PageFrame
from inkstream_server.stages.regions import Polygon
from inkstream_server.stages.unwarping import Warp

SOURCE = PageSize(height_px=100, width_px=60)
MIRROR = Warp.of(np.stack(np.meshgrid([1.0, -1.0], [-1.0, 1.0])).astype(np.float32))
FOUND: Polygon = ((10, 20), (40, 20), (40, 30), (10, 30))


@pytest.mark.parametrize("angle", [-1, 0, 90, 180, 270])
@pytest.mark.parametrize("warp", [None, MIRROR])
def test_where_the_page_as_read_is_wanted_all_stays_where_it_was_found(
    angle: int, warp: Warp | None
) -> None:
    frame = PageFrame(Frame.READ, SOURCE, angle, warp)

    assert frame.place([FOUND]) == [FOUND]
    assert frame.size == (SOURCE.transposed() if angle in {90, 270} else SOURCE)


def test_a_page_that_was_neither_turned_nor_unwarped_is_its_source() -> None:
    frame = PageFrame(Frame.SOURCE, SOURCE, -1, None)

    assert frame.place([FOUND]) == [FOUND]
    assert frame.size == SOURCE


def test_unwarping_is_undone() -> None:
    frame = PageFrame(Frame.SOURCE, SOURCE, 0, MIRROR)

    assert frame.place([FOUND]) == [((50, 20), (20, 20), (20, 30), (50, 30))]


def test_unwarping_is_undone_before_the_turn() -> None:
    """Turned by 90 degrees the page is 100 wide; there x becomes 100 - x, then (60 - y, x)."""
    frame = PageFrame(Frame.SOURCE, SOURCE, 90, MIRROR)

    assert frame.place([FOUND]) == [((40, 90), (40, 60), (30, 60), (30, 90))]
    assert frame.size == SOURCE
