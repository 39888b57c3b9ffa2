from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from inkstream_server.simulation.choice import Draw


def test_one_number_is_always_drawn() -> None:
    draw = Draw(7)

    assert draw.one(Random(1)) == 7
    assert draw.several(3, Random(1)) == [7, 7, 7]
    assert draw.several(0, Random(1)) == []


def test_numbers_are_drawn_by_their_weights() -> None:
    draw = Draw({320: 3.0, 640: 1.0, 960: 0.0})

    drawn = Counter(draw.several(10_000, Random(1)))

    assert drawn[320] == pytest.approx(7_500, rel=0.05)
    assert drawn[640] == pytest.approx(2_500, rel=0.05)
    assert drawn[960] == 0
