"""One worker process, as the server sees it: started, given a batch at a time, gone one day."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from typing import Final, Self

from inkstream_server.errors import OcrError
from inkstream_server.workers.channel import (
    Finished,
    Message,
    Ready,
    Run,
    StartFailed,
    Tell,
    encode,
    receive,
)
from inkstream_server.workers.heartbeat import Heartbeat
from inkstream_server.workers.loss import Loss, WorkerLost, loss_by_status
from inkstream_server.workers.model_tasks import LoadedModel
from inkstream_server.workers.process_facts import cpu_seconds, own_memory_bytes
from inkstream_server.workers.pulse import Signs
from inkstream_server.workers.role import Launch

# Not sys.stderr's: what stands there in a notebook may have none.
_STDERR: Final = 2
_GONE: Final = (asyncio.IncompleteReadError, ConnectionError)


class WorkerStartFailed(Exception):
    """A worker process could not start; the message is the real cause."""


class Worker:
    """A live process. It is used by one task at a time."""

    def __init__(
        self,
        name: str,
        process: asyncio.subprocess.Process,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        heartbeat: Heartbeat,
    ) -> None:
        self.name = name
        self.models: tuple[LoadedModel, ...] = ()
        # What it had in memory for itself when it was ready.
        self.warm_bytes = 0
        self.finished_count = 0
        self._process = process
        self._reader, self._writer = streams
        self._heartbeat = heartbeat
        self._is_busy = False
        self._loss: Loss | None = None

    @classmethod
    async def start(cls, launch: Launch) -> Self:
        """A worker that is warm. Raises WorkerStartFailed with what went wrong."""
        try:
            worker = await cls._connect(launch)
        except OSError as error:  # no descriptor, process or memory left
            raise WorkerStartFailed(f"{launch.name} could not start: {error}") from error
        try:
            async with asyncio.timeout(launch.start_limit_s):
                await worker._greet(launch)
        except TimeoutError:
            await worker.kill()
            raise WorkerStartFailed(
                f"{launch.name} was not ready after {launch.start_limit_s:g} s"
            ) from None
        except BaseException:
            await worker.kill()
            raise
        return worker

    @classmethod
    async def _connect(cls, launch: Launch) -> Self:
        with contextlib.ExitStack() as undo:
            heartbeat = Heartbeat()
            undo.callback(heartbeat.close)
            ours, theirs = socket.socketpair()
            with theirs:
                streams = await asyncio.open_unix_connection(sock=ours)
                undo.callback(streams[1].close)
                process = await _spawn(launch, theirs.fileno(), heartbeat.descriptor)
            undo.pop_all()
        return cls(launch.name, process, streams, heartbeat)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process is known to be gone."""
        return self._process.returncode is not None or self._reader.at_eof()

    @property
    def memory_bytes(self) -> int:
        """What the process has for itself now, without shared memory."""
        return own_memory_bytes(self.pid)

    async def run(self, key: object, items: tuple[object, ...]) -> Finished:
        """Run one batch. Raises WorkerLost."""
        self._is_busy = True
        try:
            await self._send(Run(key, items))
            answer = await receive(self._reader)
        except _GONE as error:
            raise await self.lost() from error
        finally:
            self._is_busy = False
        assert isinstance(answer, Finished), answer
        self.finished_count += 1
        return answer

    def tell(self, item: object) -> None:
        """Let the worker know something, after what it does now."""
        self._writer.write(encode(Tell(item)))

    async def wait(self) -> None:
        """Until the process has ended."""
        await self._process.wait()

    async def kill(self, why: Loss | None = None) -> None:
        """End the process at once, and wait until it is gone: it writes no memory after this.

        A caller who is cancelled meanwhile is so when it is gone.
        """
        self._note(why)
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        closing = asyncio.create_task(self.close())
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await closing
            raise

    async def close(self, why: Loss | None = None) -> None:
        """Let the process end by itself, which it does when the channel closes."""
        self._note(why)
        self._writer.close()
        with contextlib.suppress(*_GONE):
            await self._writer.wait_closed()
        await self._process.wait()
        self._heartbeat.close()

    async def lost(self) -> WorkerLost:
        """How the process ended, once it has: what its exit status says, but where we ended it."""
        status = await self._process.wait()
        loss = self._loss or loss_by_status(status)
        return WorkerLost(f"{self.name} (pid {self.pid}) {loss.how}", loss.cause)

    def signs(self) -> Signs:
        """The signs of life since this was last asked for."""
        return Signs(self._heartbeat.take(), cpu_seconds(self.pid), self._is_busy)

    def _note(self, why: Loss | None) -> None:
        """Keep why it is ended. Who ended before that did so by himself; the first reason holds."""
        if not self.has_ended:
            self._loss = self._loss or why

    async def _greet(self, launch: Launch) -> None:
        try:
            await self._send(Tell(launch))
            answer = await receive(self._reader)
        except _GONE as error:
            raise WorkerStartFailed(f"{await self.lost()} while it started") from error
        match answer:
            case Ready(models=models):
                self.models = models
                self.warm_bytes = self.memory_bytes
            case StartFailed(error=OcrError() as cause):
                raise WorkerStartFailed(cause.message) from cause
            case StartFailed(trace=trace):
                raise WorkerStartFailed(f"{self.name} could not start:\n{trace}")
            case _:
                raise AssertionError(answer)

    async def _send(self, message: Message) -> None:
        self._writer.write(encode(message))
        await self._writer.drain()


async def _spawn(launch: Launch, *descriptors: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "inkstream_server.workers.process",
        *map(str, descriptors),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=_STDERR,  # inference libraries print; stdout is the command's
        pass_fds=[*descriptors, *(each.descriptor for each in launch.segments)],
        env={**os.environ, **launch.environment},
    )
