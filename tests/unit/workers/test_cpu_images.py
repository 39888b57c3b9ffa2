from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.pictures import picture
from tests.unit.workers.room import Room

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.stages import doc_orientation
from inkstream_server.stages.captions import Caption
from inkstream_server.workers.cpu_role import CpuRole
from inkstream_server.workers.cpu_tasks import NO_IMAGES, PageImages, ShowPage

PAGE = picture("Hello", height_px=90, width_px=200)
CAPTION = Caption("Hello", ((10, 20), (110, 20), (110, 80), (10, 80)))


def show(
    room: Room,
    *,
    page: NDArray[np.uint8] = PAGE,
    upright: NDArray[np.uint8] | None = None,
    angle: int | None = None,
    captions: tuple[Caption, ...] | None = None,
    wants_source: bool = False,
) -> PageImages:
    role = CpuRole(room.memory, DocumentLimits())
    before = None if upright is None else room.put_array(upright)
    task = ShowPage(room.put_array(page), before, angle, captions, wants_source)
    (images,) = role.run("show", [task])
    assert isinstance(images, PageImages)
    return images


def decoded(content: bytes) -> NDArray[np.uint8]:
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def are_alike(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    return one.shape == other.shape and float(np.abs(one.astype(int) - other).mean()) < 3


def test_what_nobody_asked_for_is_not_made(room: Room) -> None:
    assert show(room) == NO_IMAGES


def test_the_result_image_has_the_page_and_its_texts(room: Room) -> None:
    images = show(room, captions=(CAPTION,))

    result = decoded(images.result)
    assert result.shape == (90, 400, 3)
    assert are_alike(result[:15, :200], PAGE[:15])
    assert result[25:75, 215:305].min() < 60
    assert (images.source, images.steps) == (b"", b"")


def test_a_page_without_text_has_a_result_image_too(room: Room) -> None:
    assert decoded(show(room, captions=()).result)[:, 200:].min() > 250


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_the_source_is_the_page_before_it_was_turned(room: Room, angle: int) -> None:
    turned = np.ascontiguousarray(doc_orientation.turn(PAGE, angle))

    images = show(room, page=turned, angle=angle, wants_source=True)

    assert are_alike(decoded(images.source), PAGE)
    steps = decoded(images.steps)
    assert are_alike(steps[:90, :200], PAGE)
    assert are_alike(steps[: turned.shape[0], 200:], turned)


def test_a_page_that_was_not_looked_at_has_no_steps(room: Room) -> None:
    images = show(room, wants_source=True)

    assert are_alike(decoded(images.source), PAGE)
    assert images.steps == images.result == b""


def test_a_page_that_was_unwarped_is_shown_before_and_after(room: Room) -> None:
    flat = picture("flat", height_px=90, width_px=200)

    images = show(room, page=flat, upright=PAGE, wants_source=True)

    assert are_alike(decoded(images.source), PAGE)
    steps = decoded(images.steps)
    assert steps.shape == (90, 400, 3)
    assert are_alike(steps[:, :200], PAGE)
    assert are_alike(steps[:, 200:], flat)


def test_all_steps_of_a_page_stand_side_by_side(room: Room) -> None:
    turned = np.ascontiguousarray(doc_orientation.turn(PAGE, 90))

    images = show(room, page=turned[:, ::-1].copy(), upright=turned, angle=90, wants_source=True)

    assert are_alike(decoded(images.source), PAGE)
    steps = decoded(images.steps)
    assert steps.shape == (200, 200 + 90 + 90, 3)
    assert are_alike(steps[:, 200:290], turned)
    assert are_alike(steps[:, 290:], turned[:, ::-1])


def test_a_large_page_makes_images_of_bounded_size(room: Room) -> None:
    page = np.full((3000, 3000, 3), 255, np.uint8)
    corners = ((1500, 1500), (2700, 1500), (2700, 1800), (1500, 1800))

    images = show(room, page=page, captions=(Caption("Hello", corners),), wants_source=True)

    result = decoded(images.result)
    assert result.shape == (2000, 4000, 3)
    assert decoded(images.source).shape == (2000, 2000, 3)
    assert result[1000:1200, 3000:3800].min() < 60
