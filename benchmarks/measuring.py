"""Runs variants side by side: each in its process, one round of each in turn, so that whatever else
the machine does hits all of them alike. Ratios of one run mean something; single figures do not.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from inkstream_server.engines.openvino import HINTS, SHAPE_CACHE_ENTRIES
from inkstream_server.models.store import default_models_dir
from inkstream_server.workers.environment import KEEP_FEW_PRIMITIVES, KEEP_MEMORY

FOLDERS = {
    "det": "PP-OCRv4_mobile_det",
    "rec": "PP-OCRv4_mobile_rec",
}

GIB = 1 << 30

ALLOCATOR = KEEP_MEMORY | KEEP_FEW_PRIMITIVES
"""What workers are started with."""


@dataclass(frozen=True)
class Variant:
    """One way to run one model: what `one_predictor.py` is told, and the environment it gets.

    `settings` are those of the engine below; `workload` is read by `inputs_of`.
    `shrink` gives memory back after every run (Paddle), `per_shape` compiles a model for every
    shape (OpenVINO).
    """

    name: str
    engine: str
    model: str
    workload: str
    settings: Any
    env: dict[str, str] = field(default_factory=dict)
    shrink: bool = False
    per_shape: bool = False


def paddle_settings(threads: int, *more: list[Any]) -> list[list[Any]]:
    """Tell the calls on Paddle's Config that Inkstream makes, and `more` after them."""
    return [
        ["enable_mkldnn"],
        ["set_cpu_math_library_num_threads", threads],
        ["enable_memory_optim"],
        ["set_mkldnn_cache_capacity", 1],
        *more,
    ]


def openvino_settings(threads: int, precision: str = "f32", **more: bool | int) -> dict[str, Any]:
    """Tell the properties that Inkstream compiles with, and `more` over them."""
    entries = {HINTS[each]: count for each, count in SHAPE_CACHE_ENTRIES.items()}
    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
        "CPU_RUNTIME_CACHE_CAPACITY": entries[precision],
    }
    return settings | more


def onnxruntime_settings(threads: int, **more: bool | int) -> dict[str, Any]:
    """Tell the session options that Inkstream sets, and `more` over them."""
    return {"intra_op_num_threads": threads, "enable_mem_pattern": False} | more


def arguments(about: str) -> argparse.ArgumentParser:
    """Make a parser with what all engine benchmarks ask for."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--models", type=Path, default=default_models_dir(os.environ))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="run the groups whose name holds this")
    return parser


class Running:
    """A variant's process, ready to run rounds."""

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.rounds: list[dict[str, float]] = []
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("one_predictor.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | variant.env,
            text=True,
        )
        self._say(json.dumps(asdict(variant)))

    def wait_until_ready(self) -> bool:
        """Tell whether the model could be loaded; False where its process ended."""
        return self._hear().strip() == "ready"

    def require(self, has_answered: bool) -> None:
        """End the benchmark where the process has ended: there is nothing to compare with."""
        if not has_answered:
            sys.exit(f"{self.variant.engine}, {self.variant.name}: its process has ended")

    def start_round(self) -> None:
        self._say("round")

    def end_round(self) -> bool:
        """Wait for the round's figures; False where the process ended instead."""
        answer = self._hear()
        if answer:
            self.rounds.append(json.loads(answer))
        return bool(answer)

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(30)

    def _say(self, line: str) -> None:
        if self._process.stdin is not None and self._process.poll() is None:
            try:
                self._process.stdin.write(line + "\n")
                self._process.stdin.flush()
            except BrokenPipeError:
                pass

    def _hear(self) -> str:
        return self._process.stdout.readline() if self._process.stdout is not None else ""


def measure(title: str, variants: Sequence[Variant], rounds: int) -> None:
    """Run `rounds` rounds of every variant in turn, and print their figures.

    The first round of each, which meets its shapes for the first time, is shown apart.
    """
    running = [Running(variant) for variant in variants]
    alive = [one for one in running if one.wait_until_ready()]
    for _ in range(rounds + 1):
        for one in list(alive):
            one.start_round()
            if not one.end_round():
                alive.remove(one)
    for one in running:
        one.close()
    show(title, running)


def show(title: str, running: Sequence[Running]) -> None:
    """Print one line per variant.

    Milliseconds are per run of the model: of the first round, the best and the median of the later
    ones, and what of it the kernel took. "ratio" tells how many times as fast as the first variant
    one is, "faults" the page faults per run; RSS and its peak are in MiB.
    """
    print(f"\n{title}")
    print(
        f"{'variant':44}{'first':>9}{'min':>9}{'median':>9}{'ratio':>7}"
        f"{'system':>8}{'faults':>9}{'RSS':>7}{'peak':>7}"
    )
    best = 0.0
    for one in running:
        later = one.rounds[1:]
        if not later:
            print(f"{one.variant.name:44}   failed")
            continue
        walls = [figures["wall_ms"] for figures in later]
        best = best or min(walls)
        last = later[-1]
        print(
            f"{one.variant.name:44}{one.rounds[0]['wall_ms']:9.2f}{min(walls):9.2f}"
            f"{statistics.median(walls):9.2f}{best / min(walls):7.2f}"
            f"{statistics.median(f['system_ms'] for f in later):8.2f}"
            f"{statistics.median(f['faults'] for f in later):9.0f}"
            f"{last['rss_mib']:7.0f}{last['peak_mib']:7.0f}",
            flush=True,
        )
