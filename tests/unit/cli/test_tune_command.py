from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from inkstream_server.cli import tune
from inkstream_server.cli.tune import NotTuned


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    tune.add_parser(parser.add_subparsers())
    return parser.parse_args(["tune", *words])


@pytest.mark.models
def test_what_was_not_measured_cannot_be_shown(tmp_path: Path) -> None:
    asked = arguments("--show", "--engine", "fake", f"--set=inference.tuning_dir={tmp_path}")

    with pytest.raises(NotTuned, match="measure with: inkstream tune"):
        asked.func(asked)
