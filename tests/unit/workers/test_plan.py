from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from inkstream_server.engines.devices import parse_devices
from inkstream_server.workers.environment import worker_environment
from inkstream_server.workers.plan import WorkerCounts, WorkerPlan, core_count, plan, processor_name

COUNTS = st.one_of(st.none(), st.integers(1, 256))


@pytest.mark.parametrize(
    ("cores", "expected"),
    [
        (1, WorkerPlan(1, 1, 1, 2)),
        (2, WorkerPlan(2, 2, 1, 2)),
        (8, WorkerPlan(8, 8, 1, 2)),
        (32, WorkerPlan(32, 8, 4, 8)),
    ],
)
def test_a_processor_is_shared_among_its_cores(cores: int, expected: WorkerPlan) -> None:
    assert plan(cores, WorkerCounts()) == expected


@pytest.mark.parametrize(("cores", "cpu_workers"), [(1, 2), (4, 2), (8, 6), (64, 8)])
def test_a_device_of_its_own_is_fed_by_the_processor(cores: int, cpu_workers: int) -> None:
    planned = plan(cores, WorkerCounts(), parse_devices("gpu"))

    assert planned == WorkerPlan(cores, 1, 1, cpu_workers, parse_devices("gpu:0"))


def test_every_device_gets_a_model_worker_and_workers_that_feed_it() -> None:
    planned = plan(64, WorkerCounts(), parse_devices("gpu:0,1,3"))

    assert (planned.model_workers, planned.cpu_workers) == (3, 24)
    assert [str(planned.device_of(number)) for number in range(3)] == ["gpu:0", "gpu:1", "gpu:3"]


def test_model_workers_take_the_devices_in_turn() -> None:
    planned = plan(8, WorkerCounts(model_workers=5), parse_devices("npu:0,1"))

    devices = [str(planned.device_of(number)) for number in range(5)]

    assert devices == ["npu:0", "npu:1", "npu:0", "npu:1", "npu:0"]


def test_fewer_model_workers_get_more_threads() -> None:
    counts = WorkerCounts(model_workers=2)

    assert plan(8, counts).model_threads == 4


@given(
    cores=st.integers(1, 512),
    model_workers=COUNTS,
    model_threads=COUNTS,
    cpu_workers=COUNTS,
    devices=st.sampled_from(["cpu", "gpu", "xpu:1,2"]),
)
def test_what_is_configured_holds_and_nothing_is_ever_without_a_worker(
    cores: int,
    model_workers: int | None,
    model_threads: int | None,
    cpu_workers: int | None,
    devices: str,
) -> None:
    counts = WorkerCounts(
        model_workers=model_workers, model_threads=model_threads, cpu_workers=cpu_workers
    )

    planned = plan(cores, counts, parse_devices(devices))

    assert planned.model_workers == model_workers or model_workers is None
    assert planned.model_threads == model_threads or model_threads is None
    assert planned.cpu_workers == cpu_workers or cpu_workers is None
    assert min(planned.model_workers, planned.model_threads, planned.cpu_workers) >= 1


def test_the_plan_reads_as_a_line_of_the_log() -> None:
    text = str(WorkerPlan(4, 2, 2, 3))

    assert text.startswith("4 cores: 2 model workers x 2 threads on cpu, 3 CPU workers")


def test_no_worker_at_all_cannot_be_configured() -> None:
    with pytest.raises(ValidationError):
        WorkerCounts(model_workers=0)


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("100000 100000", 1), ("50000 100000", 1), ("max 100000", None), ("", None), ("1 0 0", None)],
)
def test_a_containers_quota_bounds_the_cores(
    tmp_path: Path, quota: str, expected: int | None
) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(quota)

    assert core_count(file) == (expected or len(os.sched_getaffinity(0)))


def test_without_a_container_the_affinity_counts(tmp_path: Path) -> None:
    assert core_count(tmp_path / "no such file") == len(os.sched_getaffinity(0))


def test_a_workers_libraries_get_the_threads_that_were_planned() -> None:
    environment = worker_environment(3)

    assert {environment[f"{name}_NUM_THREADS"] for name in ("OMP", "OPENBLAS", "MKL")} == {"3"}
    assert environment["KMP_AFFINITY"] == "disabled"


def test_a_processor_has_the_name_that_it_gives_itself(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: A Fine One @ 3 GHz\nmodel name\t: other\n")

    assert processor_name(file) == "A Fine One @ 3 GHz"


def test_a_processor_need_not_have_a_name(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor\t: 0\n")

    assert processor_name(tmp_path / "cpuinfo") == ""
    assert processor_name(tmp_path / "nonesuch") == ""
