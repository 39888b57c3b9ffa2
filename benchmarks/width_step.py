"""What rounding line widths up costs in accuracy and saves in time, with both precisions.

    python benchmarks/width_step.py --reference ../shared

Needs the reference data, which is not part of the repository: labelled lines, and pictures with
PaddleX's answers. Every variant reads all their lines, one at a time, in a fresh process.
"cold" is the mean time a line takes when widths are met for the first time, "warm" when all lines
are read again. Step 0 is the
ladder. Character errors are against the labels; "differ" is against PaddleX's own texts.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edit_distance import edit_distance
from inkstream_server.engines.engine import CPU, EngineSettings, Precision, Predictor
from inkstream_server.engines.selection import select
from inkstream_server.models.directory import read_model_directory
from inkstream_server.models.files import Module
from inkstream_server.models.store import default_models_dir
from inkstream_server.stages import crop, recognition
from inkstream_server.stages.ctc import alphabet
from inkstream_server.stages.line_widths import LineWidths
from measuring import FOLDERS
from one_predictor import memory_mib


@dataclass(frozen=True)
class Line:
    """A crop (h x w x 3, BGR), what PaddleX reads, and what it says, where that is known."""

    crop: NDArray[np.uint8]
    golden: str
    truth: str | None


@dataclass(frozen=True)
class Plan:
    """One variant: the engine and precision, and the widths that lines are padded to."""

    engine: str
    precision: Precision
    widths: LineWidths

    @property
    def name(self) -> str:
        step = self.widths.step_px
        return "ladder" if step is None else f"step {step}"


def labelled_lines(reference: Path) -> Iterator[Line]:
    """Give every labelled line with its label."""
    folder = reference / "data" / "labelled_lines"
    golden = dict(row.split("\t")[:2] for row in rows(reference / "golden" / "lines.tsv"))
    for row in rows(folder / "labels.tsv"):
        name, truth, *_ = row.split("\t")
        image = cv2.imread(str(folder / name))
        assert image is not None, name
        yield Line(np.asarray(image, np.uint8), golden[name], truth)


def golden_lines(reference: Path) -> Iterator[Line]:
    """Give every line of the golden pictures, cut by PaddleX's own polygons."""
    for path in sorted((reference / "golden" / "images").glob("[!_]*.json")):
        picture = reference / "data" / "images" / path.stem
        if not picture.is_file():  # one page of a TIFF
            continue
        image = cv2.imread(str(picture))
        assert image is not None, picture
        answer = json.loads(path.read_text(encoding="utf-8"))
        for polygon, text in zip(answer["rec_polys"], answer["rec_texts"], strict=True):
            cut = crop.cut(np.asarray(image, np.uint8), [(x, y) for x, y in polygon])
            if cut is not None:
                yield Line(cut, text, None)


def rows(path: Path) -> list[str]:
    """Read the rows of a table, without its heading."""
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")[1:]


def read_all(
    predictor: Predictor, lines: list[Line], signs: tuple[str, ...], widths: LineWidths
) -> list[str]:
    """Read every line by itself."""
    texts = []
    for line in lines:
        height, width = line.crop.shape[:2]
        _, padded = recognition.line_width(height, width, widths)
        outputs = predictor.run(recognition.prepare([recognition.fit(line.crop)], padded))
        texts.append(recognition.interpret(outputs[0], outputs[1], signs)[0].text)
    return texts


def measure(plan: Plan, models: Path, reference: Path) -> str:
    """Measure one variant; runs in a process of its own."""
    model = read_model_directory(models / FOLDERS["rec"], Module.TEXT_RECOGNITION)
    engine = select(plan.engine, model, CPU).engine
    predictor = engine.load(model, EngineSettings(CPU, plan.precision, threads=1))
    lines = [*labelled_lines(reference), *golden_lines(reference)]
    signs = alphabet(model.characters)
    times = []
    for _ in range(2):
        started = time.perf_counter()
        texts = read_all(predictor, lines, signs, plan.widths)
        times.append((time.perf_counter() - started) * 1e3 / len(lines))
    labelled = [
        (line, text) for line, text in zip(lines, texts, strict=True) if line.truth is not None
    ]
    errors = sum(edit_distance(text, line.truth or "") for line, text in labelled)
    characters = sum(len(line.truth or "") for line, _ in labelled)
    differ = sum(text != line.golden for line, text in zip(lines, texts, strict=True)) / len(lines)
    return (
        f"{plan.engine} {predictor.precision.value} {plan.name:8}: "
        f"cold {times[0]:6.2f} ms, warm {times[1]:6.2f} ms a line, "
        f"character errors {errors / characters:.4f}, differ {differ:6.2%}, "
        f"RSS {memory_mib('VmRSS'):.0f} MiB"
    )


def main() -> None:
    """Measure every variant, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=default_models_dir(os.environ))
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--steps", type=int, nargs="+", default=[1, 8, 16, 32, 64, 0])
    parser.add_argument("--engines", nargs="+", default=["openvino"])
    parser.add_argument("--precisions", nargs="+", default=["fp32", "bf16"])
    options = parser.parse_args()
    if not options.reference.is_dir():
        parser.error(f"the reference data is not there: {options.reference}")
    for engine in options.engines:
        for precision in options.precisions:
            for step in options.steps:
                plan = Plan(engine, Precision(precision), LineWidths(step or None))
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    print(
                        pool.apply(measure, (plan, options.models, options.reference)), flush=True
                    )


if __name__ == "__main__":
    main()
