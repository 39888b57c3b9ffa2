"""Says how large the batches of each model may grow: as configured, else as measured."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from inkstream_server.app.subjects import item_pixels_of
from inkstream_server.config import BatchingConfig
from inkstream_server.models.files import Module
from inkstream_server.scheduling.batch_choice import choose_policy
from inkstream_server.scheduling.cost_table import CostTable
from inkstream_server.scheduling.policy import NO_BOUND, BatchPolicy, BatchWishes
from inkstream_server.stages.line_widths import MIN_WIDTH_PX
from inkstream_server.stages.recognition import LINE_HEIGHT_PX
from inkstream_server.telemetry.pool_metrics import BatchSize
from inkstream_server.workers.model_tasks import ModelBucket, ModelToLoad

_log = logging.getLogger(__name__)

# Right for a CPU; see docs/decisions/015.
UNMEASURED: Final = {
    Module.TEXT_DETECTION: BatchPolicy(max_count=1),
    Module.TEXT_RECOGNITION: BatchPolicy(
        max_count=8, max_pixels=8 * LINE_HEIGHT_PX * MIN_WIDTH_PX, powers_of_two=True
    ),
    Module.DOC_ORIENTATION: BatchPolicy(max_count=4, powers_of_two=True),
    Module.DOC_UNWARPING: BatchPolicy(max_count=1),
    Module.TEXTLINE_ORIENTATION: BatchPolicy(max_count=16, powers_of_two=True),
}


class BatchPolicies:
    """The policy of every model. Until a table is there it is the built-in one."""

    def __init__(self, batching: BatchingConfig, models: Sequence[ModelToLoad]) -> None:
        self._wishes: Mapping[Module, BatchWishes] = {
            Module.TEXT_DETECTION: batching.text_detection,
            Module.TEXT_RECOGNITION: batching.text_recognition,
            Module.DOC_ORIENTATION: batching.doc_orientation,
            Module.DOC_UNWARPING: batching.doc_unwarping,
            Module.TEXTLINE_ORIENTATION: batching.textline_orientation,
        }
        self._models = models
        self._by_model = {
            model.files.name: self._wished(model, UNMEASURED[model.files.module])
            for model in models
        }

    def of(self, bucket: ModelBucket) -> BatchPolicy:
        return self._by_model[bucket.model]

    def size_of(self, bucket: ModelBucket, items: Sequence[object]) -> BatchSize:
        """How large a batch of these items is."""
        return BatchSize(
            item_count=len(items),
            place_count=self.of(bucket).largest_count(bucket.item_pixels),
            own_pixels=sum(bucket.own_pixels(item) for item in items),
            padded_pixels=len(items) * bucket.item_pixels,
        )

    def measured(self, table: CostTable) -> None:
        """Choose anew from the times in `table`, which has every model. Before the first batch."""
        for model in self._models:
            policy = self._wished(model, measured_policy(table, model))
            self._by_model[model.files.name] = policy

    def log(self) -> None:
        for model, policy in self._by_model.items():
            _log.info("%s: batches of up to %s", model, limits(policy))

    def _wished(self, model: ModelToLoad, found: BatchPolicy) -> BatchPolicy:
        return self._wishes[model.files.module].over(found)


def limits(policy: BatchPolicy) -> str:
    """A policy in words, after "batches of up to"."""
    if policy.max_count == 1:
        return "1 item"
    sizes = " in powers of two" if policy.powers_of_two else ""
    bound = f" and {policy.max_pixels:,} padded pixels" if policy.max_pixels < NO_BOUND else ""
    return f"{policy.max_count} items{sizes}{bound}"


def measured_policy(table: CostTable, model: ModelToLoad) -> BatchPolicy:
    return choose_policy(
        table,
        model.files.name,
        item_pixels=item_pixels_of(model.files.module),
        powers_of_two=model.engine.compiles_shapes,
    )
