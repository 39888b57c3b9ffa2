"""Carries out `inkstream bench`: from its arguments to a plan, a run, and the report's places."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import grpc
from rich.console import Console

from inkstream.aio import AsyncClient
from inkstream.errors import InkstreamError
from inkstream.load.driver import LoadDriver
from inkstream.load.files import SourceUnusable, read_sources
from inkstream.load.live import show_live
from inkstream.load.plan import (
    CallSettings,
    ClosedLoop,
    LoadPlan,
    OpenLoop,
    Requests,
    Seconds,
)
from inkstream.load.report import Report, report_on
from inkstream.load.report_json import Circumstances, as_tree
from inkstream.load.run import Run
from inkstream.load.tables import render
from inkstream_server.cli.connecting import access_from
from inkstream_server.cli.page_options import page_options
from inkstream_server.cli.reading import no_server

_ASK_S: Final = 10.0
_STDOUT: Final = "-"


def bench(arguments: argparse.Namespace) -> int:
    """The exit status."""
    try:
        plan = plan_of(arguments)
        circumstances, run = asyncio.run(_measure(plan))
    except SourceUnusable as unusable:
        return _fail(str(unusable))
    except InkstreamError as error:
        is_nobody = error.code is grpc.StatusCode.UNAVAILABLE
        return _fail(no_server(arguments.server) if is_nobody else str(error))
    report = report_on(plan, run)
    _show(report, circumstances, is_stdout_taken=arguments.json == _STDOUT)
    if arguments.json:
        _write(report, circumstances, arguments.json, has_raw=arguments.raw)
    return 0 if report.is_clean or arguments.allow_errors else 1


def plan_of(arguments: argparse.Namespace) -> LoadPlan:
    """Reads the sources. Raises SourceUnusable and OSError."""
    return LoadPlan(
        target=arguments.server,
        sources=read_sources(arguments.sources),
        pace=(
            ClosedLoop(arguments.concurrency)
            if arguments.rate is None
            else OpenLoop(arguments.rate, arguments.arrivals, arguments.max_in_flight)
        ),
        warm_up=(
            Requests(arguments.warm_up_requests)
            if arguments.warm_up_requests
            else Seconds(arguments.warm_up)
        ),
        measured=(
            Requests(arguments.requests) if arguments.requests else Seconds(arguments.duration)
        ),
        calls=CallSettings(
            timeout_s=arguments.timeout_ms / 1000,
            retry_limit=arguments.max_retries if arguments.retry else 0,
            priority=arguments.priority,
            pages=arguments.pages,
            dpi=arguments.dpi,
            order=arguments.order,
            options=page_options(arguments),
        ),
        connection_count=arguments.connections,
        seed=arguments.seed,
        access=access_from(arguments, arguments.server),
    )


async def _measure(plan: LoadPlan) -> tuple[Circumstances, Run]:
    circumstances = await _ask(plan)
    stop = asyncio.Event()
    driver = LoadDriver(plan)
    showing = asyncio.create_task(show_live(driver, plan))
    try:
        with _interrupts(stop):
            return circumstances, await driver.run(stop)
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)


async def _ask(plan: LoadPlan) -> Circumstances:
    """Also makes sure that a server is there at all, before load is put on it."""
    access = plan.access
    async with AsyncClient(
        plan.target,
        timeout_s=_ASK_S,
        tls=access.tls,
        token=access.token,
        allow_plaintext_token=access.allow_plaintext_token,
    ) as client:
        info, models = await client.server_info(), await client.list_models()
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    return Circumstances(started_at, info.version, models)


@contextmanager
def _interrupts(stop: asyncio.Event) -> Iterator[None]:
    """Ctrl-C ends the measuring, not the command."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, stop.set)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)


def _show(report: Report, circumstances: Circumstances, *, is_stdout_taken: bool) -> None:
    Console(stderr=is_stdout_taken, highlight=False).print(render(report, circumstances))


def _write(report: Report, circumstances: Circumstances, place: str, *, has_raw: bool) -> None:
    text = json.dumps(as_tree(report, circumstances, has_raw=has_raw), indent=2) + "\n"
    if place == _STDOUT:
        sys.stdout.write(text)
    else:
        Path(place).write_text(text, encoding="utf-8")


def _fail(message: str) -> int:
    sys.stderr.write(f"inkstream: {message}\n")
    return 1
