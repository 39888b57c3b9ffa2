"""Keeps one place in a pool filled: starts its worker process and replaces it when it dies."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from inkstream_server.workers.channel import Finished
from inkstream_server.workers.model_tasks import LoadedModel
from inkstream_server.workers.role import Launch
from inkstream_server.workers.worker import Worker, WorkerDied, WorkerStartFailed

_log = logging.getLogger(__name__)

_FIRST_BACK_OFF_S: Final = 0.05
_LONGEST_BACK_OFF_S: Final = 10.0
# A worker that lived this long was well; its death says nothing about the next one.
_WELL_AFTER_S: Final = 30.0
# A worker ends as soon as it may, but for the batch that it has; of that nobody waits for the end.
_END_S: Final = 2.0


class WorkerHung(Exception):
    """The worker took longer than the batch was allowed, and was killed."""


class WorkerAway(Exception):
    """There is no worker in the slot just now; the batch was not begun, and is not to blame."""


class WorkerSlot:
    """A place for one worker. One task at a time runs batches on it."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._worker: Worker | None = None
        self._ready = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

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
        """Run one batch. Raises WorkerAway, WorkerDied, or WorkerHung past `limit_s`.

        Once one of them is raised no process has the batch, and what it wrote to will change no
        more.
        """
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
            await worker.kill()
            self._note_end_of(worker)
            raise WorkerHung(f"{self.name} was killed after {limit_s:g} s with one batch") from None
        except WorkerDied:
            self._note_end_of(worker)
            raise

    def is_over(self, memory_bytes: int) -> bool:
        """Whether a worker of this size is to be replaced."""
        return memory_bytes > self._launch.memory_limit_bytes

    async def retire(self) -> None:
        """End the worker between two batches; another one takes its place."""
        worker = self._worker
        if worker is not None:
            self._note_end_of(worker)
            await worker.close()

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
        if worker is None:
            return
        try:
            async with asyncio.timeout(_END_S):
                await worker.close()
        except TimeoutError:
            await worker.kill()

    def _note_end_of(self, worker: Worker | None) -> None:
        """Let nobody try this worker again, should its keeper not know yet that it is gone."""
        if self._worker is worker:
            self._ready.clear()

    async def _keep(self) -> None:
        back_off_s = _FIRST_BACK_OFF_S
        while True:
            started_at = time.monotonic()
            try:
                await self._see_off()
                if time.monotonic() - started_at > _WELL_AFTER_S:
                    back_off_s = _FIRST_BACK_OFF_S
                back_off_s = await self._replace(back_off_s)
                self._ready.set()
            except Exception:  # noqa: BLE001 - the task's boundary: no slot is lost to a bug
                _log.exception("%s could not be replaced; that is tried again", self.name)
                await asyncio.sleep(_LONGEST_BACK_OFF_S)

    async def _see_off(self) -> None:
        """Wait for the worker's end, and leave the slot empty."""
        if self._worker is None:
            return
        await self._worker.wait()
        self._ready.clear()
        _log.warning("%s; it is being replaced", await self._worker.describe_end())
        await self._worker.close()
        self._worker = None

    async def _replace(self, back_off_s: float) -> float:
        while self._worker is None:
            await asyncio.sleep(back_off_s)
            back_off_s = min(2 * back_off_s, _LONGEST_BACK_OFF_S)
            try:
                self._worker = await Worker.start(self._launch)
            except WorkerStartFailed as error:
                _log.error("%s; next try in %.1f s", error, back_off_s)
        _log.info("%s is back (pid %d)", self.name, self._worker.pid)
        return back_off_s
