"""Reads measured batch times from what other commands print or keep. It measures nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from inkstream_server.findings import findings
from inkstream_server.models.files import Module
from inkstream_server.scheduling.cost_table import Measurement
from inkstream_server.simulation.costs import DETECTION, RECOGNITION

_ROLES: Mapping[str, str] = {
    Module.TEXT_DETECTION.value: DETECTION,
    Module.TEXT_RECOGNITION.value: RECOGNITION,
}


class _Row(BaseModel):
    shape: tuple[int, ...] = Field(min_length=1)
    count: int = Field(ge=1)
    batch_s: float = Field(gt=0.0)
    engine_s: float = Field(default=0.0, ge=0.0)


class _Report(BaseModel):
    model: str
    module: str
    rows: tuple[_Row, ...]


_REPORTS: TypeAdapter[tuple[_Report, ...]] = TypeAdapter(tuple[_Report, ...])


def measurements_from(values: object, recogniser: str | None = None) -> list[Measurement]:
    """The times of the detector and one recogniser, from what `inkstream tune --json` prints.

    Of several recognisers it is the one of that name; with None the first, which is the server's
    default. Models are called by what they do. Raises ValueError.
    """
    try:
        reports = _REPORTS.validate_python(values)
    except ValidationError as error:
        raise ValueError(
            f"it is not what `inkstream tune --json` prints: {findings(error)}"
        ) from error
    told = [each for each in reports if not _is_other(each, recogniser)]
    first = {report.module: report for report in reversed(told)}
    found = [each for report in first.values() for each in _measurements(report)]
    if missing := set(_ROLES.values()) - {each.model for each in found}:
        wanted = f" by {recogniser}" if recogniser is not None else ""
        raise ValueError(f"it has no times of {', '.join(sorted(missing))}{wanted}")
    return found


def _is_other(report: _Report, recogniser: str | None) -> bool:
    """Whether it is of a recogniser that is not asked for."""
    is_recogniser = report.module == Module.TEXT_RECOGNITION.value
    return is_recogniser and recogniser is not None and report.model != recogniser


def _measurements(report: _Report) -> Iterator[Measurement]:
    role = _ROLES.get(report.module)
    if role is not None:  # other modules are not simulated
        for row in report.rows:
            yield Measurement(role, row.shape, row.count, row.batch_s, row.engine_s)
