"""What the shapes that a model has met take, under which bounds, and what a forgotten one costs.

    python benchmarks/shape_caches.py --rounds 3

OpenVINO keeps compiled operators (`CPU_RUNTIME_CACHE_CAPACITY`, of each kind as many), and oneDNN
inside it, as inside Paddle, primitives of its own (`ONEDNN_PRIMITIVE_CACHE_CAPACITY`). Workloads:
the batches that the ladder of line widths allows, all in turn, and as many single lines of
different widths. MiB are resident after the first round, in which every shape is new, and after the
last; ms are per run, of the first round and the best of the others.
"""

from __future__ import annotations

from inkstream_server.stages.line_widths import FEW
from inkstream_server.workers.widths import shapes_to_warm
from measuring import (
    ALLOCATOR,
    FOLDERS,
    Running,
    Variant,
    arguments,
    openvino_settings,
    paddle_settings,
)

ONEDNN = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"

# (OpenVINO's capacity, oneDNN's)
BOUNDS = ((5000, 1024), (5000, 0), (0, 1024), (0, 0), (1500, 256), (400, 256))


def openvino_variants(folder: str, workload: str) -> list[Variant]:
    """Every pair of bounds, in both precisions."""
    return [
        Variant(
            f"openvino {precision}, {entries} / oneDNN {primitives}",
            "openvino",
            folder,
            workload,
            openvino_settings(1, precision, CPU_RUNTIME_CACHE_CAPACITY=entries),
            env=ALLOCATOR | {ONEDNN: str(primitives)},
        )
        for precision in ("bf16", "f32")
        for entries, primitives in BOUNDS
    ]


def paddle_variants(folder: str, workload: str) -> list[Variant]:
    """Its own cache of shapes, ten by default, and oneDNN's below it."""
    return [
        Variant(
            f"paddle, {shapes} / oneDNN {primitives}",
            "paddle",
            folder,
            workload,
            paddle_settings(1, ["set_mkldnn_cache_capacity", shapes]),
            env=ALLOCATOR | {ONEDNN: str(primitives)},
        )
        for shapes in (10, 1)
        for primitives in (1024, 256, 0)
    ]


def report(variant: Variant, rounds: int) -> str:
    """Run one variant by itself, and tell its figures in one line."""
    running = Running(variant)
    running.require(running.wait_until_ready())
    for _ in range(rounds + 1):
        running.start_round()
        running.require(running.end_round())
    running.close()
    first, *later = running.rounds
    return (
        f"{variant.name:44}{first['rss_mib']:7.0f}{later[-1]['rss_mib']:7.0f} MiB"
        f"{first['wall_ms']:9.1f}{min(each['wall_ms'] for each in later):9.1f} ms"
    )


def main() -> None:
    """Measure every variant, one after the other."""
    parser = arguments(__doc__ or "")
    options = parser.parse_args()
    folder = str(options.models / FOLDERS["rec"])
    shape_count = len(shapes_to_warm(FEW))
    for title, workload in (
        (f"the {shape_count} shapes of the ladder", "ladder"),
        (f"{shape_count} widths", f"widths:{shape_count}:1"),
    ):
        print(f"\n{title}")
        for variant in openvino_variants(folder, workload) + paddle_variants(folder, workload):
            if options.only in f"{title} {variant.name}":
                print(report(variant, options.rounds), flush=True)


if __name__ == "__main__":
    main()
