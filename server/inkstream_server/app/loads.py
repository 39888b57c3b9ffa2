"""Tells what each item takes up: its padded pixels, and a worker's time by what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from inkstream_server.app.batching import BatchPolicies
from inkstream_server.models.files import Module
from inkstream_server.scheduling.batcher import Load
from inkstream_server.scheduling.cost_table import CostTable
from inkstream_server.workers.model_tasks import ModelBucket, ModelToLoad

# Seconds a padded pixel where nothing was measured. One core of a server, OpenVINO.
_NOMINAL_S: Final = {
    Module.TEXT_DETECTION: 1e-7,
    Module.TEXT_RECOGNITION: 3e-7,
    Module.DOC_ORIENTATION: 1e-7,
    Module.DOC_UNWARPING: 6e-7,
    Module.TEXTLINE_ORIENTATION: 1e-7,
}
# Seconds of a step on a CPU worker. They decide only how pages share those workers.
_STEP_S: Final = {
    "open": 0.005, "measure": 0.001, "draw": 0.03, "turn": 0.04, "fit": 0.01, "unwarp": 0.1,
    "find": 0.01, "cut": 0.01, "crop": 0.005, "show": 0.1,
}  # fmt: skip


class ModelLoads:
    """The load of every bucket's items. Until a table is there it is a nominal one."""

    def __init__(self, models: Sequence[ModelToLoad], policies: BatchPolicies) -> None:
        self._modules = {model.files.name: model.files.module for model in models}
        self._policies = policies
        self._table: CostTable | None = None
        self._known: dict[ModelBucket, Load] = {}

    def of(self, bucket: ModelBucket) -> Load:
        load = self._known.get(bucket)
        if load is None:
            load = self._known[bucket] = Load(bucket.item_pixels, self._seconds(bucket))
        return load

    def measured(self, table: CostTable) -> None:
        """Take the times in `table`, which has every model, from now on."""
        self._table = table
        self._known.clear()

    def _seconds(self, bucket: ModelBucket) -> float:
        pixels = bucket.item_pixels
        if self._table is None:
            return pixels * _NOMINAL_S[self._modules[bucket.model]]
        count = self._policies.of(bucket).largest_count(pixels)
        return self._table.item_s(bucket.model, bucket.shape, count)


def step_load(step: str) -> Load:
    return Load(cost_s=_STEP_S[step])
