"""Which settings of Paddle's predictor pay on a CPU: each against what Inkstream sets.

    python benchmarks/paddle_settings.py

What the columns mean: `show` in `measuring.py`.
"""

from __future__ import annotations

from measuring import ALLOCATOR, FOLDERS, Variant, arguments, measure, paddle_settings


def main() -> None:
    """Measure one change at a time, for the detector and the recogniser."""
    options = arguments(__doc__ or "").parse_args()
    changes = {
        "as set (1 thread)": paddle_settings(1),
        "2 threads": paddle_settings(2),
        "no oneDNN": [["disable_mkldnn"], *paddle_settings(1)[1:]],
        "no memory optim": paddle_settings(1)[:2],
        "oneDNN cache 10": paddle_settings(1, ["set_mkldnn_cache_capacity", 10]),
        "oneDNN cache 50": paddle_settings(1, ["set_mkldnn_cache_capacity", 50]),
        "new executor": paddle_settings(1, ["enable_new_executor"]),
        "new IR": paddle_settings(1, ["enable_new_ir"], ["enable_new_executor"]),
        "old IR": paddle_settings(1, ["enable_new_ir", False]),
        "no IR passes": paddle_settings(1, ["switch_ir_optim", False]),
        "oneDNN bf16": paddle_settings(1, ["enable_mkldnn_bfloat16"]),
    }
    for model, workload in (("det", "det:960x704"), ("rec", "rec:320:1"), ("rec", "mixed:30")):
        title = f"paddle {model} {workload}"
        if options.only not in title:
            continue
        folder = str(options.models / FOLDERS[model])
        variants = [
            Variant(name, "paddle", folder, workload, settings, env=ALLOCATOR)
            for name, settings in changes.items()
        ]
        measure(title, variants, options.rounds)


if __name__ == "__main__":
    main()
