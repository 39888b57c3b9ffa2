"""What a measuring worker can be asked, as values, without the code that does it."""

from __future__ import annotations

from dataclasses import dataclass

from inkstream_server.workers.task import Task


@dataclass(frozen=True, slots=True)
class Timing:
    """Medians over the batches that one worker ran; `engine_s` is the bare call of the engine.

    `waited_share` is the share of all the time that the worker stood ready and had no core.
    """

    batch_s: float
    engine_s: float
    waited_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Measure(Task[Timing]):
    """Run batches of `count` made-up items, one after the other for `for_s`, and one at least.

    The batch's key is the `ModelBucket` that the items are of.
    """

    count: int
    for_s: float
