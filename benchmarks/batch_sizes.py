"""What batching lines gains on a CPU: milliseconds per line at several batch sizes and widths.

    python benchmarks/batch_sizes.py --threads 1

Best of the rounds after the first, and in brackets what is resident at the end.
"""

from __future__ import annotations

from measuring import (
    FOLDERS,
    Running,
    Variant,
    arguments,
    openvino_settings,
    paddle_settings,
)


def main() -> None:
    """Measure each engine at each width, and print milliseconds per line."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--widths", type=int, nargs="+", default=[320, 640])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    options = parser.parse_args()
    engines = {
        "paddle": paddle_settings(options.threads),
        "openvino f32": openvino_settings(options.threads),
        "openvino bf16": openvino_settings(options.threads, "bf16"),
    }
    folder = str(options.models / FOLDERS["rec"])
    for engine, settings in engines.items():
        for width in options.widths:
            if options.only not in f"{engine} {width}":
                continue
            running = [
                Running(Variant(str(n), engine.split()[0], folder, f"rec:{width}:{n}", settings))
                for n in options.sizes
            ]
            for one in running:
                one.require(one.wait_until_ready())
            for _ in range(options.rounds + 1):
                for one in running:
                    one.start_round()
                    one.require(one.end_round())
            figures = []
            for size, one in zip(options.sizes, running, strict=True):
                one.close()
                best_ms = min(each["wall_ms"] for each in one.rounds[1:]) / size
                figures.append(f"{size}: {best_ms:.2f} ms ({one.rounds[-1]['rss_mib']:.0f} MiB)")
            print(f"{engine}, width {width}: {', '.join(figures)}", flush=True)


if __name__ == "__main__":
    main()
