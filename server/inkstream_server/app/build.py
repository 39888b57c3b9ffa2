"""Builds a server's parts from its configuration and wires them. Nothing is started here."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from inkstream_server.app.batching import BatchPolicies
from inkstream_server.app.plan import ServerPlan, plan_server
from inkstream_server.app.tuning import Tuner
from inkstream_server.app.widths import WidthSteps
from inkstream_server.config import ServerConfig
from inkstream_server.front.calls import Calls
from inkstream_server.front.grpc_server import GrpcServer, Services
from inkstream_server.front.http_server import HttpServer
from inkstream_server.front.model_service import ModelService, ServerFacts
from inkstream_server.front.ocr_service import OcrService
from inkstream_server.front.requests import RequestReader
from inkstream_server.models.files import Module
from inkstream_server.pipeline.dispatcher import Dispatcher
from inkstream_server.pipeline.document import DocumentReader
from inkstream_server.pipeline.intake import Intake
from inkstream_server.pipeline.page import PagePipeline
from inkstream_server.pipeline.settings import ServedModels, SettingsBook
from inkstream_server.scheduling.admission import Admission
from inkstream_server.scheduling.policy import BatchPolicy
from inkstream_server.telemetry.metrics import Metrics, PoolMetrics
from inkstream_server.workers.arena import Arena
from inkstream_server.workers.environment import worker_environment
from inkstream_server.workers.memory import SharedMemory
from inkstream_server.workers.model_tasks import LoadedModel, ModelToLoad
from inkstream_server.workers.plan import WorkerPlan
from inkstream_server.workers.role import Launch, RoleSpec
from inkstream_server.workers.role_specs import CpuRoleSpec, ModelRoleSpec
from inkstream_server.workers.slot import WorkerSlot

_ONE_BY_ONE: Final = BatchPolicy(max_count=1)


@dataclass(frozen=True, slots=True)
class Parts:
    """A server that is built and not started."""

    grpc: GrpcServer
    http: HttpServer
    cpu: Dispatcher
    models: Dispatcher
    calls: Calls
    admission: Admission
    # Filled when the workers are warm.
    loaded: list[LoadedModel]
    # Asked before the workers start; the policies are told what it says.
    tuner: Tuner
    policies: BatchPolicies


def build(config: ServerConfig) -> Parts:
    """Raises OcrError where a model, an engine or a device is missing."""
    server_plan = plan_server(config)
    metrics = Metrics()
    policies = BatchPolicies(config.batching, server_plan.models)
    pools = _Pools(config, server_plan, policies, metrics)
    book = SettingsBook(config.pipeline, _served(server_plan.models))
    admission = Admission(config.server.max_documents)
    loaded: list[LoadedModel] = []
    widths = WidthSteps(config.inference.width_step, loaded)
    reader = _reader(config, server_plan.workers, pools, admission, widths, metrics)
    facts = ServerFacts(
        version=importlib.metadata.version("inkstream"),
        defaults=book.defaults,
        limits=config.limits,
        max_message_bytes=config.server.max_message_bytes,
    )
    calls = Calls(metrics)
    services = Services(
        OcrService(RequestReader(book, config.limits), reader, calls),
        ModelService(facts, loaded, calls),
    )
    return Parts(
        grpc=GrpcServer(config.server, services, calls),
        http=HttpServer(config.server, metrics.registry, lambda: admission.is_open),
        cpu=pools.cpu,
        models=pools.models,
        calls=calls,
        admission=admission,
        loaded=loaded,
        tuner=Tuner(config, server_plan),
        policies=policies,
    )


class _Pools:
    """The shared memory and the two pools of workers that read and write it."""

    def __init__(
        self,
        config: ServerConfig,
        server_plan: ServerPlan,
        policies: BatchPolicies,
        metrics: Metrics,
    ) -> None:
        workers = server_plan.workers
        self._log_level = config.log_level
        self._memory_limit_bytes = config.workers.max_memory_bytes
        sizes = config.memory
        self.memory = SharedMemory.create(
            [sizes.documents_bytes, sizes.pages_bytes, sizes.tensors_bytes]
        )
        self.documents, self.pages, self.tensors = (
            Arena(number, address.size_bytes)
            for number, address in enumerate(self.memory.addresses)
        )
        self.cpu = Dispatcher(
            self._slots("cpu", CpuRoleSpec(config.limits), workers.cpu_workers, threads=1),
            lambda step: _ONE_BY_ONE,
            batch_limit_s=config.limits.max_page_s,
            metrics=PoolMetrics(metrics, "cpu"),
        )
        self.models = Dispatcher(
            self._slots(
                "model",
                ModelRoleSpec(tuple(server_plan.models.values())),
                workers.model_workers,
                threads=workers.model_threads,
            ),
            policies.of,
            batch_limit_s=config.inference.max_batch_s,
            metrics=PoolMetrics(metrics, "model"),
        )

    def _slots(self, kind: str, spec: RoleSpec, count: int, *, threads: int) -> list[WorkerSlot]:
        return [
            WorkerSlot(
                Launch(
                    name=f"{kind} worker {number}",
                    spec=spec,
                    segments=self.memory.addresses,
                    environment=worker_environment(threads),
                    log_level=self._log_level,
                    memory_limit_bytes=self._memory_limit_bytes,
                )
            )
            for number in range(count)
        ]


def _served(models: Mapping[Module, ModelToLoad]) -> ServedModels:
    orientation = models.get(Module.TEXTLINE_ORIENTATION)
    return ServedModels(
        text_detection=models[Module.TEXT_DETECTION].files.name,
        text_recognition=models[Module.TEXT_RECOGNITION].files.name,
        textline_orientation=orientation.files.name if orientation else None,
    )


def _reader(
    config: ServerConfig,
    worker_plan: WorkerPlan,
    pools: _Pools,
    admission: Admission,
    widths: WidthSteps,
    metrics: Metrics,
) -> DocumentReader:
    pages = PagePipeline(pools.cpu, pools.models, pools.pages, pools.tensors, widths.of)
    # Enough that no worker idles while one page's last lines are read, and no more: what waits
    # in a window delays the other documents.
    window = config.window_pages or 2 * worker_plan.model_workers + 1
    return DocumentReader(
        Intake(admission, pools.memory, pools.documents, pools.cpu),
        pages,
        pools.cpu,
        config.limits,
        metrics,
        window_page_count=window,
    )
