"""How soon the first page of a long document comes, and what memory the document takes.

    python benchmarks/long_document.py [--pages 300] [--file OWN.pdf] [--seconds 600]

The server is warm and has nothing else to do. First the document is begun and left after its first
page, some times over; then it is read to its end (or for `--seconds`) while the memory of all the
server's processes is looked at, what they share counted once. The promises: the first page within
`--first-page` seconds, and never more than `--growth` MiB above what the idle server had.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from inkstream import AsyncClient
from process_tree import MemoryWatch, Sample, look
from promises import Promises
from samples import long_pdf
from served import RunningServer, running_server, until_idle


def main() -> int:
    arguments = parse_arguments()
    content = arguments.file.read_bytes() if arguments.file else long_pdf(arguments.pages)
    with running_server(*arguments.serve_flags) as server:
        return asyncio.run(measure(server, content, arguments))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--file", type=Path, help="a document to read in place of a generated one")
    parser.add_argument("--pages", type=int, default=300, help="of the generated document")
    parser.add_argument("--tries", type=int, default=5, help="how often the first page is timed")
    parser.add_argument("--seconds", type=float, default=3600.0, help="leave the document then")
    parser.add_argument("--every", type=float, default=0.5, help="seconds between two looks")
    parser.add_argument("--first-page", type=float, default=1.5, help="seconds promised")
    parser.add_argument("--growth", type=float, default=300.0, help="MiB promised")
    parser.add_argument("--serve-flags", nargs=argparse.REMAINDER, default=[])
    return parser.parse_args()


async def measure(server: RunningServer, content: bytes, arguments: argparse.Namespace) -> int:
    idle_mib = look(server.process.pid, time.monotonic()).total_mib
    async with AsyncClient(server.target) as client:
        waits_s = []
        for _ in range(arguments.tries):
            waits_s.append(await first_page_s(client, content))
            await until_idle(server)
        async with MemoryWatch(server.process.pid, arguments.every) as watch:
            rate = await read(client, content, arguments.seconds)
            await until_idle(server)
    show_waits(waits_s)
    show_memory(idle_mib, watch.samples)
    print(f"pages a second: {rate:.2f}")
    promises = Promises()
    promises.at_most("first page", max(waits_s), arguments.first_page, " s")
    promises.at_most("memory above idle", watch.peak_mib - idle_mib, arguments.growth, " MiB")
    return promises.exit_status


async def first_page_s(client: AsyncClient, content: bytes) -> float:
    """Seconds until the first page is there; the rest of the document is called off."""
    started_at = time.monotonic()
    async with client.recognize_document(content) as document:
        await anext(aiter(document))
        return time.monotonic() - started_at


async def read(client: AsyncClient, content: bytes, seconds: float) -> float:
    """Read the document, but for no longer than so many seconds; the pages a second."""
    started_at = time.monotonic()
    page_count = 0
    async with client.recognize_document(content) as document:
        async for page in document:
            page.raise_for_error()
            page_count += 1
            if time.monotonic() - started_at > seconds:
                break
    return page_count / (time.monotonic() - started_at)


def show_waits(waits_s: Sequence[float]) -> None:
    shown = ", ".join(f"{1000 * each:.0f}" for each in waits_s)
    print(f"first page after {shown} ms; median {1000 * statistics.median(waits_s):.0f} ms")


def show_memory(idle_mib: float, samples: Sequence[Sample], row_count: int = 10) -> None:
    """The start, the end and some moments between them."""
    print(f"{'second':>8}{'MiB':>9}{'above idle':>12}{'processes':>11}")
    print(f"{'idle':>8}{idle_mib:9.0f}{0:12.0f}")
    peak = max(samples, key=lambda sample: sample.total_mib)
    step = max(1, len(samples) // row_count)
    shown = {sample.at_s: sample for sample in [*samples[::step], peak, samples[-1]]}
    for at_s, sample in sorted(shown.items()):
        print(
            f"{at_s:8.1f}{sample.total_mib:9.0f}{sample.total_mib - idle_mib:12.0f}"
            f"{len(sample.of_process):11d}{'  peak' if sample is peak else ''}"
        )


if __name__ == "__main__":
    sys.exit(main())
