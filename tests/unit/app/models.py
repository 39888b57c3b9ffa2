"""A plan with a model of each module, on the fake engine."""

from __future__ import annotations

from pathlib import Path

from inkstream_server.app.plan import ServerPlan
from inkstream_server.engines.engine import Device, EngineSettings
from inkstream_server.engines.fake import FakeEngine
from inkstream_server.models.files import ModelFiles, Module
from inkstream_server.workers.model_tasks import ModelToLoad
from inkstream_server.workers.plan import WorkerPlan

NAMES = {
    Module.TEXT_DETECTION: "det",
    Module.TEXT_RECOGNITION: "rec",
    Module.TEXTLINE_ORIENTATION: "cls",
}


def model(module: Module, device: str = "cpu", name: str = "") -> ModelToLoad:
    name = name or NAMES.get(module, module.value)
    settings = EngineSettings(Device.parse(device))
    return ModelToLoad(ModelFiles(name, module, Path(name), None), FakeEngine(), settings)


PLAN = ServerPlan(WorkerPlan(2, 2, 1, 2), tuple(model(module) for module in NAMES))
