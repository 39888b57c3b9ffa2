"""How to split the cores: some processes of some threads each, all running at the same time.

    python benchmarks/processes.py --plans 1x1 1x2 2x1

A plan's figure is runs of the model per second, all its processes together. Plans take turns.
"""

from __future__ import annotations

import itertools
import statistics
import time
from pathlib import Path

from measuring import (
    FOLDERS,
    Running,
    Variant,
    arguments,
    openvino_settings,
    paddle_settings,
)


def variant_of(
    models: Path, engine: str, pinning: bool, threads: int, work: tuple[str, str]
) -> Variant:
    """Describe one process: `engine` is paddle, openvino f32 or openvino bf16."""
    runtime, _, precision = engine.partition(" ")
    settings = (
        paddle_settings(threads)
        if runtime == "paddle"
        else openvino_settings(threads, precision, ENABLE_CPU_PINNING=pinning)
    )
    return Variant(engine, runtime, str(models / FOLDERS[work[0]]), work[1], settings)


def round_s(running: list[Running]) -> float:
    """Let all processes run one round at once; tell how long until the last is done."""
    started = time.perf_counter()
    for one in running:
        one.start_round()
    for one in running:
        one.require(one.end_round())
    return time.perf_counter() - started


def measure(title: str, running: dict[str, list[Running]], runs: int, rounds: int) -> None:
    """Let the plans take turns, and print what each gets done. The first round warms up."""
    everyone = [one for processes in running.values() for one in processes]
    for one in everyone:
        one.require(one.wait_until_ready())
    times: dict[str, list[float]] = {plan: [] for plan in running}
    for turn in range(rounds + 1):
        for plan, processes in running.items():
            seconds = round_s(processes)
            if turn:
                times[plan].append(seconds / runs / len(processes))
    for one in everyone:
        one.close()
    print(f"\n{title}: runs per second (best, median), processes x threads")
    for plan, each in times.items():
        print(f"{plan:8}{1 / min(each):9.1f}{1 / statistics.median(each):9.1f}", flush=True)


def main() -> None:
    """Measure every plan for every engine and kind of work."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--plans", nargs="+", default=["1x1", "1x2", "2x1", "2x2"])
    options = parser.parse_args()
    engines = ("paddle", "openvino f32", "openvino f32 pinned", "openvino bf16")
    works = ((("det", "det:960x704"), 1), (("rec", "mixed:40"), 40))
    for (work, runs), engine in itertools.product(works, engines):
        title = f"{engine} {work[1]}"
        if options.only not in title:
            continue
        name, pinning = engine.removesuffix(" pinned"), engine.endswith("pinned")
        running: dict[str, list[Running]] = {}
        for plan in options.plans:
            processes, threads = (int(number) for number in plan.split("x"))
            variant = variant_of(options.models, name, pinning, threads, work)
            running[plan] = [Running(variant) for _ in range(processes)]
        measure(title, running, runs, options.rounds)


if __name__ == "__main__":
    main()
