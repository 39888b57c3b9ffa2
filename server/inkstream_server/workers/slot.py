"""Keeps one place in a pool filled: starts its worker process and replaces it when it dies."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Final

from inkstream_server.workers.channel import Finished
from inkstream_server.workers.loss import Cause, Loss, WorkerLost
from inkstream_server.workers.model_tasks import LoadedModel
from inkstream_server.workers.pulse import Pulse, beat_interval_s
from inkstream_server.workers.role import Launch, RoleSpec
from inkstream_server.workers.watermark import watermark_bytes
from inkstream_server.workers.worker import Worker, WorkerStartFailed

_log = logging.getLogger(__name__)

_FIRST_BACK_OFF_S: Final = 0.05
_LONGEST_BACK_OFF_S: Final = 10.0
# A worker that lived this long, or finished a batch, was well; its end says nothing about the next.
_WELL_AFTER_S: Final = 30.0
# A worker ends as soon as it may, but for the batch that it has; of that nobody waits for the end.
_END_S: Final = 2.0


class WorkerAway(Exception):
    """There is no worker in the slot just now; the batch was not begun, and is not to blame."""


def _tell_nobody(cause: str) -> None:
    del cause


@dataclass(frozen=True, slots=True)
class Successor:
    """A warm worker that may take another's place, and what it was started from."""

    launch: Launch
    worker: Worker


async def end(worker: Worker) -> None:
    """End a worker that nobody uses any more."""
    try:
        async with asyncio.timeout(_END_S):
            await worker.close()
    except TimeoutError:
        await worker.kill()


class WorkerSlot:
    """A place for one worker. One task at a time runs batches on it.

    `on_loss` is told the cause of every worker's end, but for those that `stop` ends.
    """

    def __init__(self, launch: Launch, on_loss: Callable[[str], None] = _tell_nobody) -> None:
        self.failed_start_count = 0
        """How often in a row no worker could be started."""
        self.start_failure: WorkerStartFailed | None = None
        """Why the last one of them could not; None once one could."""
        self._launch = launch
        self._on_loss = on_loss
        self._worker: Worker | None = None
        self._ready = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._between_batches = asyncio.Lock()

    @property
    def is_ready(self) -> bool:
        """Whether a warm worker is there."""
        return self._ready.is_set()

    @property
    def name(self) -> str:
        return self._launch.name

    @property
    def pid(self) -> int | None:
        """The process now in the slot, None while there is none."""
        return self._worker.pid if self._worker is not None else None

    @property
    def memory_bytes(self) -> int:
        """What the worker has in memory for itself; 0 while there is none."""
        return self._worker.memory_bytes if self._worker is not None else 0

    async def start(self) -> tuple[LoadedModel, ...]:
        """Start the first worker; the models in it. Raises WorkerStartFailed."""
        self._worker = await Worker.start(self._launch)
        self._ready.set()
        _log.info("%s is ready (pid %d)", self.name, self._worker.pid)
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.name}")
        return self._worker.models

    async def wait_ready(self) -> None:
        """Until a warm worker is there."""
        await self._ready.wait()

    async def run(self, key: object, items: tuple[object, ...], *, limit_s: float) -> Finished:
        """Run one batch within `limit_s`. Raises WorkerAway or WorkerLost.

        Once one of them is raised no process has the batch, and what it wrote to will change no
        more.
        """
        async with self._between_batches:
            return await self._run(key, items, limit_s)

    async def _run(self, key: object, items: tuple[object, ...], limit_s: float) -> Finished:
        worker = self._worker
        if worker is None or worker.has_ended:
            self._note_end_of(worker)
            if worker is not None:
                await worker.kill()  # its channel may be closed while it hangs in its own end
            raise WorkerAway(f"{self.name} is being replaced")
        try:
            async with asyncio.timeout(limit_s):
                return await worker.run(key, items)
        except TimeoutError:
            self._note_end_of(worker)
            overdue = f"took longer than {limit_s:g} s for one batch and was killed"
            await worker.kill(Loss(Cause.OVERDUE, overdue))
            raise await worker.lost() from None
        except WorkerLost:
            self._note_end_of(worker)
            raise

    def is_over(self, memory_bytes: int) -> bool:
        """Whether a worker of this size is to be replaced."""
        warm_bytes = self._worker.warm_bytes if self._worker is not None else 0
        return memory_bytes > watermark_bytes(self._launch.memory_limit_bytes, warm_bytes)

    async def retire(self) -> None:
        """End the worker, which is over, between two batches; another one takes its place."""
        worker = self._worker
        if worker is not None:
            self._note_end_of(worker)
            size = f"had {worker.memory_bytes >> 20} MiB in memory and was ended"
            await worker.close(Loss(Cause.TOO_LARGE, size))

    async def prepare(self, spec: RoleSpec) -> Successor:
        """Start a worker of another recipe beside the one that is here. Raises WorkerStartFailed.

        Who is given it lets it `succeed`, or ends it.
        """
        launch = replace(self._launch, spec=spec)
        return Successor(launch, await Worker.start(launch))

    def idle(self) -> AbstractAsyncContextManager[None]:
        """Let no batch run within the block, which begins when the one that runs has ended."""
        return self._between_batches

    def succeed(self, successor: Successor) -> Worker | None:
        """Put another worker, and its recipe, in the place of the one that is here, which is idle.

        The old one is the caller's to end.
        """
        if self._keeper is not None:
            self._keeper.cancel()
        old, self._worker, self._launch = self._worker, successor.worker, successor.launch
        self.failed_start_count, self.start_failure = 0, None
        self._ready.set()
        _log.info("%s has new models (pid %d)", self.name, successor.worker.pid)
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.name}")
        return old

    def tell(self, item: object) -> None:
        if self._worker is not None:
            self._worker.tell(item)

    async def stop(self) -> None:
        """End the worker and leave the slot empty."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        worker, self._worker = self._worker, None
        self._ready.clear()
        if worker is not None:
            await end(worker)

    def _note_end_of(self, worker: Worker | None) -> None:
        """Let nobody try this worker again, should its keeper not know yet that it is gone."""
        if self._worker is worker:
            self._ready.clear()

    async def _keep(self) -> None:
        back_off_s = _FIRST_BACK_OFF_S
        while True:
            try:
                if await self._see_off():
                    back_off_s = _FIRST_BACK_OFF_S
                back_off_s = await self._replace(back_off_s)
                self._ready.set()
            except Exception:  # noqa: BLE001 - the task's boundary: no slot is lost to a bug
                _log.exception("%s could not be replaced; that is tried again", self.name)
                await asyncio.sleep(_LONGEST_BACK_OFF_S)

    async def _see_off(self) -> bool:
        """Wait for the worker's end, and leave the slot empty. Whether the worker had been well."""
        worker = self._worker
        if worker is None:
            return False
        came_at = time.monotonic()
        await self._watch(worker)
        self._ready.clear()
        end = await worker.lost()
        _log.warning("%s; it is being replaced", end)
        self._on_loss(end.cause.value)
        await worker.close()
        self._worker = None
        return worker.finished_count > 0 or time.monotonic() - came_at > _WELL_AFTER_S

    async def _watch(self, worker: Worker) -> None:
        """Until the worker's end, which is brought about where it gives no sign of life."""
        allowed_s = self._launch.heartbeat_timeout_s
        pulse = Pulse(allowed_s, now=time.monotonic())
        ended = asyncio.create_task(worker.wait(), name=f"end of {self.name}")
        try:
            while not ended.done():
                await asyncio.wait([ended], timeout=beat_interval_s(allowed_s))
                if pulse.has_stopped(worker.signs(), now=time.monotonic()):
                    self._note_end_of(worker)
                    silence = f"gave no sign of life for {allowed_s:g} s and was killed"
                    await worker.kill(Loss(Cause.SILENT, silence))
        finally:
            ended.cancel()

    async def _replace(self, back_off_s: float) -> float:
        while self._worker is None:
            await asyncio.sleep(back_off_s)
            back_off_s = min(2 * back_off_s, _LONGEST_BACK_OFF_S)
            try:
                self._worker = await Worker.start(self._launch)
            except WorkerStartFailed as error:
                self.failed_start_count += 1
                self.start_failure = error
                _log.error("%s; next try in %.1f s", error, back_off_s)
        self.failed_start_count = 0
        self.start_failure = None
        _log.info("%s is back (pid %d)", self.name, self._worker.pid)
        return back_off_s
