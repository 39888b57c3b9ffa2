"""A server on two devices: each has a worker with every model, and either reads the same."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.pictures import picture, png
from tests.wire.calls import CALL_S, Stubs, reading, well_server

from inkstream.v1 import models_pb2
from served import RunningServer

PAGE = png(picture("one", "two", "three"))


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with well_server("--set=inference.device=gpu:1,3") as running:
        yield running


def test_every_model_is_told_for_each_device(stubs: Stubs) -> None:
    models = stubs.models.ListModels(models_pb2.ListModelsRequest(), timeout=CALL_S).models

    places = sorted((model.module, model.device) for model in models)
    assert places == [
        (module, device)
        for module in ("text_detection", "text_recognition", "textline_orientation")
        for device in ("gpu:1", "gpu:3")
    ]


def test_the_workers_take_the_devices_in_turn(server: RunningServer, stubs: Stubs) -> None:
    with ThreadPoolExecutor(8) as callers:
        pages = list(callers.map(lambda _: stubs.read(PAGE), range(16)))

    assert len({reading(page) for page in pages}) == 1
    assert "2 model workers x 1 threads on gpu:1, gpu:3" in server.log_text()
