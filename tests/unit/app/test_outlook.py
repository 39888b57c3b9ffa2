from __future__ import annotations

from inkstream_server.app.outlook import Outlook, PoolState, PoolWatch

WELL = PoolState(has_workers=True, failed_start_counts=[0, 0])
GONE = PoolState(has_workers=False, failed_start_counts=[0, 0])


def failing(*counts: int, has_workers: bool = False) -> PoolState:
    return PoolState(has_workers, counts)


def test_a_server_whose_pools_have_workers_serves() -> None:
    watch = PoolWatch(max_failed_starts=3)

    assert watch.outlook([WELL, WELL], now=0.0) is Outlook.SERVING
    assert watch.outlook([WELL, WELL], now=1000.0) is Outlook.SERVING


def test_workers_that_died_have_some_time_to_be_back() -> None:
    watch = PoolWatch(max_failed_starts=3)

    assert watch.outlook([WELL, GONE], now=100.0) is Outlook.SERVING
    assert watch.outlook([WELL, GONE], now=114.9) is Outlook.SERVING
    assert watch.outlook([WELL, GONE], now=115.0) is Outlook.WAITING
    assert watch.outlook([WELL, WELL], now=116.0) is Outlook.SERVING


def test_each_absence_has_its_own_time() -> None:
    watch = PoolWatch(max_failed_starts=3)
    watch.outlook([GONE], now=100.0)
    watch.outlook([WELL], now=110.0)

    assert watch.outlook([GONE], now=120.0) is Outlook.SERVING
    assert watch.outlook([GONE], now=130.0) is Outlook.SERVING


def test_a_start_that_fails_once_is_no_reason_to_refuse_calls() -> None:
    watch = PoolWatch(max_failed_starts=3)

    assert watch.outlook([WELL, failing(1, 1)], now=0.0) is Outlook.SERVING


def test_one_worker_is_enough_however_often_another_fails() -> None:
    watch = PoolWatch(max_failed_starts=3)

    assert watch.outlook([WELL, failing(0, 99, has_workers=True)], now=0.0) is Outlook.SERVING


def test_there_is_no_hope_once_every_slot_of_a_pool_failed_too_often() -> None:
    watch = PoolWatch(max_failed_starts=3)

    assert watch.outlook([WELL, failing(9, 2)], now=0.0) is Outlook.SERVING
    assert watch.outlook([WELL, failing(9, 3)], now=1.0) is Outlook.HOPELESS
