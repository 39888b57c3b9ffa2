"""What a waiting person notices of a saturating stream of long documents.

    python benchmarks/interactive_latency.py [--rounds 3] [--calls 40] [PICTURE ...]

Pictures are read one at a time, one begun every `--every` seconds whether or not the last one is
back, so that they do not saturate the server themselves. Phases without any other work and phases
beside long documents of low priority, each begun anew as it ends, take turns in one run and read
the same pictures. The promise: the 95th percentile beside the documents is at most `--ratio` times
the one without.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from inkstream import AsyncClient, InkstreamError
from promises import Promises, percentile
from samples import long_pdf, sample_pictures
from served import RunningServer, running_server, until_idle

_SETTLE_LIMIT_S: Final = 120.0
_REFUSED_WAIT_S: Final = 0.5


def main() -> int:
    arguments = parse_arguments()
    pictures = [path.read_bytes() for path in arguments.pictures] or sample_pictures()
    with running_server(*arguments.serve_flags) as server:
        return asyncio.run(compare(server, pictures, arguments))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=40, help="pictures in each phase")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two of them")
    parser.add_argument("--documents", type=int, default=4, help="how many at once")
    parser.add_argument("--pages", type=int, default=300, help="of each document")
    parser.add_argument("--ratio", type=float, default=3.0, help="what is promised")
    parser.add_argument("--serve-flags", nargs=argparse.REMAINDER, default=[])
    return parser.parse_args()


async def compare(
    server: RunningServer, pictures: Sequence[bytes], arguments: argparse.Namespace
) -> int:
    load = Load(server, long_pdf(arguments.pages), arguments.documents)
    idle: list[float] = []
    loaded: list[float] = []
    async with AsyncClient(server.target) as client:
        for picture in pictures:  # the first time, each shape costs more
            await client.recognize(picture)
        print(f"{'phase':<10}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}{'documents, pages/s':>20}")
        for _ in range(arguments.rounds):
            idle += await phase("idle", client, pictures, arguments)
            async with load.running():
                loaded += await phase("loaded", client, pictures, arguments, load)
    show("all idle", idle)
    show("all loaded", loaded)
    promises = Promises()
    promises.none("documents that failed", load.failures)
    promises.at_most(
        "p95 loaded / idle", percentile(loaded, 0.95) / percentile(idle, 0.95), arguments.ratio
    )
    return promises.exit_status


async def phase(
    name: str,
    client: AsyncClient,
    pictures: Sequence[bytes],
    arguments: argparse.Namespace,
    load: Load | None = None,
) -> list[float]:
    """The seconds that each picture took, from when it was due; no end where it failed."""
    started_at, pages_before = time.monotonic(), load.page_count if load else 0

    async def read(number: int) -> float:
        due_at: float = started_at + number * arguments.every
        await asyncio.sleep(due_at - time.monotonic())
        try:
            await client.recognize(pictures[number % len(pictures)], priority="interactive")
        except InkstreamError as error:
            print(f"picture {number}: {error}")
            return math.inf
        return time.monotonic() - due_at

    taken_s = await asyncio.gather(*(read(number) for number in range(arguments.calls)))
    pages = load.page_count - pages_before if load else 0
    show(name, taken_s, pages / (time.monotonic() - started_at))
    return taken_s


def show(name: str, taken_s: Sequence[float], pages_per_s: float | None = None) -> None:
    figures = (percentile(taken_s, 0.5), percentile(taken_s, 0.95), max(taken_s))
    columns = "".join(f"{1000 * each:9.0f}" for each in figures)
    rate = "" if pages_per_s is None else f"{pages_per_s:20.2f}"
    print(f"{name:<10}{columns}{rate}", flush=True)


class Load:
    """Long documents of low priority, so many at once, each begun anew as it ends."""

    def __init__(self, server: RunningServer, content: bytes, document_count: int) -> None:
        self._server = server
        self._content = content
        self._document_count = document_count
        self._page_came = asyncio.Condition()
        self.page_count = 0
        self.failures: list[str] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Saturated throughout the block; afterwards, nothing is left of it."""
        settled_count = self.page_count + 2 * self._document_count
        async with AsyncClient(self._server.target) as client:
            readers = [
                asyncio.create_task(self._read_for_ever(client))
                for _ in range(self._document_count)
            ]
            async with asyncio.timeout(_SETTLE_LIMIT_S), self._page_came:
                await self._page_came.wait_for(lambda: self.page_count >= settled_count)
            yield
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
        await until_idle(self._server)

    async def _read_for_ever(self, client: AsyncClient) -> None:
        while True:
            try:
                async with client.recognize_document(self._content, priority="batch") as document:
                    async for page in document:
                        page.raise_for_error()
                        self.page_count += 1
                        async with self._page_came:
                            self._page_came.notify_all()
            except InkstreamError as error:
                self.failures.append(str(error))
                await asyncio.sleep(_REFUSED_WAIT_S)


if __name__ == "__main__":
    sys.exit(main())
