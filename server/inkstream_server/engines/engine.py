"""What an engine is: it loads a model and runs tensors. It knows nothing of pictures or texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from inkstream_server.engines.faults import DeviceUnknown, EngineUnusable, ModelMismatch
from inkstream_server.models.files import ModelFiles, Module

# Any: what the outputs hold differs by module; each stage's interpret says what it expects.
Outputs = tuple[NDArray[Any], ...]


class Precision(Enum):
    """In which numbers a model computes. What goes in and comes out is float32 regardless."""

    AUTO = "auto"  # recognition in bf16 where the processor has it natively, the rest in fp32
    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


class DeviceKind(Enum):
    """The kinds of devices, by Paddle's own names."""

    CPU = "cpu"
    GPU = "gpu"
    NPU = "npu"
    XPU = "xpu"
    MLU = "mlu"
    DCU = "dcu"


@dataclass(frozen=True, slots=True)
class Device:
    """One device. `index` counts from 0 within its kind; the CPU has none but 0."""

    kind: DeviceKind
    index: int = 0

    @classmethod
    def parse(cls, text: str) -> Device:
        """Read "cpu", "gpu" or "gpu:1". Raises DeviceUnknown."""
        match = re.fullmatch(r"(\w+?)(?::(\d+))?", text.strip().lower())
        kinds = {kind.value: kind for kind in DeviceKind}
        if match is None or match[1] not in kinds or (match[1] == "cpu" and match[2]):
            allowed = ", ".join(kinds)
            raise DeviceUnknown(
                f"device {text!r} is not known; known are {allowed}, and one of several as gpu:1",
                device=text,
                allowed=allowed,
            )
        return cls(kinds[match[1]], int(match[2] or 0))

    def __str__(self) -> str:
        if self.kind is DeviceKind.CPU:
            return f"{self.kind.value}"
        return f"{self.kind.value}:{self.index}"


CPU: Final = Device(DeviceKind.CPU)


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Where and how a model runs. `threads` counts the processor threads of one predictor."""

    device: Device = CPU
    precision: Precision = Precision.AUTO
    threads: int = 1


class Predictor(Protocol):
    """One loaded model. It belongs to one thread of one process; who loaded it closes it."""

    @property
    def precision(self) -> Precision:
        """The precision it really computes in; never AUTO."""
        ...

    def run(self, inputs: NDArray[np.float32]) -> Outputs:
        """Run one batch (N x C x H x W, contiguous), waiting for the end.

        Returns the model's outputs, which the caller owns. A recogniser's are reduced over its
        classes: (class ids, int32; their probabilities, float32), N x T each. An unwarping model is
        cut off before it samples the page: it takes shrunk ones and gives the points of their
        warps, N x 2 x rows x columns.
        """
        ...

    def close(self) -> None:
        """Let go of the memory. `run` must not be called after it."""
        ...


class Engine(Protocol):
    """A runtime. Engines are plain values: they can be sent to the process that will load."""

    @property
    def name(self) -> str:
        """By which it is asked for, logged and counted."""
        ...

    @property
    def compiles_shapes(self) -> bool:
        """Tell whether every count of every shape costs time and memory when it is first met."""
        ...

    def version(self) -> str:
        """Tell the version of the runtime, which must be installed. It is not imported."""
        ...

    def obstacle(self, model: ModelFiles, device: Device) -> str | None:
        """Say why this engine cannot run the model on the device, and what would help, or None.

        Cheap: it does not import the runtime.
        """
        ...

    def load(self, model: ModelFiles, settings: EngineSettings) -> Predictor:
        """Load a model. Raises EngineUnusable, PrecisionUnavailable or ModelMismatch."""
        ...


def check_usable(engine: Engine, model: ModelFiles, device: Device) -> None:
    """Raise EngineUnusable where something hinders the engine."""
    if (obstacle := engine.obstacle(model, device)) is not None:
        raise EngineUnusable(f"model {model.name}: {obstacle}", model=model.name)


def is_reduced(module: Module) -> bool:
    """Tell whether a module's output is reduced over its classes to (class id, probability).

    A recogniser says 6625 numbers a step, of which two are used.
    """
    return module is Module.TEXT_RECOGNITION


def check_class_count(model: ModelFiles, class_count: int) -> None:
    """Raise ModelMismatch unless a recogniser has a class per character, the blank and the space.

    Without characters there is nothing to check against.
    """
    expected = len(model.characters) + 2
    if model.characters and class_count != expected:
        raise ModelMismatch(
            f"model {model.name} has {class_count} classes, its dictionary makes {expected}: "
            "this is not the dictionary it was trained with",
            model=model.name,
            classes=class_count,
            expected=expected,
        )


def reduced(probabilities: NDArray[np.float32], model: ModelFiles) -> Outputs:
    """Reduce a recogniser's output (N x T x classes), behind engines that cannot in their graph.

    Raises ModelMismatch.
    """
    check_class_count(model, probabilities.shape[-1])
    ids = probabilities.argmax(axis=-1)
    maxima = np.take_along_axis(probabilities, ids[..., np.newaxis], axis=-1)[..., 0]
    return ids.astype(np.int32), maxima


def unreadable(engine: str, model: ModelFiles, error: Exception) -> EngineUnusable:
    """Make the error that a runtime cannot read a model, with the runtime's own last words."""
    words = [line.strip() for line in str(error).splitlines() if line.strip()]
    return EngineUnusable(
        f"{engine} cannot read {model.graph}: {words[-1] if words else type(error).__name__}",
        engine=engine,
        model=model.name,
    )
