"""Which of OpenVINO's settings pay on a CPU, one process alone: each against what Inkstream sets.

    python benchmarks/openvino_settings.py --threads 2

What the columns mean: `show` in `measuring.py`.
"""

from __future__ import annotations

from measuring import FOLDERS, Variant, arguments, measure, openvino_settings


def main() -> None:
    """Measure one change at a time, for the detector in fp32 and the recogniser in both."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    work = (
        ("det", "det:960x704", "f32"),
        ("rec", "rec:320:1", "f32"),
        ("rec", "rec:320:1", "bf16"),
    )
    for model, workload, precision in work:
        title = f"openvino {precision} {model} {workload}"
        if options.only not in title:
            continue
        usual = openvino_settings(options.threads, precision)
        changes = {
            f"as set ({options.threads} threads)": usual,
            "1 thread": usual | {"INFERENCE_NUM_THREADS": 1},
            "pinned": usual | {"ENABLE_CPU_PINNING": True},
            "OpenVINO's defaults": {"INFERENCE_PRECISION_HINT": precision},
            "hint latency": {
                "INFERENCE_PRECISION_HINT": precision,
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_NUM_THREADS": options.threads,
                "ENABLE_CPU_PINNING": False,
            },
            "hint throughput": {
                "INFERENCE_PRECISION_HINT": precision,
                "PERFORMANCE_HINT": "THROUGHPUT",
                "INFERENCE_NUM_THREADS": options.threads,
                "ENABLE_CPU_PINNING": False,
            },
            "no hyper-threading": usual | {"ENABLE_HYPER_THREADING": False},
            "no denormals": usual | {"CPU_DENORMALS_OPTIMIZATION": True},
        }
        folder = str(options.models / FOLDERS[model])
        variants = [
            Variant(name, "openvino", folder, workload, settings)
            for name, settings in changes.items()
        ]
        variants.append(
            Variant("compiled for the shape", "openvino", folder, workload, usual, per_shape=True)
        )
        measure(title, variants, options.rounds)


if __name__ == "__main__":
    main()
