"""Puts models whose files have changed in the place of those that are served, with no call lost.

New workers are started and warmed beside the old ones. Then no page is begun until those that are
being read have ended, and the new workers take over, all at once: no page is read by both. What is
wrong with a new model is told, and the old ones stay; see docs/decisions/044.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Final

from inkstream_server.app.models import models_to_load
from inkstream_server.app.plan import ServerPlan
from inkstream_server.app.pools import model_specs
from inkstream_server.app.starting import causes_told
from inkstream_server.config import ServerConfig
from inkstream_server.errors import Fault, OcrError
from inkstream_server.models.fingerprint import model_sha256
from inkstream_server.pipeline.gate import PageGate
from inkstream_server.telemetry.metrics import WorkerMetrics
from inkstream_server.workers.model_tasks import LoadedModel, ModelToLoad
from inkstream_server.workers.role_specs import ModelRoleSpec
from inkstream_server.workers.slot import Successor, WorkerSlot, end

_log = logging.getLogger(__name__)

# A page that is being read ends within its own limits, or the models are as they were.
_PAGES_END_S: Final = 120.0


class ReloadRefused(OcrError):
    """Changed models cannot take the place of those that are served while the server runs."""

    reason = "RELOAD_REFUSED"
    fault = Fault.SETUP


class Reloader:
    """Knows which models are served, and replaces them. One reload at a time."""

    def __init__(
        self, config: ServerConfig, plan: ServerPlan, gate: PageGate, metrics: WorkerMetrics
    ) -> None:
        self._config = config
        self._plan = plan
        self._gate = gate
        self._metrics = metrics
        self._models: Mapping[str, ModelToLoad] = {each.files.name: each for each in plan.models}
        self._sha256s: Mapping[str, str] = {}
        self._wished = asyncio.Event()

    def obey_signal(self) -> None:
        """Take SIGHUP as the wish for a reload, also before there is anything to reload."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._wished.set)

    async def note_models(self) -> None:
        """To be called before the first workers load them: what changes meanwhile is seen."""
        self._sha256s = await _sha256s(self._models)

    def marked(self, loaded: Sequence[LoadedModel]) -> list[LoadedModel]:
        """What workers have loaded, with what tells it from other models."""
        return [replace(each, sha256=self._sha256s[each.name]) for each in loaded]

    async def serve(self, slots: Sequence[WorkerSlot], loaded: list[LoadedModel]) -> None:
        """Reload whenever that is wished, until cancelled. `loaded` is kept up to date."""
        while True:
            await self._wished.wait()
            self._wished.clear()
            try:
                changed = await self.reload(slots, loaded)
            except OcrError as error:
                self._metrics.reloads.labels("failed").inc()
                _log.error("models stay as they are: %s", error.message)
            except Exception:  # noqa: BLE001 - the task's boundary: the old models go on
                self._metrics.reloads.labels("failed").inc()
                _log.exception("models stay as they are")
            else:
                self._metrics.reloads.labels("changed" if changed else "unchanged").inc()
                _log.info("models read again; changed: %s", ", ".join(changed) or "none")

    async def reload(
        self, slots: Sequence[WorkerSlot], loaded: list[LoadedModel]
    ) -> tuple[str, ...]:
        """Serve what the folders of the models hold now. The names of the models that changed.

        Raises OcrError; then everything is as it was.
        """
        models = await self._read()
        sha256s = await _sha256s(models)
        changed = tuple(name for name in models if sha256s[name] != self._sha256s.get(name))
        for name in changed:
            check_alike(self._models[name], models[name])
        if changed:
            specs = model_specs(self._plan.workers, tuple(models.values()))
            successors = await _started(slots, specs)
            await self._hand_over(slots, successors)
            self._models, self._sha256s = models, sha256s
            loaded[:] = self.marked(_all_models(successors))
        return changed

    async def _read(self) -> Mapping[str, ModelToLoad]:
        config, threads = self._config, self._plan.workers.model_threads
        models = await asyncio.to_thread(models_to_load, config.models, config.inference, threads)
        return {each.files.name: each for each in models}

    async def _hand_over(
        self, slots: Sequence[WorkerSlot], successors: Sequence[Successor]
    ) -> None:
        try:
            async with AsyncExitStack() as quiet:
                async with asyncio.timeout(_PAGES_END_S):
                    await quiet.enter_async_context(self._gate.empty())
                    for slot in slots:
                        await quiet.enter_async_context(slot.idle())
                olds = [slot.succeed(new) for slot, new in zip(slots, successors, strict=True)]
        except BaseException as error:
            await asyncio.gather(*(end(each.worker) for each in successors))
            if isinstance(error, TimeoutError):
                told = f"pages that are being read did not end within {_PAGES_END_S:g} s"
                raise ReloadRefused(told) from None
            raise
        await asyncio.gather(*(end(old) for old in olds if old is not None))


async def _sha256s(models: Mapping[str, ModelToLoad]) -> dict[str, str]:
    return {
        name: await asyncio.to_thread(model_sha256, model.files) for name, model in models.items()
    }


def check_alike(old: ModelToLoad, new: ModelToLoad) -> None:
    """What the rest of the server was built around is the same. Raises ReloadRefused."""
    facts = {
        "engine": (old.engine.name, new.engine.name),
        "inference.yml": (old.files.recipe, new.files.recipe),
        "family": (old.files.line_family, new.files.line_family),
    }
    for fact, (was, is_now) in facts.items():
        if was != is_now:
            raise ReloadRefused(
                f"{new.files.name}: its {fact} is another one; start the server anew"
            )


async def _started(slots: Sequence[WorkerSlot], specs: Sequence[ModelRoleSpec]) -> list[Successor]:
    """A successor for every slot, or none. Raises NotStarted."""
    started: list[Successor] = []
    try:
        with causes_told():
            for slot, spec in zip(slots, specs, strict=True):
                started.append(await slot.prepare(spec))
    except BaseException:
        await asyncio.gather(*(end(each.worker) for each in started))
        raise
    return started


def _all_models(successors: Sequence[Successor]) -> list[LoadedModel]:
    """Each once for each device that has it."""
    return list(dict.fromkeys(model for each in successors for model in each.worker.models))
