"""Shows models, for people and for programs. It pulls and checks nothing."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from inkstream_server.errors import OcrError
from inkstream_server.models import embedded
from inkstream_server.models.entry import Catalogue, CatalogueEntry, WheelSource
from inkstream_server.models.files import Module
from inkstream_server.models.lock import legible_lock
from inkstream_server.models.store import ModelStore
from inkstream_server.models.verify import Finding, State, state_of

_HEADS: Final = ("NAME", "MODULE", "SIZE", "STATE", "TRUST", "SOURCE", "")
_MODULES: Final = [module.value for module in Module]


@dataclass(frozen=True, slots=True)
class Row:
    """One model. Not pulled: the size is that of the files to come, None where it is not known.

    `trust`: who says that its files are the right ones, as the lock file has it.
    """

    name: str
    module: str
    size_bytes: int | None
    state: str
    trust: str
    source: str
    is_default: bool


def rows(store: ModelStore, catalogue: Catalogue) -> list[Row]:
    """By module, in each the default one first and what the catalogue lacks last."""
    known = [*embedded.MODULES, *(entry.name for entry in catalogue.entries)]
    foreign = [name for name in store.names() if name not in known]
    found = [_row(store, name, catalogue.find(name), catalogue) for name in known + foreign]
    return sorted(found, key=lambda row: [*_MODULES, row.module].index(row.module))


def list_json(rows: Sequence[Row]) -> str:
    return _json([asdict(row) for row in rows])


def list_table(rows: Sequence[Row]) -> str:
    lines = [_HEADS] + [
        (
            row.name,
            row.module,
            "-" if row.size_bytes is None else f"{row.size_bytes / 1e6:.1f} MB",
            row.state,
            row.trust or "-",
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


def verified_text(findings: Mapping[str, Sequence[Finding]]) -> str:
    lines = []
    for name, found in findings.items():
        lines += [f"{name}: {finding.file} {finding.problem}" for finding in found]
        if not found:
            lines.append(f"{name}: ok")
    return "\n".join(line.replace(":  ", ": ") for line in lines)


def verified_json(findings: Mapping[str, Sequence[Finding]]) -> str:
    return _json(
        [
            {
                "name": name,
                "is_ok": not found,
                "problems": [{"file": each.file, "problem": each.problem} for each in found],
            }
            for name, found in findings.items()
        ]
    )


def pulled_json(store: ModelStore, names: Sequence[str], pulled: Collection[str]) -> str:
    """What is there after a pull of `names`, of which `pulled` are new."""
    return _json([_pulled(store.directory(name), name in pulled) for name in dict.fromkeys(names)])


def _pulled(directory: Path, is_new: bool) -> dict[str, object]:
    lock = legible_lock(directory)
    return {
        "name": directory.name,
        "is_new": is_new,
        "directory": str(directory),
        "source": lock.source if lock else "",
        "source_sha256": lock.source_sha256 if lock else "",
        "trust": lock.trust.value if lock else "",
    }


def _row(store: ModelStore, name: str, entry: CatalogueEntry | None, catalogue: Catalogue) -> Row:
    directory, state = store.directory(name), state_of(store, name, catalogue)
    lock = legible_lock(directory)
    is_here = state is not State.ABSENT
    return Row(
        name,
        entry.module.value if entry else _module(directory),
        _size_bytes(directory) if is_here or entry is None else entry.size_bytes,
        state.value,
        lock.trust.value if lock else "",
        _source(entry, directory) if state is not State.BY_HAND else "",
        embedded.is_embedded(directory) or (entry is not None and entry.is_default),
    )


def _source(entry: CatalogueEntry | None, directory: Path) -> str:
    if entry is None:
        return "this package" if embedded.is_embedded(directory) else ""
    return entry.source.label if isinstance(entry.source, WheelSource) else "official archive"


def _module(directory: Path) -> str:
    if embedded.is_embedded(directory):
        return embedded.MODULES[directory.name].value
    # Needs PyYAML, which a light installation lacks.
    from inkstream_server.models.directory import read_model_directory

    try:
        return read_model_directory(directory).module.value
    except OcrError:
        return "?"


def _size_bytes(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.glob("*") if path.is_file())


def _json(tree: object) -> str:
    return json.dumps(tree, indent=2, ensure_ascii=False)
