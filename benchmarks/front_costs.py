"""What the front process costs: seconds of a core for a call, a page and a line.

    python benchmarks/front_costs.py [--seconds 8]

The server runs with the fake engine, so that the front is what computes most, and reads pages that
hold more or fewer lines, alone and many to a document. From the processor's time of the front
process, all its threads included, the three costs follow. It prints them as a scenario has them.
"""

from __future__ import annotations

import argparse
from typing import Final

import cv2
import numpy as np
import pymupdf

from inkstream_server.simulation.front import FrontCosts
from observing import Callers, Done, load, observe, read_document, read_picture
from served import RunningServer, running_server

CALLERS: Final = 8
WARM_UP_S: Final = 2.0
PAGE_PX: Final = 640
LINE_PX: Final = 8
MANY_LINES: Final = 38
DOCUMENT_PAGES: Final = 20


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=8.0)
    costs = measured(parser.parse_args().seconds)
    print(f"front: {costs.model_dump()}")


def measured(seconds: float) -> FrontCosts:
    """Load a server of one's own for about four times as long."""
    with running_server("--engine", "fake") as server:
        return _measured(server, seconds)


def _measured(server: RunningServer, seconds: float) -> FrontCosts:
    few = Callers(CALLERS, [picture(1)], read_picture)
    many = Callers(CALLERS, [picture(MANY_LINES)], read_picture)
    long = Callers(CALLERS, [document(1, DOCUMENT_PAGES)], read_document)
    found = []
    for callers in (few, many, long):
        load(server, callers, seconds=WARM_UP_S)
        found.append(_front_s(server, callers, seconds))
    (few_s, few_done), (many_s, many_done), (long_s, long_done) = found
    lines = many_done.lines / many_done.calls - few_done.lines / few_done.calls
    assert lines > MANY_LINES / 2, "the pages hold other lines than was thought"
    line_s = (many_s - few_s) / lines
    pages = long_done.pages / long_done.calls
    # One call with many pages differs from one with one page by pages, each with a line.
    page_s = (long_s - few_s) / (pages - 1) - line_s
    document_s = few_s - page_s - line_s
    return FrontCosts(
        document_s=max(0.0, document_s), page_s=max(0.0, page_s), line_s=max(0.0, line_s)
    )


def _front_s(server: RunningServer, callers: Callers, seconds: float) -> tuple[float, Done]:
    """Seconds for each call, and the calls."""
    seen = observe(server, lambda: load(server, callers, seconds=seconds))
    print(
        f"{seen.done.pages_per_s:.1f} pages/s, {seen.done.lines / seconds:.0f} lines/s: "
        f"front busy {seen.spent.front_s / seen.spent.elapsed_s:.0%} of a core"
    )
    return seen.spent.front_s / seen.done.calls, seen.done


def picture(line_count: int) -> bytes:
    """A page of black bars, which the fake engine takes for lines."""
    pixels = np.full((PAGE_PX, PAGE_PX, 3), 255, np.uint8)
    for top in _tops(line_count):
        pixels[top : top + LINE_PX, 40:240] = 0
    return cv2.imencode(".png", pixels)[1].tobytes()


def document(line_count: int, page_count: int) -> bytes:
    """The same as a PDF."""
    with pymupdf.open() as made:
        for _ in range(page_count):
            page = made.new_page(width=PAGE_PX / 2, height=PAGE_PX / 2)
            for top in _tops(line_count):
                bar = pymupdf.Rect(20, top / 2, 120, (top + LINE_PX) / 2)
                page.draw_rect(bar, color=(0, 0, 0), fill=(0, 0, 0))
        content: bytes = made.tobytes()
    return content


def _tops(line_count: int) -> range:
    return range(8, 8 + 2 * LINE_PX * line_count, 2 * LINE_PX)


if __name__ == "__main__":
    main()
