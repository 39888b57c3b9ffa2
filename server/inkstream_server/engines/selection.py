"""Decides which engine runs a model, and in which of the formats that it is there in.

Under "auto" that is the first engine of a fixed order that can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from inkstream_server.engines.engine import Device, DeviceKind, Engine
from inkstream_server.engines.fake import FakeEngine
from inkstream_server.engines.faults import EngineUnknown, EngineUnusable
from inkstream_server.engines.onnxruntime import OnnxRuntimeEngine
from inkstream_server.engines.openvino import OpenVinoEngine
from inkstream_server.engines.paddle import PaddleEngine
from inkstream_server.models.files import ModelFiles

AUTO: Final = "auto"

# By their speed; docs/decisions/018 and 030.
CPU_ORDER: Final[tuple[Engine, ...]] = (OpenVinoEngine(), PaddleEngine(), OnnxRuntimeEngine())
OTHER_ORDER: Final[tuple[Engine, ...]] = (PaddleEngine(),)

ENGINES: Final[tuple[Engine, ...]] = (*CPU_ORDER, FakeEngine())


@dataclass(frozen=True, slots=True)
class Selection:
    """The engine for a model, the model with the graph that it reads, and why, for the log."""

    engine: Engine
    model: ModelFiles
    why: str


def select(asked: str, model: ModelFiles, device: Device) -> Selection:
    """Select the engine called `asked`, or the fastest that can run the model on the device.

    Raises EngineUnknown, or EngineUnusable with what to install.
    """
    if asked != AUTO:
        return _selected_by_name(asked, model, device)
    return first_able(CPU_ORDER if device.kind is DeviceKind.CPU else OTHER_ORDER, model, device)


def first_able(order: Sequence[Engine], model: ModelFiles, device: Device) -> Selection:
    """Select the first engine of `order` that can run the model. Raises EngineUnusable."""
    obstacles: list[str] = []
    for engine in order:
        found = _readable(engine, model, device)
        if isinstance(found, ModelFiles):
            why = "; ".join([*obstacles, f"{engine.name} is the fastest that can"])
            return Selection(engine, found, why)
        obstacles.append(found)
    raise EngineUnusable(
        f"no engine can run model {model.name} on {device}: {'; '.join(obstacles)}",
        model=model.name,
        device=str(device),
    )


def _selected_by_name(asked: str, model: ModelFiles, device: Device) -> Selection:
    for engine in ENGINES:
        if engine.name == asked:
            found = _readable(engine, model, device)
            if isinstance(found, ModelFiles):
                return Selection(engine, found, "asked for by name")
            raise EngineUnusable(
                f"engine {asked} cannot run model {model.name}: {found}",
                engine=asked,
                model=model.name,
            )
    names = ", ".join([AUTO, *(engine.name for engine in ENGINES)])
    raise EngineUnknown(f"engine {asked!r} is not known; known are {names}", engine=asked)


def _readable(engine: Engine, model: ModelFiles, device: Device) -> ModelFiles | str:
    """The model with the first of its graphs that the engine can run, or what is in the way."""
    obstacles: dict[str, None] = {}
    for each in model.in_each_format():
        obstacle = engine.obstacle(each, device)
        if obstacle is None:
            return each
        obstacles[obstacle] = None
    return "; ".join(obstacles)
