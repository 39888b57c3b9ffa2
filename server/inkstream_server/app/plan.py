"""Says what a server of a configuration runs: how many processes, and which models in them."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from inkstream_server.app.models import models_to_load
from inkstream_server.config import ServerConfig
from inkstream_server.engines.engine import Device, DeviceKind
from inkstream_server.workers.model_tasks import ModelToLoad
from inkstream_server.workers.plan import WorkerPlan, core_count, plan

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """`models` are those of `models_to_load`, in its order."""

    workers: WorkerPlan
    models: tuple[ModelToLoad, ...]


def plan_server(config: ServerConfig) -> ServerPlan:
    """Raises OcrError where a model, an engine or a device is missing."""
    runs_on_cpu = Device.parse(config.inference.device).kind is DeviceKind.CPU
    workers = plan(core_count(), config.workers, runs_on_cpu=runs_on_cpu)
    _log.info("plan: %s", workers)
    models = models_to_load(config.models, config.inference, workers.model_threads)
    return ServerPlan(workers, models)
