"""Whether a server that is used in every way for long keeps its memory, and its word.

    python benchmarks/soak.py [--minutes 30] [--csv build/soak.csv]

Clients read pictures and documents, send broken files, leave in the middle, and set deadlines that
cannot be kept. Every few seconds the memory of each of the server's processes is noted. The
promises: the mean resident memory of each over the last third of the time is within `--drift` of
its mean over the third before; every answer is right; nothing fails but what has to.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import itertools
import random
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from callers import Callers
from inkstream import AsyncClient
from process_tree import MIB, MemoryWatch, Sample
from promises import Promises
from reading import Expectations, mixed_works
from served import RunningServer, running_server

_FRONT: Final = "front"


def main() -> int:
    return asyncio.run(measure(parse_arguments()))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two looks")
    parser.add_argument("--drift", type=float, default=0.03, help="share promised")
    parser.add_argument(
        "--csv", type=Path, default=Path("build/soak.csv"), help="where the samples go"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serve-flags", nargs=argparse.REMAINDER, default=[])
    return parser.parse_args()


async def measure(arguments: argparse.Namespace) -> int:
    drawing = random.Random(arguments.seed)
    with running_server(*arguments.serve_flags) as server:
        async with AsyncClient(server.target) as client:
            expectations = await Expectations.read_alone(client, mixed_works())
            callers = Callers(client, expectations, drawing)
            await callers.learn_whether_lines_are_served()
            async with MemoryWatch(server.process.pid, arguments.every) as watch:
                await callers.call_for(60 * arguments.minutes, arguments.clients)
        write_csv(arguments.csv, watch.samples, names_of(server))
        promises = Promises()
        check_drift(promises, by_name(watch.samples, names_of(server)), arguments.drift)
        print(", ".join(f"{name} {count}" for name, count in sorted(callers.counts.items())))
    promises.none("calls that failed", expectations.failed + callers.failed)
    promises.none("wrong answers", expectations.wrong)
    return promises.exit_status


def names_of(server: RunningServer) -> dict[int, str]:
    return {server.process.pid: _FRONT, **server.worker_names()}


def by_name(
    samples: Sequence[Sample], names: Mapping[int, str]
) -> dict[str, list[tuple[int, float]]]:
    """For each place in the server the process in it and its resident MiB, sample by sample."""
    series: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for sample in samples:
        for pid, memory in sample.of_process.items():
            if pid in names:
                series[names[pid]].append((pid, memory.rss_bytes / MIB))
    return series


def check_drift(
    promises: Promises, series: Mapping[str, Sequence[tuple[int, float]]], promised: float
) -> None:
    print("mean RSS of each third, and peak, in MiB")
    print(f"{'process':<18}{'first':>8}{'middle':>8}{'last':>8}{'peak':>8}{'restarts':>10}")
    drifts = {}
    for name, seen in sorted(series.items()):
        thirds = [statistics.fmean(rss for _, rss in part) for part in in_thirds(seen)]
        restart_count = len({pid for pid, _ in seen}) - 1
        columns = "".join(f"{each:8.0f}" for each in (*thirds, max(rss for _, rss in seen)))
        print(f"{name:<18}{columns}{restart_count:>10}")
        drifts[name] = abs(thirds[2] / thirds[1] - 1)
    for name, drift in drifts.items():
        promises.at_most(f"drift of the {name}", 100 * drift, 100 * promised, " %")


def in_thirds(seen: Sequence[tuple[int, float]]) -> Iterator[Sequence[tuple[int, float]]]:
    edges = [round(len(seen) * part / 3) for part in range(4)]
    return (seen[start:end] for start, end in itertools.pairwise(edges))


def write_csv(path: Path, samples: Sequence[Sample], names: Mapping[int, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("second", "process", "pid", "rss_bytes", "pss_bytes"))
        for sample in samples:
            for pid, memory in sample.of_process.items():
                row = (names.get(pid, "starting"), pid, memory.rss_bytes, memory.pss_bytes)
                table.writerow((f"{sample.at_s:.1f}", *row))


if __name__ == "__main__":
    sys.exit(main())
