import pickle

import pytest
from tests.unit.engines.model_files import model_files

from inkstream_server.engines.devices import parse_devices
from inkstream_server.engines.engine import (
    CPU,
    Device,
    DeviceKind,
    Engine,
    check_class_count,
    is_reduced,
    unreadable,
)
from inkstream_server.engines.fake import FakeEngine
from inkstream_server.engines.faults import DeviceUnknown, ModelMismatch
from inkstream_server.engines.onnxruntime import OnnxRuntimeEngine
from inkstream_server.engines.openvino import OpenVinoEngine
from inkstream_server.engines.paddle import PaddleEngine
from inkstream_server.models.files import Module


@pytest.mark.parametrize(
    ("text", "device"),
    [
        ("cpu", CPU),
        (" CPU ", CPU),
        ("gpu", Device(DeviceKind.GPU, 0)),
        ("gpu:3", Device(DeviceKind.GPU, 3)),
        ("npu:12", Device(DeviceKind.NPU, 12)),
    ],
)
def test_a_device_is_read_from_its_name(text: str, device: Device) -> None:
    assert Device.parse(text) == device


@pytest.mark.parametrize("text", ["", "tpu", "cpu:0", "gpu:", "gpu:-1", "gpu:x", "gpu 1"])
def test_a_device_that_is_not_known_stops_the_start(text: str) -> None:
    with pytest.raises(DeviceUnknown, match="known are cpu, gpu"):
        Device.parse(text)


@pytest.mark.parametrize("text", ["cpu", "gpu:1"])
def test_a_device_is_told_as_it_is_read(text: str) -> None:
    assert str(Device.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "devices"),
    [("cpu", ["cpu"]), ("gpu", ["gpu:0"]), ("gpu:0,1", ["gpu:0", "gpu:1"]), ("dcu:3", ["dcu:3"])],
)
def test_several_devices_of_a_kind_may_be_named(text: str, devices: list[str]) -> None:
    assert [str(device) for device in parse_devices(text)] == devices


@pytest.mark.parametrize("text", ["gpu:0,", "gpu:0,x", "gpu:0,gpu:1", "cpu:0,1", "tpu:0,1", "gpu:"])
def test_several_devices_that_are_not_known_stop_the_start(text: str) -> None:
    with pytest.raises(DeviceUnknown, match="known are cpu, gpu"):
        parse_devices(text)


def test_a_device_cannot_be_named_twice() -> None:
    with pytest.raises(DeviceUnknown, match="'gpu:1,01' names one of them twice"):
        parse_devices("gpu:1,01")


def test_only_a_recogniser_is_reduced_over_its_classes() -> None:
    assert [module for module in Module if is_reduced(module)] == [Module.TEXT_RECOGNITION]


def test_a_dictionary_that_is_not_the_models_own_stops_the_start() -> None:
    model = model_files(characters="abc")

    check_class_count(model, 5)
    with pytest.raises(ModelMismatch, match="has 6 classes, its dictionary makes 5"):
        check_class_count(model, 6)


def test_without_a_dictionary_any_count_will_do() -> None:
    check_class_count(model_files(), 6625)


@pytest.mark.parametrize(
    "engine", [OpenVinoEngine(), PaddleEngine(), OnnxRuntimeEngine(), FakeEngine(0.5)]
)
def test_an_engine_can_be_sent_to_the_process_that_loads(engine: Engine) -> None:
    assert pickle.loads(pickle.dumps(engine)) == engine


def test_why_a_runtime_cannot_read_a_model_is_told_in_its_last_words() -> None:
    fault = unreadable("paddle", model_files(), ValueError("somewhere.cc:12\nno such operator\n"))

    assert fault.message == "paddle cannot read /nowhere/inference.pdmodel: no such operator"
    assert unreadable("paddle", model_files(), ValueError()).message.endswith(": ValueError")
