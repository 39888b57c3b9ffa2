"""Measures how long batches take, in as many workers at once as will serve.

Workers share cores, caches and memory: what one of them does alone says little. They end with the
measurement, and take along what was compiled for shapes that nobody may ever send.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import fmean, median
from typing import Final

from inkstream_server.app.starting import causes_told
from inkstream_server.app.subjects import Subject, subjects_of
from inkstream_server.errors import Fault, OcrError
from inkstream_server.scheduling.cost_table import Measurement
from inkstream_server.scheduling.survey import is_worth_growing
from inkstream_server.workers.channel import Finished
from inkstream_server.workers.environment import worker_environment
from inkstream_server.workers.loss import WorkerLost
from inkstream_server.workers.measure_tasks import Measure, Timing
from inkstream_server.workers.model_tasks import LoadedModel, ModelBucket, ModelToLoad
from inkstream_server.workers.plan import WorkerPlan
from inkstream_server.workers.role import Launch
from inkstream_server.workers.role_specs import MeasureRoleSpec
from inkstream_server.workers.worker import Worker

# Short batches are repeated for this long, and their median is the round's time.
_WINDOW_S: Final = 0.04
_HANDOVERS: Final = 50


class MeasuringFailed(OcrError):
    """A worker could not measure; the message says why."""

    reason = "MEASURING_FAILED"
    fault = Fault.SETUP


class _Refused(Exception):
    """The engine could not run the batch."""


@dataclass(frozen=True, slots=True)
class Team:
    """Who measures: workers as they are planned, and how patient to be with them.

    After `enough_after_s` no further round is begun; the first one, though, is always ended.
    """

    plan: WorkerPlan
    log_level: str
    max_batch_s: float
    rounds: int = 3
    enough_after_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found out: what the models turned out to be, and their times.

    `waited_share` is the share of the time that the workers waited for a core.
    """

    loaded: tuple[LoadedModel, ...]
    measurements: tuple[Measurement, ...]
    waited_share: float


async def measure(models: Sequence[ModelToLoad], team: Team) -> Survey:
    """Measure the models. Raises NotStarted or MeasuringFailed."""
    enough_at = time.monotonic() + team.enough_after_s
    with causes_told():
        async with _workers(models, team) as workers:
            bench = _Bench(workers, team.max_batch_s)
            await bench.time_handovers()
            for subject in (each for model in models for each in subjects_of(model)):
                await bench.explore(subject)
            for _ in range(1, team.rounds):
                if time.monotonic() < enough_at:
                    await bench.repeat()
            return Survey(workers[0].models, bench.measurements(), bench.waited_share())


class _Bench:
    """Takes the times, round by round, and each batch's from the round that disturbed it least.

    Other work on the machine makes a batch longer and never shorter, and the table outlives it.
    """

    def __init__(self, workers: Sequence[Worker], max_batch_s: float) -> None:
        self._workers = workers
        self._max_batch_s = max_batch_s
        self._timings: dict[tuple[ModelBucket, int], list[Timing]] = {}
        # What every batch takes besides its work: to the worker, and back.
        self._handover_s = 0.0

    async def time_handovers(self) -> None:
        times_s = []
        for _ in range(_HANDOVERS):
            started_at = time.perf_counter()
            await self._run_on_all(ModelBucket("", ()), ())
            times_s.append(time.perf_counter() - started_at)
        self._handover_s = median(times_s)

    async def explore(self, subject: Subject) -> None:
        """Time each count once, up to the one after which nothing is gained."""
        seconds: dict[int, float] = {}
        for count in subject.counts:
            try:
                await self._time(subject.bucket, count, 0.0)  # compiles the shape
                timing = await self._time(subject.bucket, count, _WINDOW_S)
            except _Refused as refusal:
                if not seconds:
                    raise MeasuringFailed(f"{subject.bucket}: {refusal}") from refusal
                return  # so large a batch does not fit the device
            self._timings[subject.bucket, count] = [timing]
            seconds[count] = self._handover_s + timing.batch_s
            if not is_worth_growing(seconds):
                return

    async def repeat(self) -> None:
        """Time all of it once more."""
        for (bucket, count), timings in self._timings.items():
            timings.append(await self._time(bucket, count, _WINDOW_S))

    def measurements(self) -> tuple[Measurement, ...]:
        return tuple(
            Measurement(
                bucket.model,
                bucket.shape,
                count,
                self._handover_s + timing.batch_s,
                timing.engine_s,
            )
            for (bucket, count), timing in self._least().items()
        )

    def waited_share(self) -> float:
        return fmean(timing.waited_share for timing in self._least().values())

    def _least(self) -> dict[tuple[ModelBucket, int], Timing]:
        return {
            batch: min(timings, key=lambda timing: timing.batch_s)
            for batch, timings in self._timings.items()
        }

    async def _time(self, bucket: ModelBucket, count: int, for_s: float) -> Timing:
        """What a batch takes while every worker runs one. Raises _Refused, MeasuringFailed."""
        runs = await self._run_on_all(bucket, (Measure(count, for_s),))
        timings = [_timing(finished.outcomes[0]) for finished in runs]
        return Timing(
            fmean(each.batch_s for each in timings),
            fmean(each.engine_s for each in timings),
            fmean(each.waited_share for each in timings),
        )

    async def _run_on_all(self, bucket: ModelBucket, items: tuple[object, ...]) -> list[Finished]:
        try:
            async with asyncio.timeout(_WINDOW_S + self._max_batch_s):
                return await asyncio.gather(*(each.run(bucket, items) for each in self._workers))
        except TimeoutError:
            raise MeasuringFailed(
                f"a batch of {bucket} took longer than {self._max_batch_s:g} s: {items}"
            ) from None
        except WorkerLost as loss:
            raise MeasuringFailed(f"measuring {bucket}: {loss}") from loss


@asynccontextmanager
async def _workers(models: Sequence[ModelToLoad], team: Team) -> AsyncIterator[list[Worker]]:
    """Workers that have loaded the models, gone afterwards whatever happens."""
    plan = team.plan
    counts_waits = plan.model_workers * plan.model_threads > plan.cores
    started: list[Worker] = []

    async def start(number: int) -> None:
        launch = Launch(
            name=f"measuring worker {number}",
            spec=MeasureRoleSpec(
                tuple(model.on(plan.device_of(number)) for model in models), counts_waits
            ),
            segments=(),
            environment=worker_environment(plan.model_threads),
            log_level=team.log_level,
        )
        started.append(await Worker.start(launch))

    try:
        async with asyncio.TaskGroup() as starting:
            for number in range(plan.model_workers):
                starting.create_task(start(number))
        yield started
    finally:
        for worker in started:
            await worker.kill()


def _timing(outcome: object) -> Timing:
    if isinstance(outcome, OcrError):
        raise _Refused(outcome.message)
    assert isinstance(outcome, Timing), outcome
    return outcome
