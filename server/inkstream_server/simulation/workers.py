"""What takes the time of steps and batches: CPU workers, and model workers with their devices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from inkstream_server.scheduling.batcher import Batch
from inkstream_server.simulation.clock import Clock, Steps
from inkstream_server.simulation.cores import Cores, Turns
from inkstream_server.simulation.costs import DETECTION, BatchTimes
from inkstream_server.simulation.front import Front
from inkstream_server.simulation.pool import Order
from inkstream_server.simulation.records import Records
from inkstream_server.workers.model_tasks import ModelBucket


@dataclass(frozen=True, slots=True)
class ModelKey:
    """What may share a batch: a bucket and, where pages are batched each by itself, the page."""

    bucket: ModelBucket
    group: int = 0


@dataclass(frozen=True, slots=True)
class CpuStep:
    """A step on a CPU worker, and the seconds that it takes one."""

    name: str
    work_s: float


def cpu_worker(
    clock: Clock, cores: Cores, front: Front, records: Records
) -> Callable[[Batch[CpuStep, Order]], Steps[None]]:
    """The front hears of a step's end before the worker is sent the next one."""

    def run(batch: Batch[CpuStep, Order]) -> Steps[None]:
        began_at = clock.now
        yield from cores.compute(batch.key.work_s)
        records.note_cpu_step(clock.now - began_at)
        yield from front.pass_page()

    return run


@dataclass(frozen=True, slots=True)
class ModelWorkers:
    """Model workers of one machine; those of one device take turns there."""

    clock: Clock
    cores: Cores
    thread_count: int
    times: BatchTimes
    front: Front
    records: Records

    def on_cores(self) -> Callable[[Batch[ModelKey, Order]], Steps[None]]:
        def compute(bucket: ModelBucket, count: int) -> Steps[None]:
            yield from self.cores.compute(self.times.of(bucket, count).worker_s, self.thread_count)

        return self._worker(compute)

    def on_device(self, device: Turns) -> Callable[[Batch[ModelKey, Order]], Steps[None]]:
        def compute(bucket: ModelBucket, count: int) -> Steps[None]:
            time = self.times.of(bucket, count)
            yield from self.cores.compute(time.host_s)
            yield from device.do(self.clock.sleep(time.engine_s)).wait()

        return self._worker(compute)

    def _worker(
        self, compute: Callable[[ModelBucket, int], Steps[None]]
    ) -> Callable[[Batch[ModelKey, Order]], Steps[None]]:
        def run(batch: Batch[ModelKey, Order]) -> Steps[None]:
            bucket, count = batch.key.bucket, len(batch.items)
            began_at = self.clock.now
            yield from compute(bucket, count)
            self.records.note_batch(bucket, count, self.clock.now - began_at)
            if bucket.model == DETECTION:
                yield from self.front.pass_page()
            else:
                yield from self.front.settle(count)

        return run
