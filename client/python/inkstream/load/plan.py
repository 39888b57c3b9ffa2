"""What a load run is to do. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from inkstream.access import PLAIN, Access
from inkstream.load.arrivals import Arrivals
from inkstream.load.mix import Source
from inkstream.options import Options, PageOrder


@dataclass(frozen=True, slots=True)
class Seconds:
    count: float


@dataclass(frozen=True, slots=True)
class Requests:
    count: int


Extent: TypeAlias = Seconds | Requests
"""How long a phase of a run lasts."""


@dataclass(frozen=True, slots=True)
class ClosedLoop:
    """So many callers, each of whom sends the next request when the last one is answered."""

    concurrency: int


@dataclass(frozen=True, slots=True)
class OpenLoop:
    """Requests that come when they come, whether the last ones are answered or not.

    A request that is due while `max_in_flight` are unanswered waits for room.
    """

    rate_per_s: float
    arrivals: Arrivals
    max_in_flight: int


Pace: TypeAlias = ClosedLoop | OpenLoop


@dataclass(frozen=True, slots=True)
class CallSettings:
    """How each request is sent.

    `retry_limit`: how often a request that was refused with a RetryInfo is sent again, after the
    time it names; each attempt has its own `timeout_s`. `pages`, `dpi` and `order` are of PDFs.
    `options` are how pages are read; the priority stands beside them.
    """

    timeout_s: float
    retry_limit: int = 0
    priority: Literal["interactive", "batch"] | None = None
    pages: str = ""
    dpi: int = 0
    order: PageOrder = "document"
    options: Options = field(default_factory=lambda: Options())


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """A whole run: `warm_up` is driven the same way and not counted."""

    target: str
    sources: tuple[Source, ...]
    pace: Pace
    warm_up: Extent
    measured: Extent
    calls: CallSettings
    connection_count: int
    seed: int
    access: Access = PLAIN
