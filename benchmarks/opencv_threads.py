"""What OpenCV's own threads gain around the models: milliseconds with one thread and with more.

    python benchmarks/opencv_threads.py --threads 1 2

A page of 3508 x 2480 with 100 lines: fitted, normalised, its regions found, its lines cut; and 100
long tilted lines, which are warped where upright ones are copied.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import cv2
import numpy as np

from inkstream_server.stages import crop, detection, recognition
from inkstream_server.stages.regions import find_regions


def steps() -> dict[str, Callable[[], object]]:
    """The work, step by step, on a page of random ink."""
    random = np.random.default_rng(1)
    page = random.integers(0, 256, (3508, 2480, 3), np.uint8)
    params = detection.DetectionParams()
    size = detection.input_size(3508, 2480, params.limit_side_len, params.limit_type)
    fitted = detection.fit(page, size)
    probabilities = np.zeros(size, np.float32)
    for row in range(50):
        for left in (20, 360):
            probabilities[10 + row * 18 : 20 + row * 18, left : left + 280] = 0.9
    regions = find_regions(probabilities, 3508, 2480, params)
    jpeg = cv2.imencode(".jpg", page)[1]
    tilted = [
        [(100, top), (2300, top + 60), (2298, top + 110), (98, top + 50)]
        for top in range(20, 3320, 33)
    ]
    crops = [cut for region in regions if (cut := crop.cut(page, region.polygon)) is not None]
    lines = [recognition.fit(cut)[:, :320] for cut in crops]
    return {
        "decode a JPEG": lambda: cv2.imdecode(jpeg, cv2.IMREAD_COLOR),
        "fit the page": lambda: detection.fit(page, size),
        "normalise the page": lambda: detection.prepare([fitted]),
        "find 100 regions": lambda: find_regions(probabilities, 3508, 2480, params),
        "cut 100 lines": lambda: [crop.cut(page, region.polygon) for region in regions],
        "cut 100 tilted lines": lambda: [crop.cut(page, polygon) for polygon in tilted],
        "fit 100 lines": lambda: [recognition.fit(cut) for cut in crops],
        "normalise 100 lines": lambda: recognition.prepare(lines, 320),
    }


def main() -> None:
    """Measure every step with every number of threads, in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    for name, work in steps().items():
        times: dict[int, list[float]] = {threads: [] for threads in options.threads}
        for _ in range(options.rounds):
            for threads in options.threads:
                cv2.setNumThreads(threads)
                started = time.perf_counter()
                work()
                times[threads].append((time.perf_counter() - started) * 1e3)
        figures = (f"{n}: {min(t):7.2f} ({statistics.median(t):7.2f})" for n, t in times.items())
        print(f"{name:22} threads, best (median) ms  {'   '.join(figures)}")


if __name__ == "__main__":
    main()
