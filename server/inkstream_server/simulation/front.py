"""The front process: one event loop, whose work on requests, lines and batches takes a core's time.

It knows what that work costs. What is to be done is decided by the processes that ask for it.
"""

from __future__ import annotations

from pydantic import BaseModel, Field

from inkstream_server.simulation.clock import Clock, Steps
from inkstream_server.simulation.cores import Cores, Turns

# A page comes by this often: to be measured, drawn, detected, found, cut, recognised, answered.
PASSES_OF_A_PAGE = 7


class FrontCosts(BaseModel, frozen=True, extra="forbid"):
    """Seconds of one core that the front takes, all told, for each of these."""

    # A call: its message read, the document admitted and stored, the call ended.
    document_s: float = Field(default=0.0, ge=0.0)
    # A page without a line: its tasks sent and outcomes read, its answer written.
    page_s: float = Field(default=0.0, ge=0.0)
    # A line more: queued, sent to a worker in a batch, its outcome read and written.
    line_s: float = Field(default=0.0, ge=0.0)


class Front:
    """Does one thing at a time, in order of arrival."""

    def __init__(self, clock: Clock, cores: Cores, costs: FrontCosts) -> None:
        self._cores = cores
        self._loop = Turns(clock)
        self.costs = costs

    @property
    def busy_s(self) -> float:
        return self._loop.busy_s

    def spend(self, work_s: float) -> Steps[None]:
        """Take this much of its time."""
        if work_s > 0.0:
            yield from self._loop.do(self._cores.compute(work_s)).wait()

    def pass_page(self, line_count: int = 0) -> Steps[None]:
        """Take what one pass of a page, or the queueing of so many of its lines, costs."""
        costs = self.costs
        yield from self.spend(costs.page_s / PASSES_OF_A_PAGE + line_count * costs.line_s / 2)

    def settle(self, line_count: int) -> Steps[None]:
        """Take what the outcomes of so many lines cost."""
        yield from self.spend(line_count * self.costs.line_s / 2)
