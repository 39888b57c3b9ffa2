from __future__ import annotations

import pytest

from inkstream_server.app.plan import plan_server
from inkstream_server.config import ConfigInvalid, InferenceConfig, ServerConfig
from inkstream_server.engines.faults import DeviceUnknown
from inkstream_server.workers.plan import WorkerCounts


def configured(device: str, model_workers: int | None = None) -> ServerConfig:
    return ServerConfig(
        inference=InferenceConfig(engine="fake", device=device),
        workers=WorkerCounts(model_workers=model_workers),
    )


def test_each_device_gets_a_worker_and_more_take_them_in_turn() -> None:
    assert plan_server(configured("gpu:0,1")).workers.model_workers == 2
    assert plan_server(configured("gpu:0,1", model_workers=4)).workers.model_workers == 4


def test_a_device_that_would_stay_idle_stops_the_start() -> None:
    with pytest.raises(ConfigInvalid, match=r"model_workers is 1; inference\.device names 2"):
        plan_server(configured("gpu:0,1", model_workers=1))


def test_a_device_that_is_not_known_stops_the_start() -> None:
    with pytest.raises(DeviceUnknown, match="device 'gpu:x' is not known"):
        plan_server(configured("gpu:0,x"))
