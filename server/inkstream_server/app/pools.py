"""Builds the shared memory of a server, and the two pools of workers that read and write it."""

from __future__ import annotations

from collections.abc import Sequence

from inkstream_server.app.confining import confinement_of
from inkstream_server.app.loads import step_load
from inkstream_server.app.plan import ServerPlan
from inkstream_server.config import ServerConfig
from inkstream_server.pipeline.dispatcher import Dispatcher, Queueing
from inkstream_server.pipeline.page import PageArenas, Pools
from inkstream_server.scheduling.policy import ONE_BY_ONE
from inkstream_server.telemetry.metrics import Metrics
from inkstream_server.telemetry.pool_metrics import PoolMetrics
from inkstream_server.workers.arena import Arena
from inkstream_server.workers.environment import worker_environment
from inkstream_server.workers.memory import SharedMemory
from inkstream_server.workers.model_tasks import ModelToLoad
from inkstream_server.workers.plan import WorkerPlan
from inkstream_server.workers.role import Launch, RoleSpec
from inkstream_server.workers.role_specs import CpuRoleSpec, ModelRoleSpec
from inkstream_server.workers.slot import WorkerSlot


def model_specs(workers: WorkerPlan, models: Sequence[ModelToLoad]) -> list[ModelRoleSpec]:
    """What each model worker is to be: all of the models, on its own device."""
    devices = [workers.device_of(number) for number in range(workers.model_workers)]
    return [ModelRoleSpec(tuple(model.on(device) for model in models)) for device in devices]


class ServerPools:
    """`memory` with its arenas, and `workers`. Nothing is started here."""

    def __init__(
        self, config: ServerConfig, plan: ServerPlan, queueing: Queueing, metrics: Metrics
    ) -> None:
        """`queueing` is that of the model workers."""
        self._config = config
        self.plan = plan
        self.metrics = metrics
        sizes = config.memory
        self.memory = SharedMemory.create(
            [sizes.documents_bytes, sizes.pages_bytes, sizes.tensors_bytes]
        )
        self.documents, pages, tensors = (
            Arena(number, address.size_bytes)
            for number, address in enumerate(self.memory.addresses)
        )
        self.arenas = PageArenas(pages, tensors)
        for name, arena in (("documents", self.documents), ("pages", pages), ("tensors", tensors)):
            metrics.room.watch_arena(name, arena)
        self.workers = Pools(
            self._cpu_pool(plan, PoolMetrics(metrics, "cpu")),
            self._model_pool(plan, queueing, PoolMetrics(metrics, "model")),
        )

    def _cpu_pool(self, plan: ServerPlan, metrics: PoolMetrics) -> Dispatcher:
        limits = self._config.limits
        return Dispatcher(
            self._slots(metrics, [CpuRoleSpec(limits)] * plan.workers.cpu_workers, threads=1),
            Queueing(lambda step: ONE_BY_ONE, step_load, self._config.batching.batch_share),
            batch_limit_s=limits.max_page_s,
            metrics=metrics,
        )

    def _model_pool(self, plan: ServerPlan, queueing: Queueing, metrics: PoolMetrics) -> Dispatcher:
        specs = model_specs(plan.workers, plan.models)
        return Dispatcher(
            self._slots(metrics, specs, threads=plan.workers.model_threads),
            queueing,
            batch_limit_s=self._config.inference.max_batch_s,
            metrics=metrics,
        )

    def _slots(
        self, metrics: PoolMetrics, specs: Sequence[RoleSpec], *, threads: int
    ) -> list[WorkerSlot]:
        counts = self._config.workers
        slots = [
            WorkerSlot(
                Launch(
                    name=f"{metrics.pool} worker {number}",
                    spec=spec,
                    segments=self.memory.addresses,
                    environment=worker_environment(threads),
                    log_level=self._config.log_level,
                    log_format=self._config.log_format,
                    heartbeat_timeout_s=counts.heartbeat_timeout_s,
                    memory_limit_bytes=counts.max_memory_bytes,
                    confinement=confinement_of(self._config, spec, is_first=number == 0),
                ),
                on_loss=metrics.note_loss,
            )
            for number, spec in enumerate(specs)
        ]
        for slot in slots:
            metrics.watch(slot)
        return slots
