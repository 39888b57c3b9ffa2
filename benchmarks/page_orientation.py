"""What finding out which side of a page is up costs, in processor time a page.

    python benchmarks/page_orientation.py

Finding the tiles of a page that have most text, and the classifier itself, of the engines that are
installed, one page at a time on one thread. Turning a page that lies is the last line.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inkstream_server.engines.engine import Device, EngineSettings
from inkstream_server.engines.openvino import OpenVinoEngine
from inkstream_server.engines.paddle import PaddleEngine
from inkstream_server.models.directory import read_model_directory
from inkstream_server.models.embedded import DOC_ORIENTATION, EMBEDDED
from inkstream_server.stages import doc_orientation

SIZES: Final = ((1684, 1190), (3508, 2480))
"""Height and width of an A4 page at 144 and at 300 dpi."""

WARM_UPS: Final = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    cv2.setNumThreads(1)
    files = read_model_directory(EMBEDDED / DOC_ORIENTATION)
    recipe = files.recipe.doc_orientation
    pages = [written_page(*size) for size in SIZES]
    for page in pages:
        shape = f"{page.shape[1]} x {page.shape[0]}"
        show(f"fit a page of {shape}", partial(doc_orientation.fit, page, recipe.view), rounds)
    tensor = doc_orientation.prepare([doc_orientation.fit(pages[0], recipe.view)], recipe)
    for engine in (OpenVinoEngine(), PaddleEngine()):
        if engine.obstacle(files, Device.parse("cpu")) is not None:
            continue
        predictor = engine.load(files, EngineSettings())
        show(f"{DOC_ORIENTATION} by {engine.name}", partial(predictor.run, tensor), rounds)
        predictor.close()
    lying = pages[0]
    turn = "turn a page of {1} x {0}".format(*lying.shape)
    show(turn, lambda: np.ascontiguousarray(doc_orientation.turn(lying, 90)), rounds)


def written_page(height_px: int, width_px: int) -> NDArray[np.uint8]:
    """BGR; 60 lines, whatever the size."""
    page = np.full((height_px, width_px, 3), 255, np.uint8)
    step_px = height_px // 61
    for line in range(1, 61):
        at = step_px, line * step_px
        cv2.putText(page, "what is read " * 6, at, cv2.FONT_HERSHEY_SIMPLEX, step_px / 45, 0, 2)
    return page


def show(what: str, work: Callable[[], object], rounds: int) -> None:
    for _ in range(WARM_UPS):
        work()
    spent_ms = []
    for _ in range(rounds):
        started_s = time.process_time()
        work()
        spent_ms.append(1000 * (time.process_time() - started_s))
    print(f"{what:48} {statistics.median(spent_ms):7.2f} ms")


if __name__ == "__main__":
    main()
