"""The line that shows a run while it goes on. On a terminal only, on standard error."""

from __future__ import annotations

import asyncio
import sys
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.text import Text

from inkstream.load.course import Phase
from inkstream.load.driver import LoadDriver
from inkstream.load.plan import LoadPlan, Requests
from inkstream.load.run import Progress

_EVERY_S: Final = 0.25


async def show_live(driver: LoadDriver, plan: LoadPlan) -> None:
    """Until it is cancelled; then the line is gone."""
    console = Console(stderr=True)
    # Rich alone would also take FORCE_COLOR for a terminal, and draw into a dumb one.
    if not (sys.stderr.isatty() and console.is_interactive):
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while True:
            text = line(driver.progress, plan, driver.now_s())
            live.update(Text(text, no_wrap=True, overflow="ellipsis"), refresh=True)
            await asyncio.sleep(_EVERY_S)


def line(progress: Progress, plan: LoadPlan, now_s: float) -> str:
    return " · ".join(
        (
            _where(progress, plan, now_s),
            f"{len(progress.outcomes):,} requests",
            f"{progress.page_count:,} pages",
            f"{progress.page_count / now_s if now_s > 0 else 0.0:.1f} pages/s",
            f"{progress.in_flight_count} in flight",
            f"{progress.failed_count} failed",
        )
    )


def _where(progress: Progress, plan: LoadPlan, now_s: float) -> str:
    phase = progress.course.phase_at(now_s)
    if phase is Phase.OVER:
        return "waiting for the last answers"
    begins_at_s = progress.course.begins_at_s
    if phase is Phase.WARM_UP or begins_at_s is None:
        return f"warm-up {now_s:.0f} s"
    if isinstance(plan.measured, Requests):
        done_count = sum(outcome.phase is Phase.MEASURED for outcome in progress.outcomes)
        return f"measuring {done_count:,} of {plan.measured.count:,} requests"
    return f"measuring {now_s - begins_at_s:.0f} of {plan.measured.count:g} s"
