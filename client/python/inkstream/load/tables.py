"""The report for people: tables and a histogram, as rich renders them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from inkstream.load.distribution import Bucket, Distribution
from inkstream.load.plan import ClosedLoop, Extent, LoadPlan, Pace, Seconds
from inkstream.load.report import Errors, Report, Section
from inkstream.load.report_json import Circumstances

_BAR_WIDTH: Final = 40
_BUSY_CLIENT: Final = 0.8  # of a core: beyond it the client's own work shows in the latencies
_LATE_SHARE: Final = 0.1  # of the median latency, at the 99th percentile of the lag


def render(report: Report, circumstances: Circumstances) -> RenderableType:
    parts: list[RenderableType] = [
        Text(_head(report, circumstances)),
        _totals(report),
        _latencies(report.total),
    ]
    if report.latency_ms:
        parts.append(_histogram(report.latency_ms))
    if len(report.sources) > 1:
        parts.append(_sources(report.sources))
    if report.total.errors or report.total.page_errors:
        parts.append(_errors(report.total))
    parts += [Text(f"note: {note}") for note in notes(report)]
    return Group(*_spaced(parts))


def notes(report: Report) -> list[str]:
    """What a reader of the figures must know and would not see."""
    found = []
    if report.was_interrupted:
        found.append(
            f"ended early; {report.abandoned_count} requests were in flight and are not counted"
        )
    if not report.measured:
        found.append("nothing was measured; the warm-up was all there was time for")
    if report.unsent_count:
        found.append(
            f"{report.unsent_count} requests were due and never sent, as {_bound(report)} were in "
            "flight: the rate is beyond the server, and latencies would be worse still"
        )
    if report.held_back_count:
        found.append(
            f"{report.held_back_count} requests waited for room, as {_bound(report)} were in "
            "flight; their latencies count from when they were due"
        )
    if report.client_cpu_share > _BUSY_CLIENT:
        found.append(
            f"this load generator used {report.client_cpu_share:.0%} of a core: "
            "it may be what is slow; run several"
        )
    elif not report.held_back_count and _is_late(report):
        found.append("requests were sent late, as this machine was busy: see sending.lag_ms")
    return found


def _is_late(report: Report) -> bool:
    lag_ms, latency_ms = report.send_lag_ms, report.total.latency_ms
    return bool(lag_ms and latency_ms and lag_ms.p99 > _LATE_SHARE * latency_ms.p50)


def _bound(report: Report) -> int:
    return report.max_in_flight_count


def _spaced(parts: list[RenderableType]) -> Iterator[RenderableType]:
    for number, part in enumerate(parts):
        if number:
            yield ""
        yield part


def _head(report: Report, circumstances: Circumstances) -> str:
    served_by = ", ".join(
        f"{model.name} ({model.engine}, {model.device}, {model.precision})"
        for model in circumstances.models
    )
    return (
        f"inkstream {circumstances.server_version} at {report.plan.target}: {served_by}\n"
        f"{describe(report.plan)}"
    )


def describe(plan: LoadPlan) -> str:
    """The plan in one line."""
    pace = _describe_pace(plan.pace)
    warm_up = f", after {_describe_extent(plan.warm_up)} of warm-up" if plan.warm_up.count else ""
    connections = f", over {plan.connection_count} connections" if plan.connection_count > 1 else ""
    return f"{pace} for {_describe_extent(plan.measured)}{warm_up}{connections}"


def _describe_pace(pace: Pace) -> str:
    if isinstance(pace, ClosedLoop):
        return f"closed loop of {pace.concurrency}"
    return f"open loop of {pace.rate_per_s:g} requests/s ({pace.arrivals})"


def _describe_extent(extent: Extent) -> str:
    unit = "s" if isinstance(extent, Seconds) else "requests"
    return f"{extent.count:g} {unit}"


def _totals(report: Report) -> Table:
    total = report.total
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    table.add_row("requests", f"{total.request_count:,}", f"{total.requests_per_s:.2f}/s")
    table.add_row("pages", f"{total.page_count:,}", f"{total.pages_per_s:.2f}/s")
    table.add_row("lines", f"{total.line_count:,}", f"{total.lines_per_s:.1f}/s")
    table.add_row("failed requests", f"{total.failed_request_count:,}", "")
    if total.failed_page_count:
        table.add_row("failed pages", f"{total.failed_page_count:,}", "")
    if total.retry_count:
        table.add_row("retries", f"{total.retry_count:,}", _told(total.mean_retry_after_s))
    table.add_row("measured for", f"{report.span.length_s:.2f} s", "")
    if total.mean_batch_size is not None:
        table.add_row("mean batch size", f"{total.mean_batch_size:.2f}", "")
    if total.queued_share is not None:
        table.add_row("time in queues", f"{total.queued_share:.0%}", "")
    return table


def _latencies(total: Section) -> Table:
    table = _table("ms", "min", "mean", "p50", "p90", "p95", "p99", "p99.9", "max")
    table.add_row("latency", *_milliseconds(total.latency_ms))
    if total.first_page_ms is not None:
        table.add_row("first page", *_milliseconds(total.first_page_ms))
    return table


def _milliseconds(values: Distribution | None) -> list[str]:
    if values is None:
        return ["-"] * 8
    shown = (values.min, values.mean, values.p50, values.p90, values.p95)
    return [_short(each) for each in (*shown, values.p99, values.p99_9, values.max)]


def _histogram(buckets: tuple[Bucket, ...]) -> Table:
    table = _table("latency in ms", "count", "")
    table.columns[2].justify = "left"
    most = max(bucket.count for bucket in buckets)
    for bucket in buckets:
        bar = "█" * round(_BAR_WIDTH * bucket.count / most) or ("▏" if bucket.count else "")
        table.add_row(f"{_short(bucket.low):>7} - {_short(bucket.high)}", str(bucket.count), bar)
    return table


def _sources(sections: tuple[Section, ...]) -> Table:
    table = _table("source", "requests", "failed", "pages/s", "p50 ms", "p99 ms", "first page p50")
    for section in sections:
        latency_ms, first_page_ms = section.latency_ms, section.first_page_ms
        table.add_row(
            Text(section.name, overflow="fold"),
            f"{section.request_count:,}",
            f"{section.failed_request_count:,}",
            f"{section.pages_per_s:.2f}",
            _short(latency_ms.p50) if latency_ms else "-",
            _short(latency_ms.p99) if latency_ms else "-",
            _short(first_page_ms.p50) if first_page_ms else "-",
        )
    return table


def _errors(total: Section) -> Table:
    table = _table("failure", "count", "come again after")
    for kind, errors in (("", total.errors), ("page: ", total.page_errors)):
        for each in errors:
            table.add_row(f"{kind}{each.reason}", f"{each.count:,}", _retry_after(each))
    return table


def _retry_after(errors: Errors) -> str:
    return _told(errors.mean_retry_after_s)


def _told(mean_retry_after_s: float | None) -> str:
    return "" if mean_retry_after_s is None else f"{mean_retry_after_s:.2f} s on average"


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(first)
    for other in others:
        table.add_column(other, justify="right", no_wrap=True)
    return table


def _short(value_ms: float) -> str:
    """Three figures are all that a latency is good for."""
    decimals = 2 if value_ms < 10 else 1 if value_ms < 100 else 0  # noqa: PLR2004 - as it reads
    return f"{value_ms:.{decimals}f}"
