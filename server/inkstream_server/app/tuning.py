"""Finds out what batches cost on this device: from what was kept, else by measuring it."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from inkstream_server.app.measuring import MeasuringFailed, Team, measure
from inkstream_server.app.plan import ServerPlan
from inkstream_server.app.tuning_cache import (
    TunedModel,
    TuningCache,
    TuningKey,
    default_tuning_dir,
)
from inkstream_server.config import ServerConfig, Tuning
from inkstream_server.engines.fake import FakeEngine
from inkstream_server.models.fingerprint import model_sha256
from inkstream_server.scheduling.cost_table import CostTable
from inkstream_server.workers.model_tasks import ModelToLoad
from inkstream_server.workers.plan import WorkerPlan, processor_name

_log = logging.getLogger(__name__)

_BUSY: Final = 0.1
_FAKE_ENGINE: Final = FakeEngine().name


class Tuner:
    """Knows the models that are to be served, by name, and where their times are kept."""

    def __init__(
        self, config: ServerConfig, plan: ServerPlan, *, rounds: int | None = None
    ) -> None:
        """`rounds`: as often as that, however long it takes; None: as often as a start may."""
        inference = config.inference
        self._mode = inference.tuning
        self._models = {model.files.name: model for model in plan.models}
        self._plan = plan.workers
        self._team = Team(plan.workers, config.log_level, inference.max_batch_s)
        if rounds is not None:
            self._team = replace(self._team, rounds=rounds, enough_after_s=math.inf)
        self.cache = TuningCache(inference.tuning_dir or default_tuning_dir(os.environ))

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(self._models)

    async def table(self) -> CostTable | None:
        """The times to serve with, None where they are not to be measured, or cannot be.

        Raises NotStarted.
        """
        if self._mode is Tuning.OFF or (self._mode is Tuning.AUTO and self._is_fake()):
            return None
        kept = {} if self._mode is Tuning.ALWAYS else await self.kept()
        missing = [name for name in self._models if name not in kept]
        try:
            return cost_table({**kept, **await self.measured(missing)})
        except MeasuringFailed as failure:
            _log.warning("batch sizes were not measured, and are the built-in ones: %s", failure)
            return None

    async def kept(self) -> dict[str, TunedModel]:
        """What the cache has of these models."""
        keys = await self._keys(self._models)
        read = {name: await asyncio.to_thread(self.cache.read, key) for name, key in keys.items()}
        kept = {name: tuned for name, tuned in read.items() if tuned is not None}
        if kept:
            _log.info("batch times of %s are from %s", ", ".join(kept), self.cache.folder)
        return kept

    async def measured(self, names: Sequence[str]) -> dict[str, TunedModel]:
        """Measure these models, and keep what comes of it.

        Raises MeasuringFailed or NotStarted.
        """
        if not names:
            return {}
        _log.info(
            "measuring batch times of %s, with %d workers at once",
            ", ".join(names),
            self._plan.model_workers,
        )
        started_at = time.monotonic()
        survey = await measure([self._models[name] for name in names], self._team)
        table = CostTable(survey.measurements)
        tuned = {
            each.name: TunedModel(each.precision, table.measurements(each.name))
            for each in survey.loaded
        }
        _log.info(
            "measured in %.1f s, of which the workers waited %.0f %% for a core",
            time.monotonic() - started_at,
            100 * survey.waited_share,
        )
        if survey.waited_share > _BUSY:
            _log.warning(
                "the machine is busy: that time is taken out, yet the rest is longer than it "
                "should be; measure again when it is not: inkstream tune"
            )
        await self._keep(tuned)
        return tuned

    async def _keep(self, tuned: Mapping[str, TunedModel]) -> None:
        keys = await self._keys(tuned)
        try:
            for name, each in tuned.items():
                await asyncio.to_thread(self.cache.write, keys[name], each)
        except OSError as error:
            _log.warning("batch times are not kept, and measured again next time: %s", error)
        else:
            _log.info("batch times are kept in %s", self.cache.folder)

    async def _keys(self, names: Mapping[str, object]) -> dict[str, TuningKey]:
        return {
            name: await asyncio.to_thread(tuning_key, self._models[name], self._plan)
            for name in names
        }

    def _is_fake(self) -> bool:
        """Whether there is nothing to find out: the fake engine's time is the tests' own."""
        return all(model.engine.name == _FAKE_ENGINE for model in self._models.values())


def cost_table(tuned: Mapping[str, TunedModel]) -> CostTable:
    return CostTable(each for model in tuned.values() for each in model.measurements)


def tuning_key(model: ModelToLoad, plan: WorkerPlan) -> TuningKey:
    """Reads the model's files. Raises OSError."""
    return TuningKey(
        model=model.files.name,
        model_sha256=model_sha256(model.files),
        engine=model.engine.name,
        engine_version=model.engine.version(),
        device=str(model.settings.device),
        processor=processor_name(),
        cores=plan.cores,
        precision=model.settings.precision.value,
        threads=plan.model_threads,
        model_workers=plan.model_workers,
    )
