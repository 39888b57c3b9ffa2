"""Checks the simulator: what it says of this machine, against a real server that is saturated.

    python benchmarks/simulated.py [--seconds 60] [--costs tuned.json] [--noisy]

First everything is measured that the simulator is told: batches by `inkstream tune`, the front by
`front_costs.py`, the pages' shapes and the CPU workers' steps by reading pictures and a PDF one at
a time. Then a real server is saturated with both at once, and the same is simulated. Nothing is
fitted to what is predicted. It prints both rates, and fails where they differ by more than 15 %.

Everybody else on the machine, the callers of this benchmark included, takes time that is measured
and left out of the cores that are simulated. `--noisy` is for machines where that is much: batch
times, which `tune` takes by the clock, are then scaled so that reading one page at a time takes the
processor's time that it was seen to take.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from front_costs import measured as measured_front
from inkstream import Client, Page
from inkstream_server.config import ModelsConfig
from inkstream_server.scheduling.cost_table import Measurement
from inkstream_server.simulation.cost_values import measurements_from
from inkstream_server.simulation.costs import RECOGNITION, BatchTimes
from inkstream_server.simulation.run import simulate
from inkstream_server.simulation.scenario import Scenario
from inkstream_server.simulation.summary import Summary
from inkstream_server.stages import crop, detection, recognition
from inkstream_server.stages.detection import DetectionParams
from inkstream_server.workers.plan import WorkerCounts, WorkerPlan, core_count, plan
from observing import (
    Callers,
    Done,
    Observed,
    load,
    observe,
    read_document,
    read_picture,
)
from samples import sample_pictures
from served import WITHOUT_ORIENTATION, RunningServer, running_server

ALLOWED: Final = 0.15
PICTURE_CALLERS: Final = 6
DOCUMENT_CALLERS: Final = 2
WIDTH_STEP: Final = 32
FRONT_SECONDS: Final = 6.0
RECOGNISER: Final = ModelsConfig().text_recognition[0]
# Said to both, so that both batch alike.
DETECTION_POLICY: Final = {"max_count": 1}
RECOGNITION_POLICY: Final = {"max_count": 8, "max_pixels": 8 * 48 * 320, "powers_of_two": True}


@dataclass(frozen=True, slots=True)
class Mix:
    """What is sent: pictures, and the document that they are pages of."""

    pictures: Sequence[bytes]
    document: bytes


@dataclass(frozen=True, slots=True)
class Known:
    """What the simulator is told of this machine and of the documents."""

    workers: WorkerPlan
    sheets: dict[str, list[dict[str, object]]]
    steps: dict[str, dict[str, float]]
    front: dict[str, float]
    # Seconds that models were computed for a page of each kind, when it was read alone.
    model_page_s: dict[str, float]


def main() -> None:
    arguments = parse_arguments()
    workers = plan(core_count(), WorkerCounts())
    print(workers)
    measurements = batch_times(arguments.costs)
    front = measured_front(FRONT_SECONDS).model_dump()
    mix = Mix(sample_pictures(), sample_document())
    with running_server(*serve_flags(arguments.engine)) as server:
        known = measured_alone(server, mix, workers, front)
        print_json("known", {"front": front, "steps": known.steps, "models": known.model_page_s})
        real = saturated(server, mix, arguments.seconds)
    if arguments.noisy:
        measurements = scaled(measurements, known)
    others = real.spent.others_s / real.spent.elapsed_s
    print(f"others took {others:.2f} of {workers.cores} cores while the server was saturated")
    predicted = simulate(saturation(known, workers.cores - others), BatchTimes(measurements))
    sys.exit(report(real, predicted))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="of saturation")
    parser.add_argument("--costs", type=Path, help="what `inkstream tune --json` printed before")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--noisy", action="store_true")
    return parser.parse_args()


def serve_flags(engine: str) -> list[str]:
    flags = ["--engine", engine, "--width-step", str(WIDTH_STEP), *WITHOUT_ORIENTATION]
    for module, policy in (
        ("text_detection", DETECTION_POLICY),
        ("text_recognition", RECOGNITION_POLICY),
    ):
        for key, value in policy.items():
            flags += ["--set", f"batching.{module}.{key}={json.dumps(value)}"]
    return flags


def batch_times(kept: Path | None) -> list[Measurement]:
    if kept is not None:
        return measurements_from(json.loads(kept.read_bytes()))
    tune = [str(Path(sys.executable).with_name("inkstream")), "tune", "--json"]
    done = subprocess.run(tune, check=True, stdout=subprocess.PIPE)
    return measurements_from(json.loads(done.stdout))


def sample_document() -> bytes:
    maker = Path(__file__).resolve().parents[1] / "examples/make_sample.py"
    with TemporaryDirectory() as folder:
        sample = Path(folder) / "sample.pdf"
        subprocess.run([sys.executable, maker, sample], check=True, stdout=subprocess.DEVNULL)
        return sample.read_bytes()


def measured_alone(
    server: RunningServer, mix: Mix, workers: WorkerPlan, front: dict[str, float]
) -> Known:
    """Read everything one at a time: twice for shapes to be known, then once that counts."""
    sheets, steps, model_page_s = {}, {}, {}
    readings: dict[str, Callable[[Client], list[Page]]] = {
        "picture": lambda client: [client.recognize(each) for each in mix.pictures],
        "document": lambda client: list(client.recognize_document(mix.document)),
    }
    with Client(server.target) as client:
        for kind, read in readings.items():
            for _ in range(2):
                pages = read(client)
            sheets[kind] = [sheet(page) for page in pages]

            def once(read: Callable[[Client], list[Page]] = read) -> int:
                return len(read(client))

            seen = observe(server, once)
            # What its workers waited for cores is others' time: the steps are scaled by it.
            share = seen.spent.workers_s / sum(each.busy_s for each in seen.busy.values())
            lines = sum(len(page.lines) for page in pages)
            steps[kind] = step_costs(seen, share, lines)
            model_s = sum(each.busy_s for name, each in seen.busy.items() if is_model(name))
            model_page_s[kind] = model_s * share / len(pages)
    return Known(workers, sheets, steps, front, model_page_s)


def is_model(step: str) -> bool:
    return step not in ("open", "measure", "draw", "find", "cut", "crop")


def step_costs(seen: Observed[int], share: float, line_count: int) -> dict[str, float]:
    """Means; all that cutting takes counts for the lines."""
    means = {
        name: each.busy_s * share / each.batches
        for name, each in seen.busy.items()
        if each.batches and not is_model(name)
    }
    cut_s = means.pop("cut", 0.0) * seen.busy["cut"].batches
    return {**means, "cut": 0.0, "cut_line": cut_s / line_count}


def sheet(page: Page) -> dict[str, object]:
    """What a page that was read is like."""
    params = DetectionParams()
    widths: Counter[int] = Counter()
    for line in page.lines:
        points = [(round(point.x), round(point.y)) for point in line.polygon]
        widths[recognition.line_width(*crop.crop_size(points))[0]] += 1
    return {
        "detector_shape": detection.input_size(
            page.height, page.width, params.limit_side_len, params.limit_type
        ),
        "lines": len(page.lines),
        "line_width_px": dict(widths) or 320,
    }


def saturated(server: RunningServer, mix: Mix, seconds: float) -> Observed[Done]:
    callers = (
        Callers(PICTURE_CALLERS, mix.pictures, read_picture),
        Callers(DOCUMENT_CALLERS, [mix.document], read_document),
    )
    load(server, *callers, seconds=min(10.0, seconds))
    return observe(server, lambda: load(server, *callers, seconds=seconds))


def scaled(measurements: Sequence[Measurement], known: Known) -> list[Measurement]:
    """Times of a machine that had them for itself, by what reading one at a time computed."""
    times = BatchTimes(measurements)
    by_table = sum(
        simulated_model_page_s(scenario(known, float(known.workers.cores), {kind: 1}), times)
        for kind in known.model_page_s
    )
    factor = sum(known.model_page_s.values()) / by_table
    print(f"batch times are scaled by {factor:.2f}")
    return [
        replace(each, seconds=each.seconds * factor, engine_seconds=each.engine_seconds * factor)
        for each in measurements
    ]


def simulated_model_page_s(alone: Scenario, times: BatchTimes) -> float:
    found = simulate(alone, times)
    busy = found.busy.model_workers * alone.machine.model_worker_count
    return busy / found.pages_per_s


def saturation(known: Known, cores: float) -> Scenario:
    return scenario(known, cores, {"picture": PICTURE_CALLERS, "document": DOCUMENT_CALLERS})


def scenario(known: Known, cores: float, callers: dict[str, int]) -> Scenario:
    kinds = {
        kind: {
            "is_document": kind == "document",
            "pages": len(sheets) if kind == "document" else 1,
            "sheets": sheets,
            "steps": known.steps[kind],
        }
        for kind, sheets in known.sheets.items()
    }
    return Scenario.model_validate(
        {
            "machine": {
                "cores": cores,
                "model_workers": known.workers.model_workers,
                "model_threads": known.workers.model_threads,
                "cpu_workers": known.workers.cpu_workers,
            },
            "server": {
                "text_detection": DETECTION_POLICY,
                "text_recognition": RECOGNITION_POLICY,
                "width_step": WIDTH_STEP,
            },
            "front": known.front,
            "kinds": kinds,
            "traffic": [
                {"arrivals": {"callers": count}, "kinds": {kind: 1}}
                for kind, count in callers.items()
            ],
            "duration_s": 600.0,
        }
    )


def report(real: Observed[Done], predicted: Summary) -> int:
    """The exit status."""
    lines = real.busy[RECOGNISER]
    print(f"{'':16}{'real':>10}{'simulated':>11}")
    for name, ours, theirs in (
        ("pages/s", real.done.pages_per_s, predicted.pages_per_s),
        ("lines/s", real.done.lines / real.done.elapsed_s, predicted.lines_per_s),
        ("lines a batch", lines.items / lines.batches, predicted.batches[RECOGNITION].mean_items),
    ):
        print(f"{name:16}{ours:>10.3f}{theirs:>11.3f}")
    ratio = predicted.pages_per_s / real.done.pages_per_s
    is_near = abs(ratio - 1.0) <= ALLOWED
    print(f"simulated / real {ratio:.3f}: {'near enough' if is_near else 'too far off'}")
    return 0 if is_near else 1


def print_json(name: str, tree: object) -> None:
    print(f"{name}: {json.dumps(tree, default=lambda value: round(value, 6))}")


if __name__ == "__main__":
    main()
