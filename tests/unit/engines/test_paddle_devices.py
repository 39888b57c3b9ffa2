from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import pytest

from inkstream_server.engines import paddle_devices
from inkstream_server.engines.engine import CPU, Device, DeviceKind
from inkstream_server.engines.faults import DeviceMissing
from inkstream_server.engines.paddle_devices import (
    check_is_there,
    devices_there,
    obstacle,
    set_device,
    version,
)

if TYPE_CHECKING:
    from paddle import inference

Call = tuple[object, ...]
needs_paddle = pytest.mark.skipif(
    importlib.util.find_spec("paddle") is None, reason="Paddle is not installed"
)


class Configuration:
    """Stands for Paddle's own, and notes what it is told."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: self.calls.append((name, *arguments))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes it that this build of Paddle is installed, and no other."""

    def install(build: str) -> None:
        def version_of(name: str) -> str:
            if name != build:
                raise importlib.metadata.PackageNotFoundError(name)
            return "3.2.2"

        spec = importlib.util.find_spec("json") if build else None
        monkeypatch.setattr(paddle_devices, "find_spec", lambda name: spec)
        monkeypatch.setattr(importlib.metadata, "version", version_of)

    return install


def calls_for(device: str) -> list[Call]:
    configuration = Configuration()
    set_device(cast("inference.Config", configuration), Device.parse(device))
    return configuration.calls


@pytest.mark.parametrize(
    ("device", "calls"),
    [
        ("cpu", [("disable_gpu",)]),
        ("gpu:1", [("enable_use_gpu", 100, 1)]),
        ("npu:2", [("enable_custom_device", "npu", 2)]),
        ("mlu", [("enable_custom_device", "mlu", 0)]),
    ],
)
def test_a_device_is_reached_by_paddles_own_call(device: str, calls: list[Call]) -> None:
    assert calls_for(device) == calls


def test_a_dcu_is_reached_as_a_gpu_without_the_fusions_that_it_lacks() -> None:
    first, *others = calls_for("dcu:3")

    assert first == ("enable_use_gpu", 100, 3)
    assert {name for name, *_ in others} == {"delete_pass"}


def test_an_xpu_is_told_its_number_in_a_call_of_its_own() -> None:
    first, second, *others = calls_for("xpu:1")

    assert (first, second) == (("enable_xpu",), ("set_xpu_device_id", 1))
    assert {name for name, *_ in others} == {"delete_pass"}


@needs_paddle
def test_paddle_has_every_call_that_is_made() -> None:
    from inkstream_server.engines.paddle import runtime

    names = {str(name) for kind in DeviceKind for name, *_ in calls_for(kind.value)}

    assert {name for name in names if not hasattr(runtime().Config, name)} == set()


@needs_paddle
def test_the_processor_is_always_there() -> None:
    assert devices_there()[0] == "cpu"
    check_is_there(CPU, devices_there())


def test_a_device_that_is_there_is_taken() -> None:
    check_is_there(Device.parse("gpu:1"), ("cpu", "gpu:0", "gpu:1"))


@pytest.mark.parametrize(
    ("device", "needed"),
    [
        ("gpu:0", "the package paddlepaddle-gpu in the place of paddlepaddle"),
        ("dcu:0", "the package paddlepaddle-dcu in the place of paddlepaddle"),
        ("xpu:0", "the package paddlepaddle-xpu in the place of paddlepaddle"),
        ("npu:0", "paddle-custom-npu beside paddlepaddle, both of one version"),
        ("mlu:0", "paddle-custom-mlu beside paddlepaddle, both of one version"),
    ],
)
def test_a_kind_that_is_not_there_is_named_with_what_to_install(device: str, needed: str) -> None:
    with pytest.raises(DeviceMissing, match=rf"{device} is not there: Paddle sees cpu; .*{needed}"):
        check_is_there(Device.parse(device), ("cpu",))


def test_a_device_past_the_last_one_is_named_with_those_that_are_there() -> None:
    with pytest.raises(DeviceMissing) as caught:
        check_is_there(Device.parse("gpu:2"), ("cpu", "gpu:0", "gpu:1"))

    assert caught.value.message == "device gpu:2 is not there: Paddle sees cpu, gpu:0, gpu:1"
    assert caught.value.facts == {"device": "gpu:2", "there": "cpu, gpu:0, gpu:1"}


@pytest.mark.parametrize("device", ["gpu:0", "xpu:0", "dcu:0"])
def test_the_processors_build_is_an_obstacle_to_what_has_its_own(
    device: str, installed: Callable[[str], None]
) -> None:
    kind = device.partition(":")[0]
    installed("paddlepaddle")
    assert f"has no {kind}; {device} needs the package" in (obstacle(Device.parse(device)) or "")

    installed(f"paddlepaddle-{kind}")
    assert obstacle(Device.parse(device)) is None


@pytest.mark.parametrize("device", ["cpu", "npu:0", "mlu:1"])
def test_the_processors_build_may_reach_the_others(
    device: str, installed: Callable[[str], None]
) -> None:
    installed("paddlepaddle")

    assert obstacle(Device.parse(device)) is None


def test_without_paddle_what_the_device_needs_is_told(installed: Callable[[str], None]) -> None:
    installed("")

    assert "pip install '.[paddle]'" in (obstacle(CPU) or "")
    told = obstacle(Device.parse("gpu"))
    assert told == (
        "Paddle is not installed; gpu:0 needs the package paddlepaddle-gpu "
        "in the place of paddlepaddle"
    )


def test_the_version_is_that_of_the_build_that_is_installed(
    installed: Callable[[str], None],
) -> None:
    installed("paddlepaddle-gpu")
    assert version() == "3.2.2"

    installed("")
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        version()
