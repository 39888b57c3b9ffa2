from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inkstream_server.workers.own_time import OwnTime


@pytest.fixture
def scheduling(tmp_path: Path) -> Path:
    file = tmp_path / "schedstat"
    file.write_text("1000 2500000000 3\n", encoding="ascii")
    return file


@pytest.fixture
def clock(scheduling: Path) -> Iterator[OwnTime]:
    clock = OwnTime(scheduling)
    yield clock
    clock.close()


def test_time_without_a_core_is_no_time_of_its_own(clock: OwnTime, scheduling: Path) -> None:
    before_s, began_at = clock.now_s(), time.perf_counter()
    scheduling.write_text("1000 4500000000 4\n", encoding="ascii")
    after_s, ended_at = clock.now_s(), time.perf_counter()

    assert clock.waited_s() == 4.5
    assert after_s - before_s == pytest.approx(ended_at - began_at - 2.0, abs=0.01)


def test_where_nobody_counts_the_waiting_it_is_a_plain_clock(tmp_path: Path) -> None:
    clock = OwnTime(tmp_path / "nonesuch")

    assert clock.waited_s() == 0.0
    assert clock.now_s() == pytest.approx(time.perf_counter(), abs=0.1)
    clock.close()


def test_this_machine_counts_it_or_does_not() -> None:
    clock = OwnTime()

    before_s = clock.now_s()

    assert clock.now_s() >= before_s
    assert clock.waited_s() >= 0.0
    clock.close()


def test_a_closed_clock_stays_closed(clock: OwnTime) -> None:
    clock.close()
    clock.close()

    assert clock.waited_s() == 0.0
