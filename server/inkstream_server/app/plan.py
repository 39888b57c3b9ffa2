"""Says what a server of a configuration runs: how many processes, and which models in them."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from inkstream_server.app.models import models_to_load
from inkstream_server.config import ConfigInvalid, ServerConfig
from inkstream_server.engines.devices import parse_devices
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
    devices = parse_devices(config.inference.device)
    workers = plan(core_count(), config.workers, devices)
    if workers.model_workers < len(devices):
        raise ConfigInvalid(
            f"workers.model_workers is {workers.model_workers}; inference.device names "
            f"{len(devices)} devices, each of which needs one"
        )
    _log.info("plan: %s", workers)
    models = models_to_load(config.models, config.inference, workers.model_threads)
    return ServerPlan(workers, models)
