"""Which engine runs an ONNX model fastest on a CPU, and what ONNX Runtime keeps of its shapes.

    python benchmarks/onnxruntime_settings.py --onnx FOLDER

FOLDER has the ONNX files of the default models as PP-OCRv4_mobile_det/inference.onnx and
PP-OCRv4_mobile_rec/inference.onnx. What the columns mean: `show` in `measuring.py`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from measuring import (
    ALLOCATOR,
    FOLDERS,
    Variant,
    arguments,
    measure,
    onnxruntime_settings,
    openvino_settings,
    paddle_settings,
)
from paddle_folding import folded


def main() -> None:
    """Measure one change at a time, beside the other engines on the same model."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--onnx", type=Path, required=True)
    options = parser.parse_args()
    changes = {
        "onnxruntime, as set": onnxruntime_settings(1),
        "with plans of memory": onnxruntime_settings(1, enable_mem_pattern=True),
        "without its arena": onnxruntime_settings(1, enable_cpu_mem_arena=False),
    }
    with tempfile.TemporaryDirectory(prefix="inkstream-folded-") as scratch:
        for model, workload in (
            ("det", "det:960x704"),
            ("rec", "rec:320:1"),
            ("rec", "rec:320:8"),
            ("rec", "widths:100:1"),
        ):
            title = f"{model} {workload}, 1 thread, fp32"
            if options.only not in title:
                continue
            onnx = str(options.onnx / FOLDERS[model])
            variants = [
                Variant(name, "onnxruntime", onnx, workload, settings, env=ALLOCATOR)
                for name, settings in changes.items()
            ]
            openvino = openvino_settings(1)
            variants.append(Variant("openvino", "openvino", onnx, workload, openvino, ALLOCATOR))
            paddles = str(folded(options.models / FOLDERS[model], Path(scratch) / title))
            calls = paddle_settings(1)
            variants.append(Variant("paddle", "paddle", paddles, workload, calls, ALLOCATOR))
            measure(title, variants, options.rounds)


if __name__ == "__main__":
    main()
