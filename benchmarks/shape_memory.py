"""How each engine's memory and time grow with the number of line widths, and what bounds it.

    python benchmarks/shape_memory.py --widths 200

"first" is the time a width takes when it is met for the first time, RSS what is resident at the
end.
"""

from __future__ import annotations

from measuring import (
    ALLOCATOR,
    FOLDERS,
    Variant,
    arguments,
    measure,
    openvino_settings,
    paddle_settings,
)


def main() -> None:
    """Run every width once per round."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--widths", type=int, default=200)
    options = parser.parse_args()
    folder = str(options.models / FOLDERS["rec"])
    workload = f"widths:{options.widths}:1"
    paddle = {
        "as set": Variant("paddle", "paddle", folder, workload, paddle_settings(1)),
        "raised": Variant(
            "paddle, allocator", "paddle", folder, workload, paddle_settings(1), env=ALLOCATOR
        ),
        "shrink": Variant(
            "paddle, try_shrink_memory", "paddle", folder, workload, paddle_settings(1), shrink=True
        ),
    }
    variants = list(paddle.values())
    for capacity in (10, 50):
        calls = paddle_settings(1, ["set_mkldnn_cache_capacity", capacity])
        name = f"paddle, oneDNN cache {capacity}"
        variants.append(Variant(name, "paddle", folder, workload, calls))
    for precision in ("f32", "bf16"):
        for capacity in (0, 500, 2000, 5000, 20000):
            settings = openvino_settings(1, precision, CPU_RUNTIME_CACHE_CAPACITY=capacity)
            name = f"openvino {precision}, cache {capacity}"
            variants.append(Variant(name, "openvino", folder, workload, settings))
    variants.append(
        Variant(
            "openvino f32, one compiled per shape",
            "openvino",
            folder,
            workload,
            openvino_settings(1),
            per_shape=True,
        )
    )
    measure(
        f"{options.widths} widths", [v for v in variants if options.only in v.name], options.rounds
    )


if __name__ == "__main__":
    main()
