"""What killed workers cost: no request lost, none answered wrongly, and how much throughput.

    python benchmarks/killing_workers.py [--seconds 120] [--every 2]

Clients read pictures and documents, one after the other, first undisturbed and then while a worker
process drawn at random, of models or of the CPU pool, is killed every `--every` seconds. Nothing is
tried again by the clients. The promise: every request ends in what it reads as alone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from inkstream import AsyncClient
from process_tree import worker_pids
from promises import Promises
from reading import Expectations, draws, keep_busy, mixed_works
from served import RunningServer, running_server


def main() -> int:
    return asyncio.run(measure(parse_arguments()))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=120.0, help="of killing")
    parser.add_argument("--undisturbed", type=float, default=30.0, help="seconds without, before")
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two kills")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--limit", type=float, default=180.0, help="seconds; past it, it is lost")
    parser.add_argument(
        "--also-starting", action="store_true", help="kill workers that are not ready yet as well"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serve-flags", nargs=argparse.REMAINDER, default=[])
    return parser.parse_args()


async def measure(arguments: argparse.Namespace) -> int:
    drawing = random.Random(arguments.seed)
    with running_server(*arguments.serve_flags) as server:
        async with AsyncClient(server.target, attempt_count=1, timeout_s=arguments.limit) as client:
            expectations = await Expectations.read_alone(client, mixed_works())
            scenes = Scenes(client, expectations, arguments.clients, drawing)
            killer = Killer(server, arguments.every, drawing, arguments.also_starting)
            calm_rate = await scenes.play("undisturbed", arguments.undisturbed, asyncio.sleep)
            killing_rate = await scenes.play("workers killed", arguments.seconds, killer.kill)
            killer.show()
    print(f"throughput with kills: {killing_rate / calm_rate:.0%} of the undisturbed")
    promises = Promises()
    promises.none("requests lost", expectations.failed)
    promises.none("answered wrongly", expectations.wrong)
    return promises.exit_status


@dataclass(slots=True)
class Scenes:
    """The same clients reading, under one condition after the other."""

    client: AsyncClient
    expectations: Expectations
    client_count: int
    drawing: random.Random

    async def play(
        self, name: str, seconds: float, meanwhile: Callable[[float], Awaitable[object]]
    ) -> float:
        """Read while something else goes on for so many seconds; the pages a second of that time.

        What is being read then is read to its end before the next scene, and is judged as well.
        """
        seen = self.expectations
        pages_before, requests_before = seen.page_count, seen.request_count
        reading = asyncio.create_task(
            keep_busy(
                self.client_count,
                draws(list(seen.alone), self.drawing),
                lambda work: seen.read(self.client, work),
                seconds,
            )
        )
        await meanwhile(seconds)
        rate = (seen.page_count - pages_before) / seconds
        taken_s = await reading
        print(
            f"{name:<16}{seen.request_count - requests_before:5d} requests, "
            f"{rate:.2f} pages/s in {seconds:.0f} s; all done after {taken_s:.0f} s",
            flush=True,
        )
        return rate


@dataclass(slots=True)
class Killer:
    """Ends a worker process, drawn at random, again and again."""

    server: RunningServer
    every_s: float
    drawing: random.Random
    also_starting: bool
    killed: list[int] = field(default_factory=list)

    async def kill(self, seconds: float) -> None:
        """Go on for so many seconds."""
        for _ in range(round(seconds / self.every_s)):
            await asyncio.sleep(self.every_s)
            pids = worker_pids(self.server.process.pid)
            if not self.also_starting:
                pids = sorted(set(pids) & self.server.worker_names().keys())
            if pids:
                victim = self.drawing.choice(pids)
                os.kill(victim, signal.SIGKILL)
                self.killed.append(victim)

    def show(self) -> None:
        """Of which pool; a worker that was not ready yet has no name in the log."""
        names = self.server.worker_names()
        kinds = [names[pid].split()[0] if pid in names else "starting" for pid in self.killed]
        counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
        restart_count = self.server.log_text().count(" is back (pid ")
        print(f"kills: {len(self.killed)} ({counts}); back again: {restart_count}")


if __name__ == "__main__":
    sys.exit(main())
