"""What batches cost in a simulation, by measured times. Who measured them is not known here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from inkstream_server.scheduling.batcher import Load
from inkstream_server.scheduling.cost_table import CostTable, Measurement
from inkstream_server.scheduling.policy import BatchPolicy
from inkstream_server.workers.model_tasks import ModelBucket

DETECTION: Final = "detection"
RECOGNITION: Final = "recognition"


@dataclass(frozen=True, slots=True)
class BatchTime:
    """How long a batch takes its worker, and how much of that is the engine's."""

    worker_s: float
    engine_s: float

    @property
    def host_s(self) -> float:
        """What tensors are made and read in."""
        return self.worker_s - self.engine_s


class BatchTimes:
    """Times of batches, by model. Where the engine's part is not known, all of it is."""

    def __init__(self, measurements: Iterable[Measurement]) -> None:
        own = list(measurements)
        self._worker = CostTable(own)
        self._engine = CostTable(
            replace(each, seconds=each.engine_seconds or each.seconds) for each in own
        )
        self.of = cache(self._of)

    @property
    def models(self) -> tuple[str, ...]:
        return self._worker.models

    def _of(self, bucket: ModelBucket, count: int) -> BatchTime:
        """The time of one batch. Raises NotMeasured."""
        worker_s = self._worker.batch_s(bucket.model, bucket.shape, count)
        engine_s = self._engine.batch_s(bucket.model, bucket.shape, count)
        return BatchTime(worker_s, min(engine_s, worker_s))

    def load(self, bucket: ModelBucket, policy: BatchPolicy) -> Load:
        """What an item takes up: its pixels, and its part of the largest batch that takes it."""
        count = policy.largest_count(bucket.item_pixels)
        return Load(bucket.item_pixels, self.of(bucket, count).worker_s / count)
