"""How near a saturated server comes to what its models can do: its wall time against bare batches.

    python benchmarks/ceiling.py [--rounds 3] [--seconds 20] [PICTURE ...]

Each round saturates the server for some seconds and notes every batch that its model workers ended
in them (model, shape, count). Then as many processes as it has model workers run the same batches
on bare predictors and nothing else. The promise: that takes them at least `--share` of the time.
The first round is not counted: caches fill.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bare_batches import RanBatch, Replay, batches_in, replaying
from inkstream import AsyncClient
from inkstream_server.cli.options import add_config_options, config_from
from inkstream_server.engines.devices import parse_devices
from inkstream_server.workers.plan import core_count, plan
from promises import Promises
from samples import sample_pictures
from served import WITHOUT_ORIENTATION, RunningServer, running_server, until_idle


def main() -> int:
    arguments = parse_arguments()
    pictures = [path.read_bytes() for path in arguments.pictures] or sample_pictures()
    flags = argparse.ArgumentParser()
    add_config_options(flags)
    serve_flags = [*WITHOUT_ORIENTATION, *arguments.serve_flags]
    config = config_from(flags.parse_args(serve_flags))
    workers = plan(core_count(), config.workers, parse_devices(config.inference.device))
    print(workers)
    with (
        running_server(*serve_flags, "--log-level", "DEBUG") as server,
        replaying(config, workers) as replay,
    ):
        load = Load(server, pictures, arguments.clients, arguments.settle)
        shares = [
            measure(load, replay, arguments.seconds, workers.model_workers)
            for _ in range(arguments.rounds + 1)
        ][1:]
    promises = Promises()
    promises.at_least("share of the ceiling, median", statistics.median(shares), arguments.share)
    return promises.exit_status


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each round")
    parser.add_argument("--settle", type=float, default=3.0, help="seconds of load before them")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--share", type=float, default=0.92, help="what is promised")
    parser.add_argument("--serve-flags", nargs=argparse.REMAINDER, default=[])
    return parser.parse_args()


def measure(load: Load, replay: Replay, seconds: float, worker_count: int) -> float:
    """One round: the share of the server's time that the bare batches take."""
    batches, page_count = asyncio.run(load.batches_of(seconds))
    busy_s = sum(batch.busy_s for batch in batches)
    bare_s = replay.wall_s(batches)
    print(
        f"server {seconds:.1f} s: {page_count / seconds:.2f} pages/s, {len(batches)} batches of "
        f"{statistics.fmean(batch.count for batch in batches):.1f}, model workers busy "
        f"{busy_s / seconds / worker_count:.1%}; bare {bare_s:.1f} s, {bare_s / seconds:.1%}",
        flush=True,
    )
    return bare_s / seconds


@dataclass(slots=True)
class Load:
    """Clients that saturate a server."""

    server: RunningServer
    pictures: Sequence[bytes]
    client_count: int
    settle_s: float

    async def batches_of(self, seconds: float) -> tuple[list[RanBatch], int]:
        """The batches that ended, and how many pages did, in so many seconds of saturation."""
        drawing = random.Random(1)
        pages = itertools.count()

        async def one_client(client: AsyncClient) -> None:
            while True:
                await client.recognize(drawing.choice(self.pictures))
                next(pages)

        async with AsyncClient(self.server.target) as client:
            clients = [asyncio.create_task(one_client(client)) for _ in range(self.client_count)]
            await asyncio.sleep(self.settle_s)
            log_start, pages_start = self.server.log.stat().st_size, next(pages)
            await asyncio.sleep(seconds)
            log_end, pages_end = self.server.log.stat().st_size, next(pages)
            for each in clients:
                each.cancel()
            for each in clients:
                with contextlib.suppress(asyncio.CancelledError):
                    await each
        await until_idle(self.server)
        log = self.server.log.read_bytes()[log_start:log_end].decode()
        return batches_in(log), pages_end - pages_start - 1


if __name__ == "__main__":
    sys.exit(main())
