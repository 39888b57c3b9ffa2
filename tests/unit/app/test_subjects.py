from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.app.models import model

from inkstream_server.app.subjects import item_pixels_of, subjects_of
from inkstream_server.engines.openvino import OpenVinoEngine
from inkstream_server.models.files import Module


@pytest.mark.parametrize(
    ("module", "on_cpu", "on_gpu"),
    [
        (Module.TEXT_DETECTION, 4, 16),
        (Module.TEXT_RECOGNITION, 8, 128),
        (Module.TEXTLINE_ORIENTATION, 32, 128),
        (Module.DOC_ORIENTATION, 8, 64),
        (Module.DOC_UNWARPING, 1, 1),
    ],
)
def test_batches_are_tried_up_to_what_the_device_may_gain_from(
    module: Module, on_cpu: int, on_gpu: int
) -> None:
    for device, largest in (("cpu", on_cpu), ("gpu:0", on_gpu)):
        for subject in subjects_of(model(module, device)):
            assert subject.counts[0] == 1
            assert subject.counts[-1] == largest


def test_no_batch_is_tried_that_workers_are_not_ready_for_when_they_start() -> None:
    lines = model(Module.TEXT_RECOGNITION)
    tried = [
        (count, width)
        for subject in subjects_of(replace(lines, engine=OpenVinoEngine()))
        for count in subject.counts
        for (width,) in [subject.bucket.shape]
    ]

    assert all(count == 1 or count * width <= 8 * 320 for count, width in tried)
    assert {count for count, width in tried if width == 320} == {1, 2, 4, 8}


def test_shapes_are_those_that_the_pages_make() -> None:
    lines = subjects_of(model(Module.TEXT_RECOGNITION))
    pages = subjects_of(model(Module.TEXT_DETECTION))

    assert [subject.bucket.shape for subject in lines] == [(320,), (640,), (1280,), (2400,)]
    assert all(height % 32 == 0 == width % 32 for height, width in (p.bucket.shape for p in pages))
    (upright,) = subjects_of(model(Module.TEXTLINE_ORIENTATION))
    assert upright.bucket.shape == (48, 192)


def test_an_item_is_as_large_as_its_padded_pixels() -> None:
    assert item_pixels_of(Module.TEXT_RECOGNITION)((320,)) == 48 * 320
    assert item_pixels_of(Module.TEXT_DETECTION)((640, 960)) == 640 * 960
