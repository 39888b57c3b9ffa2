"""A server's life: start, serve, drain, stop."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from typing import Final

from inkstream_server.app.build import Parts, build
from inkstream_server.app.draining import LAST_WORDS_S, Stopping, drain
from inkstream_server.app.outlook import Outlook, PoolState, PoolWatch
from inkstream_server.app.service_manager import tell_ready
from inkstream_server.app.starting import causes_told
from inkstream_server.app.tracing import close_tracing
from inkstream_server.config import ServerConfig
from inkstream_server.pipeline.dispatcher import Dispatcher

_log = logging.getLogger(__name__)

_LOOK_AT_POOLS_EVERY_S: Final = 0.5


async def run_server(config: ServerConfig) -> None:
    """Serve until SIGTERM or SIGINT, then let calls in flight finish. A second signal ends that.

    SIGHUP has the models read again, and those that have changed served.
    Raises OcrError where the server cannot start, or cannot go on.
    """
    stopping = Stopping()
    stopping.obey_signals()
    await serve_until(stopping, config, lambda: tell_ready(os.environ), takes_signals=True)


async def serve_until(
    stopping: Stopping,
    config: ServerConfig,
    on_serving: Callable[[], None],
    *,
    takes_signals: bool = False,
) -> None:
    """The same, until it is asked to stop. `on_serving` is called once calls are answered.

    `takes_signals`: SIGHUP is for it, which only a process's main thread may say.
    """
    parts = build(config)
    if takes_signals:
        parts.reloader.obey_signal()
    with causes_told():
        try:
            await _live(parts, config, stopping, on_serving)
        finally:
            parts.calls.end_all()  # there are none, but where it cannot go on
            await parts.grpc.stop(LAST_WORDS_S)
            await asyncio.gather(parts.cpu.stop(), parts.models.stop())
            await parts.http.stop()
            await parts.urls.close()
            await close_tracing(parts.tracing)
            _log.info("stopped")


async def _live(
    parts: Parts, config: ServerConfig, stopping: Stopping, on_serving: Callable[[], None]
) -> None:
    started_at = time.monotonic()
    await _listen(parts, config)
    async with asyncio.TaskGroup() as pools:
        warming = pools.create_task(_warm_up(parts))
        renewing = pools.create_task(parts.security.keep_up())
        ended = pools.create_task(stopping.asked.wait())
        await asyncio.wait([warming, ended], return_when=asyncio.FIRST_COMPLETED)
        if warming.done() and not ended.done():
            loops = [pools.create_task(pool.serve()) for pool in (parts.cpu, parts.models)]
            parts.admission.open()
            await parts.grpc.set_serving(is_serving=True)
            # They would bring in or open again what draining sends away and closes.
            until_drained = [
                pools.create_task(parts.reloader.serve(parts.models.slots, parts.loaded)),
                pools.create_task(_watch_pools(parts, config.workers.max_failed_starts)),
            ]
            _log.info("serving, %.1f s after the start", time.monotonic() - started_at)
            on_serving()
            await stopping.asked.wait()
            for task in until_drained:
                task.cancel()
            await drain(parts, config.server, stopping)
            for loop in loops:
                loop.cancel()
        warming.cancel()
        renewing.cancel()


async def _listen(parts: Parts, config: ServerConfig) -> None:
    await parts.grpc.start()
    if config.server.http_port is None:
        _log.info("listening: gRPC on %s", config.server.address)
        return
    await parts.http.start()
    _log.info("listening: gRPC on port %d, HTTP on port %d", parts.grpc.port, parts.http.port)


async def _warm_up(parts: Parts) -> None:
    table = await parts.tuner.table()  # first: it is measured while nothing else runs
    if table is not None:
        parts.policies.measured(table)
        parts.loads.measured(table)
    parts.policies.log()
    await parts.reloader.note_models()
    async with asyncio.TaskGroup() as starting:
        starting.create_task(parts.cpu.start())
        models = starting.create_task(parts.models.start())
    parts.loaded.extend(parts.reloader.marked(models.result()))
    parts.tell_models()
    for each in parts.loaded:
        _log.info(
            "warm: %s, engine %s on %s in %s, %d MiB in each worker",
            each.name, each.engine, each.device, each.precision, each.memory_bytes >> 20,
        )  # fmt: skip


async def _watch_pools(parts: Parts, max_failed_starts: int) -> None:
    """Say NOT_SERVING, and refuse calls, for as long as a pool stays without workers.

    Raises a group of WorkerStartFailed once no worker of a pool can be started any more.
    """
    watch = PoolWatch(max_failed_starts)
    while True:
        await asyncio.sleep(_LOOK_AT_POOLS_EVERY_S)
        pools = (parts.cpu, parts.models)
        outlook = watch.outlook([_state_of(pool) for pool in pools], now=time.monotonic())
        is_well = outlook is Outlook.SERVING
        if is_well != parts.admission.is_open:
            _log.warning("%s", "workers are back" if is_well else "a pool has no workers")
            parts.admission.open() if is_well else parts.admission.pause()
            await parts.grpc.set_serving(is_serving=is_well)
        if outlook is Outlook.HOPELESS:
            slots = [slot for pool in pools for slot in pool.slots]
            failures = [slot.start_failure for slot in slots if slot.start_failure is not None]
            raise ExceptionGroup("workers cannot be started any more", failures)


def _state_of(pool: Dispatcher) -> PoolState:
    return PoolState(
        has_workers=pool.has_workers,
        failed_start_counts=[slot.failed_start_count for slot in pool.slots],
    )
