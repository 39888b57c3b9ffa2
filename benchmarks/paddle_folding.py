"""What Paddle gains by models whose scalar scales are folded into their convolutions.

    python benchmarks/paddle_folding.py

What the columns mean: `show` in `measuring.py`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from inkstream_server.engines.affine_folding import fold_affines
from inkstream_server.engines.paddle_program import parse
from inkstream_server.models.files import GRAPH_PDMODEL, WEIGHTS
from measuring import ALLOCATOR, FOLDERS, Variant, arguments, measure, paddle_settings


def main() -> None:
    """Measure each model as it was published and folded: with one shape, and with many."""
    options = arguments(__doc__ or "").parse_args()
    with tempfile.TemporaryDirectory(prefix="inkstream-folded-") as scratch:
        for model, workload in (
            ("det", "det:960x672"),
            ("rec", "rec:320:1"),
            ("rec", "rec:1800:1"),
            ("rec", "mixed:30"),
        ):
            title = f"paddle {model} {workload}"
            if options.only not in title:
                continue
            published = options.models / FOLDERS[model]
            variants = [
                Variant(name, "paddle", str(folder), workload, paddle_settings(1), env=ALLOCATOR)
                for name, folder in (
                    ("as published", published),
                    ("folded", folded(published, Path(scratch) / model)),
                )
            ]
            measure(title, variants, options.rounds)


def folded(published: Path, folder: Path) -> Path:
    """Write a model's two files as the engine gives them to Paddle. Returns the folder."""
    names = (GRAPH_PDMODEL, WEIGHTS)
    graph, weights = ((published / name).read_bytes() for name in names)
    program = parse(graph, weights)
    fold_affines(program)
    folder.mkdir(exist_ok=True)
    for name, content in zip(names, program.serialised(), strict=True):
        (folder / name).write_bytes(content)
    return folder


if __name__ == "__main__":
    main()
