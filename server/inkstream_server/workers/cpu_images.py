"""Makes the images of a page that a request asks for, out of the page as it was read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inkstream_server.stages import doc_orientation
from inkstream_server.stages.result_image import draw, jpeg, shown, shown_ratio, side_by_side
from inkstream_server.workers.cpu_tasks import PageImages, ShowPage
from inkstream_server.workers.memory import SharedMemory


def show(memory: SharedMemory, task: ShowPage) -> PageImages:
    """Make what the task asks for. Turning is undone on the image, which is small."""
    read = shown(memory.view(task.page))
    result = b""
    if task.captions is not None:
        height, width, _ = task.page.shape
        result = jpeg(draw(read, task.captions, shown_ratio(height, width)))
    if not task.wants_source:
        return PageImages(result)
    upright = read if task.upright is None else shown(memory.view(task.upright))
    decoded = doc_orientation.turn(upright, -(task.angle or 0))
    return PageImages(result, jpeg(decoded), _steps(task, decoded, upright, read))


def _steps(
    task: ShowPage, decoded: NDArray[np.uint8], upright: NDArray[np.uint8], read: NDArray[np.uint8]
) -> bytes:
    turned = [] if task.angle is None else [upright]
    unwarped = [] if task.upright is None else [read]
    if not (turned or unwarped):
        return b""
    return jpeg(side_by_side([decoded, *turned, *unwarped]))
