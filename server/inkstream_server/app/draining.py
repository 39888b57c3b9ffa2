"""How a server goes away: who is told when, and what calls in flight are given. Not what follows.

A gRPC server that stops tells its connections to go elsewhere, and cancels what comes before they
know. So it does that last, when nothing comes any more; see docs/decisions/043.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from contextlib import suppress
from typing import Final

from inkstream_server.app.build import Parts
from inkstream_server.front.listening import FrontConfig

_log = logging.getLogger(__name__)

# For the statuses of calls that were ended to reach their callers.
LAST_WORDS_S: Final = 1.0
_LOOK_AGAIN_S: Final = 0.02
# No call has come for so long: who heeds health checks has gone, and who was refused backs off.
_QUIET_S: Final = 0.1
# Who goes on calling is sent away all the same: while he is connected he finds no other server.
_REFUSED_AT_MOST_S: Final = 1.0


class Stopping:
    """Counts how often the server is asked to end: first it drains, then it ends at once."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurried = asyncio.Event()

    def obey_signals(self) -> None:
        """Take SIGTERM and SIGINT, which only a process's main thread may, as asking."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.ask)

    def ask(self) -> None:
        if self.asked.is_set():
            self.hurried.set()
        self.asked.set()


async def drain(parts: Parts, config: FrontConfig, stopping: Stopping) -> None:
    """Tell that the server ends, let calls in flight finish, and end those that do not."""
    _log.info(
        "draining: %d documents inside, new ones for %g s more, then at most %g s",
        parts.admission.document_count, config.drain_announce_s, config.drain_grace_s,
    )  # fmt: skip
    await parts.grpc.set_serving(is_serving=False)
    hurry = asyncio.create_task(stopping.hurried.wait())
    await asyncio.wait([hurry], timeout=config.drain_announce_s)
    parts.admission.close()
    leaving = asyncio.create_task(_leave(parts, config.drain_grace_s))
    await asyncio.wait(
        [leaving, hurry], timeout=config.drain_grace_s, return_when=asyncio.FIRST_COMPLETED
    )
    for waiting in (leaving, hurry):
        waiting.cancel()
    parts.calls.end_all()
    await parts.grpc.stop(LAST_WORDS_S)


async def _leave(parts: Parts, grace_s: float) -> None:
    """Until no call is left. Connections are sent away as soon as that costs nobody a call."""
    await _quiet(parts)
    stopped = asyncio.create_task(parts.grpc.stop(grace_s + LAST_WORDS_S))
    try:
        await _answered(parts)
    finally:
        stopped.cancel()


async def _quiet(parts: Parts) -> None:
    until = time.monotonic() + _REFUSED_AT_MOST_S
    while (now := time.monotonic()) < until and now - parts.calls.last_came_at < _QUIET_S:  # noqa: ASYNC110 - once a life
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _answered(parts: Parts) -> None:
    """Until no document is inside and every answer is taken."""
    while parts.admission.document_count or parts.calls.is_sending:  # noqa: ASYNC110 - once a life
        await asyncio.sleep(_LOOK_AGAIN_S)
    with suppress(TimeoutError):  # a stream may stay open without a document
        async with asyncio.timeout(LAST_WORDS_S):
            await parts.calls.ended()
