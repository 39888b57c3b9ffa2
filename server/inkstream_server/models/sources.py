"""Finds the files of a model: its graphs, the weights beside them, and what describes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inkstream_server.errors import ModelDamaged, ModelMissing
from inkstream_server.models.catalogue import CATALOGUE
from inkstream_server.models.files import DESCRIPTION, GRAPH_ONNX, GRAPHS, ONNX_SUFFIX, WEIGHTS
from inkstream_server.models.lock import ModelLock, is_pulled, repair


@dataclass(frozen=True, slots=True)
class ModelSources:
    """Every graph there is, with its weights where it does not hold them itself; one at least.

    `name` is what the model is called where the description, which need not be there, has no name.
    """

    name: str
    graphs: tuple[tuple[Path, Path | None], ...]
    description: Path


def find_sources(path: Path) -> ModelSources:
    """Of a directory, or of an ONNX file by itself. Raises ModelMissing or ModelDamaged."""
    if path.suffix == ONNX_SUFFIX and path.is_file():
        graph = _file(path.parent, path.name)
        name = path.absolute().parent.name if path.name == GRAPH_ONNX else path.stem
        return ModelSources(name, ((graph, None),), path.with_suffix(Path(DESCRIPTION).suffix))
    if not path.is_dir():
        raise ModelMissing(f"no model directory {path}; {_advice(path)}", file=str(path))
    _check_sizes(path)
    return ModelSources(path.absolute().name, tuple(_graphs(path)), path / DESCRIPTION)


def _check_sizes(path: Path) -> None:
    """A file cut short is found here already, where the model was pulled."""
    lock = ModelLock.own(path)
    for name, must in lock.files.items() if lock else ():
        file = _file(path, name)
        size_bytes = file.stat().st_size
        if size_bytes != must.size_bytes:
            raise ModelDamaged(
                f"{file} has {size_bytes} bytes instead of {must.size_bytes}; {repair(path)}",
                file=str(file),
            )


def _graphs(path: Path) -> list[tuple[Path, Path | None]]:
    """Every graph there is, with its weights where it does not hold them itself."""
    names = [name for name in GRAPHS if (path / name).is_file()]
    if not names:
        known = f"{', '.join(GRAPHS[:-1])} nor {GRAPHS[-1]}"
        raise ModelMissing(
            f"{path} has neither {known}; {_advice(path)}", file=str(path / GRAPHS[0])
        )
    return [
        (_file(path, name), None if name == GRAPH_ONNX else _file(path, WEIGHTS)) for name in names
    ]


def _file(path: Path, name: str) -> Path:
    file = path / name
    if not file.is_file():
        raise ModelMissing(f"{file} is missing; {_advice(path)}", file=str(file))
    if file.stat().st_size == 0:
        raise ModelDamaged(f"{file} is empty; {_advice(path)}", file=str(file))
    return file


def _advice(path: Path) -> str:
    """Only `models pull` can repair what it made; for the rest the operator has the source."""
    can_be = not path.exists() and CATALOGUE.find(path.name) is not None
    return repair(path) if is_pulled(path) or can_be else "copy the model's directory again"
