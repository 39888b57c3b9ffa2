"""The report for programs. Its keys are documented in `docs/load-reports.md` and kept stable."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final, TypeAlias

from inkstream.load.outcome import Outcome
from inkstream.load.plan import ClosedLoop, Extent, LoadPlan, Pace, Seconds
from inkstream.load.report import Report, Section
from inkstream.server import Model

FORMAT: Final = "inkstream.load"
FORMAT_VERSION: Final = 1
"""Goes up when a key goes away or means something else; new keys may come at any time."""

_S_TO_MS = 1000.0
Tree: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the figures are worth nothing without: when, and what served."""

    started_at: str  # ISO 8601, UTC
    server_version: str
    models: tuple[Model, ...]


def as_tree(report: Report, circumstances: Circumstances, *, has_raw: bool) -> Tree:
    """Only what JSON has: mappings, lists, strings, numbers, booleans and None."""
    tree: Tree = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "started_at": circumstances.started_at,
        "server": _server(report.plan.target, circumstances),
        "plan": _plan(report.plan),
        "was_interrupted": report.was_interrupted,
        "measured_s": report.span.length_s,
        "total": _section(report.total),
        "sources": [_section(each) for each in report.sources],
        "latency_histogram": [
            {"from_ms": bucket.low, "below_ms": bucket.high, "count": bucket.count}
            for bucket in report.latency_ms
        ],
        "sending": {
            "warm_up_request_count": report.warm_up_request_count,
            "max_in_flight_count": report.max_in_flight_count,
            "held_back_count": report.held_back_count,
            "unsent_count": report.unsent_count,
            "abandoned_count": report.abandoned_count,
            "lag_ms": asdict(report.send_lag_ms) if report.send_lag_ms else None,
            "client_cpu_share": report.client_cpu_share,
        },
    }
    return tree | {"raw": [_raw(each) for each in report.measured]} if has_raw else tree


def _server(target: str, circumstances: Circumstances) -> Tree:
    return {
        "target": target,
        "version": circumstances.server_version,
        "models": [asdict(model) for model in circumstances.models],
    }


def _plan(plan: LoadPlan) -> Tree:
    return {
        "pace": _pace(plan.pace),
        "warm_up": _extent(plan.warm_up),
        "measured": _extent(plan.measured),
        "sources": [
            {
                "name": source.name,
                "weight": source.weight,
                "file_count": len(source.files),
                "content_bytes": source.content_bytes,
            }
            for source in plan.sources
        ],
        "calls": asdict(plan.calls),
        "connection_count": plan.connection_count,
        "seed": plan.seed,
    }


def _pace(pace: Pace) -> Tree:
    return {"loop": "closed" if isinstance(pace, ClosedLoop) else "open"} | asdict(pace)


def _extent(extent: Extent) -> Tree:
    return {"seconds" if isinstance(extent, Seconds) else "requests": extent.count}


def _section(section: Section) -> Tree:
    return asdict(section) | {
        "errors": [asdict(errors) for errors in section.errors],
        "page_errors": [asdict(errors) for errors in section.page_errors],
    }


def _raw(outcome: Outcome) -> Tree:
    first_page_s = outcome.first_page_s
    return {
        "file": outcome.file,
        "source": outcome.source,
        "due_at_s": outcome.due_at_s,
        "sent_at_s": outcome.sent_at_s,
        "latency_ms": _S_TO_MS * outcome.latency_s,
        "first_page_ms": None if first_page_s is None else _S_TO_MS * first_page_s,
        "page_count": len(outcome.answer.pages),
        "line_count": sum(page.line_count for page in outcome.answer.pages),
        "attempt_count": outcome.answer.attempt_count,
        "reason": outcome.answer.reason,
    }
