from __future__ import annotations

import pytest

from inkstream_server.workers.watermark import GROWTH_BYTES, LEAST_BYTES, watermark_bytes

MIB = 1 << 20


@pytest.mark.parametrize("warm_mib", [0, 100, 600, 1296, 1536, 5000])
def test_no_worker_is_over_when_it_has_just_started(warm_mib: int) -> None:
    assert watermark_bytes(None, warm_mib * MIB) >= warm_mib * MIB + GROWTH_BYTES // 2


def test_a_worker_with_few_models_has_the_least_there_is() -> None:
    assert watermark_bytes(None, 400 * MIB) == LEAST_BYTES


def test_each_model_more_lets_it_grow_as_much_more() -> None:
    two, three = (watermark_bytes(None, warm * MIB) for warm in (950, 1300))

    assert three - two == 350 * MIB


def test_what_is_configured_goes_before() -> None:
    assert watermark_bytes(7, 5000 * MIB) == 7
