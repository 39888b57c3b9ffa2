"""Builds a server's parts from its configuration and wires them. Nothing is started here."""

from __future__ import annotations

import importlib.metadata
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from inkstream_server.app.models import models_to_load
from inkstream_server.app.widths import ModelWidths
from inkstream_server.config import BatchingConfig, ServerConfig
from inkstream_server.engines.engine import Device, DeviceKind
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
from inkstream_server.workers.model_tasks import LoadedModel, ModelBucket, ModelToLoad
from inkstream_server.workers.plan import WorkerPlan, core_count, plan
from inkstream_server.workers.role import Launch, RoleSpec
from inkstream_server.workers.role_specs import CpuRoleSpec, ModelRoleSpec
from inkstream_server.workers.slot import WorkerSlot

_log = logging.getLogger(__name__)

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


def build(config: ServerConfig) -> Parts:
    """Raises OcrError where a model, an engine or a device is missing."""
    runs_on_cpu = Device.parse(config.inference.device).kind is DeviceKind.CPU
    worker_plan = plan(core_count(), config.workers, runs_on_cpu=runs_on_cpu)
    _log.info("plan: %s", worker_plan)
    models = models_to_load(config.models, config.inference, worker_plan.model_threads)
    metrics = Metrics()
    pools = _Pools(config, worker_plan, models, metrics)
    book = SettingsBook(config.pipeline, _served(models))
    admission = Admission(config.server.max_documents)
    loaded: list[LoadedModel] = []
    widths = ModelWidths(config.inference.width_step, loaded)
    reader = _reader(config, worker_plan, pools, admission, widths, metrics)
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
    )


class _Pools:
    """The shared memory and the two pools of workers that read and write it."""

    def __init__(
        self,
        config: ServerConfig,
        worker_plan: WorkerPlan,
        models: dict[Module, ModelToLoad],
        metrics: Metrics,
    ) -> None:
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
            self._slots("cpu", CpuRoleSpec(config.limits), worker_plan.cpu_workers, threads=1),
            lambda step: _ONE_BY_ONE,
            batch_limit_s=config.limits.max_page_s,
            metrics=PoolMetrics(metrics, "cpu"),
        )
        self.models = Dispatcher(
            self._slots(
                "model",
                ModelRoleSpec(tuple(models.values())),
                worker_plan.model_workers,
                threads=worker_plan.model_threads,
            ),
            _policy_of(config.batching, models),
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


def _served(models: dict[Module, ModelToLoad]) -> ServedModels:
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
    widths: ModelWidths,
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


def _policy_of(
    batching: BatchingConfig, models: dict[Module, ModelToLoad]
) -> Callable[[Any], BatchPolicy]:
    by_module = {
        Module.TEXT_DETECTION: batching.text_detection,
        Module.TEXT_RECOGNITION: batching.text_recognition,
        Module.TEXTLINE_ORIENTATION: batching.textline_orientation,
    }
    by_name = {model.files.name: by_module[module] for module, model in models.items()}

    def policy_of(bucket: ModelBucket) -> BatchPolicy:
        return by_name[bucket.model]

    return policy_of
