"""Inkstream beside PaddleX's own serving and RapidOCR, on the same pictures, in turns.

    python benchmarks/peers/compare.py [--rounds 5] [--pictures FILE ...]

Every variant is started once, reads every picture once (which fills caches and gives the texts that
errors are counted in) and then has one round after the other, A B C A B C, never two at a time.
README.md beside this file has the rest.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the other benchmarks

from inkstream_server.models.store import default_models_dir
from inkstream_server.workers.plan import core_count
from peers.cpu_time import cpu_time_s
from peers.environments import DEFAULT_FOLDER, PADDLEX, RAPIDOCR, environment
from peers.inkstream_variant import serving_inkstream
from peers.paddlex_variant import serving_paddlex
from peers.rapidocr_variant import SAME_DETECTION, running_rapidocr
from peers.results import Accuracy, Column, Round, table, tree
from peers.variant import CONCURRENCY, Variant
from peers.workloads import Workload, dense, given, small

FP32: Final = ("--engine", "paddle", "--precision", "fp32")


def main() -> None:
    arguments = parse_arguments()
    chosen = variants(arguments.environments, default_models_dir(os.environ))
    print(f"{core_count()} cores, {CONCURRENCY} callers, {arguments.rounds} rounds", flush=True)
    with ExitStack() as stack:
        running = [stack.enter_context(chosen[name]()) for name in arguments.variants]
        for variant in running:
            print(f"  {variant.name}: {variant.about}", flush=True)
        results = {
            workload.name: measure(workload, running, arguments.rounds)
            for workload in workloads(arguments)
        }
    for name, columns in results.items():
        print(f"\n{table(name, columns)}")
    if arguments.json:
        trees = {name: tree(columns) for name, columns in results.items()}
        arguments.json.write_text(json.dumps(trees, indent=2) + "\n", encoding="utf-8")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = tuple(variants(Path(), Path()))
    parser.add_argument("--variants", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dense-pages", type=int, default=16, help="of a round; 0: leave it out")
    parser.add_argument("--small-pages", type=int, default=64, help="of a round; 0: leave it out")
    parser.add_argument("--pictures", nargs="+", type=Path, help="read these instead")
    parser.add_argument("--pages", type=int, default=0, help="of a round of --pictures, at least")
    parser.add_argument("--environments", type=Path, default=DEFAULT_FOLDER, metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


def variants(
    environments: Path, models_dir: Path
) -> Mapping[str, Callable[[], AbstractContextManager[Variant]]]:
    """How each is started. Environments are made when they are first needed."""

    def rapidocr(name: str, settings: Mapping[str, object]) -> AbstractContextManager[Variant]:
        return running_rapidocr(name, environment(environments, RAPIDOCR), models_dir, settings)

    return {
        "inkstream": lambda: serving_inkstream("inkstream"),
        "inkstream-paddle-fp32": lambda: serving_inkstream("inkstream-paddle-fp32", *FP32),
        "paddlex": lambda: serving_paddlex(environment(environments, PADDLEX), models_dir),
        "rapidocr": lambda: rapidocr("rapidocr", {}),
        "rapidocr-960": lambda: rapidocr("rapidocr-960", SAME_DETECTION),
    }


def workloads(arguments: argparse.Namespace) -> list[Workload]:
    if arguments.pictures:
        return [given(arguments.pictures, arguments.pages)]
    asked = ((dense, arguments.dense_pages), (small, arguments.small_pages))
    return [make(page_count) for make, page_count in asked if page_count]


def measure(workload: Workload, running: Sequence[Variant], round_count: int) -> list[Column]:
    print(f"\n{workload.name}: {workload.page_count} pages a round", flush=True)
    distinct = [picture.content for picture in workload.pictures]
    accuracies = [
        Accuracy.of(workload.pictures, variant.read(distinct).pages) for variant in running
    ]
    rounds: list[list[Round]] = [[] for _ in running]
    for number in range(1, round_count + 1):
        for variant, done in zip(running, rounds, strict=True):
            done.append(run_round(workload, variant, running))
            print(
                f"  round {number}: {variant.name} {done[-1].pages_per_s:.3f} pages/s", flush=True
            )
    return [
        Column(variant.name, variant.about, accuracy, tuple(done))
        for variant, accuracy, done in zip(running, accuracies, rounds, strict=True)
    ]


def run_round(workload: Workload, variant: Variant, running: Sequence[Variant]) -> Round:
    contents = [workload.pictures[number].content for number in workload.round]
    before = [cpu_time_s(each.pid) for each in running]
    reading = variant.read(contents)
    used_s = [cpu_time_s(each.pid) - was for each, was in zip(running, before, strict=True)]
    idle_s = [s for s, each in zip(used_s, running, strict=True) if each is not variant]
    return Round(
        pages_per_s=len(contents) / reading.wall_s,
        cpu_s_per_page=used_s[running.index(variant)] / len(contents),
        idle_cpu_share=max(idle_s, default=0.0) / reading.wall_s,
    )


if __name__ == "__main__":
    main()
