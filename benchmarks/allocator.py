"""What glibc's allocator costs the engines, and what its settings save: time, page faults, memory.

    python benchmarks/allocator.py

MALLOC_MMAP_THRESHOLD_: larger blocks are fresh pages from the kernel, given back when freed.
MALLOC_TRIM_THRESHOLD_: more free memory than this at the heap's end is given back.
"""

from __future__ import annotations

from dataclasses import replace

from measuring import (
    ALLOCATOR,
    FOLDERS,
    GIB,
    Variant,
    arguments,
    measure,
    openvino_settings,
    paddle_settings,
)


def main() -> None:
    """Measure every environment for every engine and kind of work."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    environments = {
        "glibc's default": {},
        "mmap threshold 1 GiB": {"MALLOC_MMAP_THRESHOLD_": str(GIB)},
        "trim threshold 4 GiB": {"MALLOC_TRIM_THRESHOLD_": str(4 * GIB)},
        "mmap 1 GiB, trim 4 GiB": ALLOCATOR,
        "mmap 1 GiB, trim 256 MiB": ALLOCATOR | {"MALLOC_TRIM_THRESHOLD_": str(256 << 20)},
        "mmap 32 MiB, trim 512 MiB": {
            "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
            "MALLOC_TRIM_THRESHOLD_": str(512 << 20),
        },
        "both, arena max 1": ALLOCATOR | {"MALLOC_ARENA_MAX": "1"},
        "both, top pad 64 MiB": ALLOCATOR | {"MALLOC_TOP_PAD_": str(64 << 20)},
    }
    engines = {
        "paddle": paddle_settings(options.threads),
        "openvino": openvino_settings(options.threads),
        "openvino bf16": openvino_settings(options.threads, "bf16"),
    }
    for engine, settings in engines.items():
        for model, workload in (("det", "det:960x704"), ("rec", "rec:320:1"), ("rec", "mixed:40")):
            title = f"{engine} {model} {workload}, {options.threads} thread(s)"
            if options.only not in title:
                continue
            folder = str(options.models / FOLDERS[model])
            variants = [
                Variant(name, engine.split()[0], folder, workload, settings, env=env)
                for name, env in environments.items()
            ]
            if engine == "paddle":
                variants += [
                    replace(variants[0], name="default, try_shrink_memory", shrink=True),
                    replace(variants[3], name="mmap 1 GiB, trim 4 GiB, shrink", shrink=True),
                ]
            measure(title, variants, options.rounds)


if __name__ == "__main__":
    main()
