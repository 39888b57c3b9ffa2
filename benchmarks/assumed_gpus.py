"""Writes the batch times of two GPUs that nobody measured: assumptions, for plans until there are.

    python benchmarks/assumed_gpus.py benchmarks/scenarios

A batch is taken to cost its launch and then its bytes: these are small networks of depthwise
convolutions, which a GPU's memory bounds. PaddleX publishes, for a Tesla T4 with TensorRT, 3.13 ms
for one image of PP-OCRv4_mobile_det and 1.12 ms for one line of PP-OCRv4_mobile_rec, without their
sizes. Assumed from that: the image has 640 x 640 pixels and all of its time is memory's; of the
line's time, 320 pixels wide, 0.5 ms is the launch, which no GPU makes shorter. What is memory's
scales with bandwidth: 320 GB/s on a T4, 300 on an L4, 4800 on an H200. Making tensors and reading
answers takes the worker's core 4 ns a pixel of an image and 10 ns a pixel of a line.

The files read like what `inkstream tune --json` prints. Times between two sizes or counts are
linear, as they are here: four corners are enough.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

T4_BYTES_PER_S: Final = 320e9
BYTES_PER_S: Final = {"l4": 300e9, "h200": 4800e9}
LINE_HEIGHT_PX: Final = 48


@dataclass(frozen=True, slots=True)
class Assumed:
    """One model: seconds on a T4, and its corners."""

    module: str
    model: str
    launch_s: float
    pixel_s: float
    host_pixel_s: float
    shapes: tuple[tuple[int, ...], ...]
    counts: tuple[int, ...]

    def report(self, gpu: str) -> dict[str, object]:
        return {
            "model": self.model,
            "module": self.module,
            "engine": "assumed",
            "device": gpu,
            "rows": [
                self._row(gpu, shape, count) for shape in self.shapes for count in self.counts
            ],
        }

    def _row(self, gpu: str, shape: tuple[int, ...], count: int) -> dict[str, object]:
        height_px = LINE_HEIGHT_PX if len(shape) == 1 else 1
        pixels = count * height_px * math.prod(shape)
        engine_s = self.launch_s + pixels * self.pixel_s * T4_BYTES_PER_S / BYTES_PER_S[gpu]
        batch_s = engine_s + pixels * self.host_pixel_s
        return {
            "shape": shape,
            "count": count,
            "batch_s": round(batch_s, 9),
            "engine_s": round(engine_s, 9),
        }


MODELS: Final = (
    Assumed(
        module="text_detection",
        model="PP-OCRv4_mobile_det",
        launch_s=0.0005,
        pixel_s=0.00313 / (640 * 640),
        host_pixel_s=4e-9,
        shapes=((320, 320), (960, 960)),
        counts=(1, 16),
    ),
    Assumed(
        module="text_recognition",
        model="PP-OCRv4_mobile_rec",
        launch_s=0.0005,
        pixel_s=(0.00112 - 0.0005) / (LINE_HEIGHT_PX * 320),
        host_pixel_s=10e-9,
        shapes=((320,), (3200,)),
        counts=(1, 128),
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for gpu in BYTES_PER_S:
        reports = [model.report(gpu) for model in MODELS]
        text = json.dumps(reports, indent=1)
        (folder / f"assumed_{gpu}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
