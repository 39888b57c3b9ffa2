"""Shows measured batch times, for people and for programs. It measures nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from inkstream_server.app.batching import BatchPolicies, limits
from inkstream_server.app.plan import ServerPlan
from inkstream_server.app.subjects import item_pixels_of
from inkstream_server.app.tuning import cost_table
from inkstream_server.app.tuning_cache import TunedModel
from inkstream_server.config import BatchingConfig
from inkstream_server.scheduling.cost_table import Measurement
from inkstream_server.scheduling.policy import BatchPolicy
from inkstream_server.workers.model_tasks import ModelBucket, ModelToLoad

_HEADS: Final = ("SHAPE", "COUNT", "MS/BATCH", "MS/ITEM", "ENGINE MS", "ITEMS/S", "")


@dataclass(frozen=True, slots=True)
class Row:
    """A measured batch. `items_per_s` is of all workers together.

    `is_largest`: a server's batches of this shape grow to this count.
    """

    shape: tuple[int, ...]
    count: int
    batch_s: float
    item_s: float
    engine_s: float
    items_per_s: float
    is_largest: bool


@dataclass(frozen=True, slots=True)
class Report:
    """One model: what it runs on, the policy that a server takes, and its times."""

    model: str
    module: str
    engine: str
    engine_version: str
    device: str
    precision: str
    model_workers: int
    threads: int
    policy: BatchPolicy
    rows: tuple[Row, ...]


def reports(
    batching: BatchingConfig, plan: ServerPlan, tuned: Mapping[str, TunedModel]
) -> list[Report]:
    policies = BatchPolicies(batching, plan.models)
    policies.measured(cost_table(tuned))
    return [_report(plan, model, tuned[model.files.name], policies) for model in plan.models]


def to_json(found: Sequence[Report]) -> str:
    trees = [asdict(report) | {"policy": report.policy.model_dump()} for report in found]
    return json.dumps(trees, indent=2)


def to_text(found: Sequence[Report]) -> str:
    return "\n\n".join("\n".join(_lines(report)) for report in found)


def _report(
    plan: ServerPlan, model: ModelToLoad, tuned: TunedModel, policies: BatchPolicies
) -> Report:
    shapes = list(dict.fromkeys(each.shape for each in tuned.measurements))
    policy = policies.of(ModelBucket(model.files.name, shapes[0]))
    workers = plan.workers
    return Report(
        model=model.files.name,
        module=model.files.module.value,
        engine=model.engine.name,
        engine_version=model.engine.version(),
        device=", ".join(map(str, workers.devices)),
        precision=tuned.precision,
        model_workers=workers.model_workers,
        threads=workers.model_threads,
        policy=policy,
        rows=tuple(
            row
            for shape in shapes
            for row in _rows(
                [each for each in tuned.measurements if each.shape == shape],
                policy,
                item_pixels_of(model.files.module)(shape),
                workers.model_workers,
            )
        ),
    )


def _rows(
    measurements: Sequence[Measurement], policy: BatchPolicy, item_pixels: int, worker_count: int
) -> Iterator[Row]:
    largest = policy.largest_count(item_pixels)
    marked = max((each.count for each in measurements if each.count <= largest), default=0)
    for each in sorted(measurements, key=lambda measurement: measurement.count):
        yield Row(
            shape=each.shape,
            count=each.count,
            batch_s=each.seconds,
            item_s=each.seconds / each.count,
            engine_s=each.engine_seconds,
            items_per_s=worker_count * each.count / each.seconds,
            is_largest=each.count == marked,
        )


def _lines(report: Report) -> Iterator[str]:
    yield f"{report.model} ({report.module})"
    yield (
        f"  engine {report.engine} {report.engine_version} on {report.device} in "
        f"{report.precision}, {report.model_workers} workers x {report.threads} threads"
    )
    yield f"  batches of up to {limits(report.policy)}"
    cells = [_HEADS, *(_cells(row) for row in report.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        texts = (cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        yield f"  {'  '.join(texts).rstrip()}"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        "x".join(map(str, row.shape)),
        str(row.count),
        f"{row.batch_s * 1e3:.2f}",
        f"{row.item_s * 1e3:.2f}",
        f"{row.engine_s * 1e3:.2f}",
        f"{row.items_per_s:.1f}",
        "<- largest" if row.is_largest else "",
    )
