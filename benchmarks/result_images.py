"""What a result image takes: processor time, the JPEG's size, and the memory that fonts keep.

    python benchmarks/result_images.py --lines 50 200

A page of A4 at 200 dpi with that many lines, in Chinese and English; the first image of a process,
which loads fonts, and later ones.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import cv2
import numpy as np

from inkstream_server.stages.captions import Caption
from inkstream_server.stages.result_image import draw, jpeg, shown, shown_ratio

TEXTS = (
    "The quick brown fox jumps over the lazy dog, 1,234.56 times and more",
    "这是一行用来测试的中文文字、共有二十多个汉字和标点符号。",
    "混排 mixed line 第12345号 of both scripts",
)
PAGE_PX = (2339, 1654)


def captions(line_count: int) -> list[Caption]:
    """Lines in two columns, each a little tilted, as a scan has them."""
    height, width = PAGE_PX
    row_count = (line_count + 1) // 2
    row_px = (height - 100) // row_count
    line_px = min(48, int(row_px * 0.9))
    placed = []
    for at in range(line_count):
        left = 40 + at % 2 * (width // 2)
        top, right = 40 + at // 2 * row_px, left + width // 2 - 80
        corners = ((left, top), (right, top + 2), (right, top + line_px + 2), (left, top + line_px))
        placed.append(Caption(TEXTS[at % len(TEXTS)], corners))
    return placed


def private_kib() -> int:
    """What the process has for itself, without what it shares."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="utf-8").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


def main() -> None:
    """Draw every page some times over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, nargs="+", default=[50, 200])
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    page = np.random.default_rng(1).integers(200, 256, (*PAGE_PX, 3), np.uint8)
    before_kib = private_kib()
    for line_count in options.lines:
        placed = captions(line_count)
        times_ms = []
        for _ in range(options.rounds):
            started = time.process_time()
            image = jpeg(draw(shown(page), placed, shown_ratio(*PAGE_PX)))
            times_ms.append((time.process_time() - started) * 1e3)
        first, *later = times_ms
        print(
            f"{line_count:4} lines: first {first:6.1f} ms, later {statistics.median(later):6.1f} ms"
            f" of one core; JPEG {len(image) / 1e6:.2f} MB"
        )
    print(f"private memory grew by {(private_kib() - before_kib) / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
