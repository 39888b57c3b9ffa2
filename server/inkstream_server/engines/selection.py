"""Decides which engine runs a model. Under "auto" the first of a fixed order that can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from inkstream_server.engines.engine import Device, DeviceKind, Engine
from inkstream_server.engines.fake import FakeEngine
from inkstream_server.engines.faults import EngineUnknown, EngineUnusable
from inkstream_server.engines.openvino import OpenVinoEngine
from inkstream_server.engines.paddle import PaddleEngine
from inkstream_server.models.files import ModelFiles

AUTO: Final = "auto"

ENGINES: Final[tuple[Engine, ...]] = (OpenVinoEngine(), PaddleEngine(), FakeEngine())

CPU_ORDER: Final[tuple[Engine, ...]] = (OpenVinoEngine(), PaddleEngine())
OTHER_ORDER: Final[tuple[Engine, ...]] = (PaddleEngine(),)


@dataclass(frozen=True, slots=True)
class Selection:
    """The engine for a model, and why, for the log."""

    engine: Engine
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
        obstacle = engine.obstacle(model, device)
        if obstacle is None:
            why = "; ".join([*obstacles, f"{engine.name} is the fastest that can"])
            return Selection(engine, why)
        obstacles.append(obstacle)
    raise EngineUnusable(
        f"no engine can run model {model.name} on {device}: {'; '.join(obstacles)}",
        model=model.name,
        device=str(device),
    )


def _selected_by_name(asked: str, model: ModelFiles, device: Device) -> Selection:
    for engine in ENGINES:
        if engine.name == asked:
            if (obstacle := engine.obstacle(model, device)) is not None:
                raise EngineUnusable(
                    f"engine {asked} cannot run model {model.name}: {obstacle}",
                    engine=asked,
                    model=model.name,
                )
            return Selection(engine, "asked for by name")
    names = ", ".join([AUTO, *(engine.name for engine in ENGINES)])
    raise EngineUnknown(f"engine {asked!r} is not known; known are {names}", engine=asked)
