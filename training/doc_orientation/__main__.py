"""`python -m training.doc_orientation`: draw pages, train on them, export."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(prog="training.doc_orientation", description=__doc__)
    actions = parser.add_subparsers(required=True)

    draw = actions.add_parser("draw", help="draw pages into a folder")
    draw.add_argument("folder", type=Path)
    draw.add_argument("--files", type=int, default=100, help="of 100 pages each")
    draw.add_argument("--seed", type=int, default=1)
    draw.add_argument("--processes", type=int, default=2)
    draw.set_defaults(func=_draw)

    train = actions.add_parser("train", help="train on drawn pages; goes on where it was stopped")
    train.add_argument("drawn", type=Path, help="with pages and validation")
    train.add_argument("weights", type=Path, help="the folder where they are kept")
    train.add_argument("--steps", type=int, help="instead of the plan's")
    train.set_defaults(func=_train)

    calibrate = actions.add_parser(
        "calibrate", help="show what a reluctance to turn costs and saves"
    )
    calibrate.add_argument("drawn", type=Path, help="with validation")
    calibrate.add_argument("weights", type=Path)
    calibrate.set_defaults(func=_calibrate)

    export = actions.add_parser("export", help="write the model directory of trained weights")
    export.add_argument("weights", type=Path)
    export.add_argument("folder", type=Path)
    export.add_argument("--reluctance", type=float, default=1.0, help="see calibrate")
    export.set_defaults(func=_export)

    evaluate = actions.add_parser("evaluate", help="hold a model against real pages")
    evaluate.add_argument("model", type=Path)
    evaluate.add_argument("reference", type=Path, help="a folder with `images` and `pdfs`")
    evaluate.set_defaults(func=_evaluate)

    arguments = parser.parse_args()
    arguments.func(arguments)


def _draw(arguments: argparse.Namespace) -> None:
    from training.doc_orientation.drawing import Drawing, draw

    drawing = Drawing(arguments.seed, arguments.files)
    draw(arguments.folder, drawing, processes=arguments.processes)


def _train(arguments: argparse.Namespace) -> None:
    from training.doc_orientation.learning import PLAN, Folders, train

    plan = replace(PLAN, steps=arguments.steps or PLAN.steps)
    train(Folders(arguments.drawn, arguments.weights), plan)


def _calibrate(arguments: argparse.Namespace) -> None:
    from training.doc_orientation.calibration import table
    from training.doc_orientation.learning import trained

    print(table(trained(arguments.weights), arguments.drawn / "validation"))


def _export(arguments: argparse.Namespace) -> None:
    from training.doc_orientation.embedding import embed

    embed(arguments.weights, arguments.folder, arguments.reluctance)


def _evaluate(arguments: argparse.Namespace) -> None:
    from training.doc_orientation.evaluation import report

    report(arguments.model, arguments.reference)


if __name__ == "__main__":
    main()
