"""Which devices Paddle reaches here, and the calls by which it does."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Collection
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from inkstream_server.engines.engine import Device, DeviceKind
from inkstream_server.engines.faults import DeviceMissing

if TYPE_CHECKING:
    from paddle import inference

_CPU_BUILD: Final = "paddlepaddle"
# Builds of Paddle by the devices that they are for; one of them can be installed at a time.
_BUILDS: Final = {
    DeviceKind.CPU: _CPU_BUILD,
    DeviceKind.GPU: "paddlepaddle-gpu",
    DeviceKind.XPU: "paddlepaddle-xpu",
    DeviceKind.DCU: "paddlepaddle-dcu",
}
# What the processor's build is taught a device by.
_PLUGINS: Final = {DeviceKind.NPU: "paddle-custom-npu", DeviceKind.MLU: "paddle-custom-mlu"}
# Megabytes of device memory to begin with; it grows. PaddleX's figure.
_FIRST_POOL_MB: Final = 100


def version() -> str:
    """Of whichever build is installed. Raises PackageNotFoundError where none is."""
    return importlib.metadata.version(_installed() or _CPU_BUILD)


def obstacle(device: Device) -> str | None:
    """Say what has to be installed for Paddle to reach the device; None if it may be there.

    Whether it is only Paddle itself can tell: see `check_is_there`.
    """
    if find_spec("paddle") is None:
        if device.kind is DeviceKind.CPU:
            return "the package paddlepaddle is not installed: pip install '.[paddle]'"
        return f"Paddle is not installed; {device} needs {_needed(device.kind)}"
    if device.kind in _BUILDS and device.kind is not DeviceKind.CPU and _installed() == _CPU_BUILD:
        return f"the package {_CPU_BUILD} has no {device.kind.value}; {device} needs " + _needed(
            device.kind
        )
    return None


def devices_there() -> tuple[str, ...]:
    """Ask Paddle for every device that it sees."""
    from paddle import device

    there = ["cpu"]
    if device.is_compiled_with_cuda():  # true of ROCm as well
        kind = DeviceKind.DCU if device.is_compiled_with_rocm() else DeviceKind.GPU
        there += _numbered(kind, device.cuda.device_count())
    if device.is_compiled_with_xpu():
        there += _numbered(DeviceKind.XPU, device.xpu.device_count())
    plugged: list[str] = device.get_available_custom_device() or []
    # A single one comes without its number.
    return (*there, *(name if ":" in name else f"{name}:0" for name in plugged))


def check_is_there(device: Device, there: Collection[str]) -> None:
    """Raise DeviceMissing, with what is there and what to install, unless the device is."""
    if str(device) in there:
        return
    has_kind = any(name.partition(":")[0] == device.kind.value for name in there)
    advice = "" if has_kind else f"; {device.kind.value} needs {_needed(device.kind)}, and a driver"
    raise DeviceMissing(
        f"device {device} is not there: Paddle sees {', '.join(there)}{advice}",
        device=str(device),
        there=", ".join(there),
    )


def set_device(config: inference.Config, device: Device) -> None:
    """Tell a predictor's configuration where to compute. PaddleX makes the same calls."""
    match device.kind:
        case DeviceKind.CPU:
            config.disable_gpu()
        case DeviceKind.GPU:
            config.enable_use_gpu(_FIRST_POOL_MB, device.index)
        case DeviceKind.DCU:
            config.enable_use_gpu(_FIRST_POOL_MB, device.index)
            for fusion in ("conv2d_add_act_fuse_pass", "conv2d_add_fuse_pass"):
                config.delete_pass(fusion)  # which ROCm's kernels do not have
        case DeviceKind.XPU:
            config.enable_xpu()
            config.set_xpu_device_id(device.index)
            for fusion in ("conv2d_bn_xpu_fuse_pass", "transfer_layout_pass"):
                config.delete_pass(fusion)
        case DeviceKind.NPU | DeviceKind.MLU:
            config.enable_custom_device(device.kind.value, device.index)


def _installed() -> str | None:
    for build in reversed(_BUILDS.values()):
        try:
            importlib.metadata.version(build)
        except importlib.metadata.PackageNotFoundError:
            continue
        return build
    return None


def _needed(kind: DeviceKind) -> str:
    if kind in _PLUGINS:
        return f"{_PLUGINS[kind]} beside {_CPU_BUILD}, both of one version"
    return f"the package {_BUILDS[kind]} in the place of {_CPU_BUILD}"


def _numbered(kind: DeviceKind, count: int) -> list[str]:
    return [f"{kind.value}:{index}" for index in range(count)]
