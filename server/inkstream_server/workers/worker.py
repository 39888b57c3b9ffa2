"""One worker process, as the server sees it: started, given a batch at a time, gone one day."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
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
from inkstream_server.workers.model_tasks import LoadedModel
from inkstream_server.workers.role import Launch

_GONE: Final = (asyncio.IncompleteReadError, ConnectionError)


class WorkerStartFailed(Exception):
    """A worker process could not start; the message is the real cause."""


class WorkerDied(Exception):
    """The process ended while it held a batch."""


class Worker:
    """A live process. It is used by one task at a time."""

    def __init__(
        self,
        name: str,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.name = name
        self.models: tuple[LoadedModel, ...] = ()
        self._process = process
        self._reader = reader
        self._writer = writer

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
        ours, theirs = socket.socketpair()
        with theirs:
            reader, writer = await asyncio.open_unix_connection(sock=ours)
            try:
                process = await _spawn(launch, theirs)
            except BaseException:
                writer.close()
                raise
        return cls(launch.name, process, reader, writer)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process is known to be gone."""
        return self._process.returncode is not None or self._reader.at_eof()

    async def run(self, key: object, items: tuple[object, ...]) -> Finished:
        """Run one batch. Raises WorkerDied."""
        try:
            await self._send(Run(key, items))
            answer = await receive(self._reader)
        except _GONE as error:
            raise WorkerDied(await self.describe_end()) from error
        assert isinstance(answer, Finished), answer
        return answer

    def tell(self, item: object) -> None:
        """Let the worker know something, after what it does now."""
        self._writer.write(encode(Tell(item)))

    async def wait(self) -> None:
        """Until the process has ended."""
        await self._process.wait()

    async def kill(self) -> None:
        """End the process at once, and wait until it is gone: it writes no memory after this."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self.close()

    async def close(self) -> None:
        """Let the process end by itself, which it does when the channel closes."""
        self._writer.close()
        with contextlib.suppress(*_GONE):
            await self._writer.wait_closed()
        await self._process.wait()

    async def describe_end(self) -> str:
        """How the process ended, for the log."""
        status = await self._process.wait()
        if status < 0:
            return f"{self.name} (pid {self.pid}) was killed by {_signal_name(-status)}"
        return f"{self.name} (pid {self.pid}) ended with status {status}"

    async def _greet(self, launch: Launch) -> None:
        try:
            await self._send(Tell(launch))
            answer = await receive(self._reader)
        except _GONE as error:
            raise WorkerStartFailed(f"{await self.describe_end()} while it started") from error
        match answer:
            case Ready(models=models):
                self.models = models
            case StartFailed(error=OcrError() as cause):
                raise WorkerStartFailed(cause.message) from cause
            case StartFailed(trace=trace):
                raise WorkerStartFailed(f"{self.name} could not start:\n{trace}")
            case _:
                raise AssertionError(answer)

    async def _send(self, message: Message) -> None:
        self._writer.write(encode(message))
        await self._writer.drain()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal has a number only
        return f"signal {number}"


async def _spawn(launch: Launch, channel: socket.socket) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "inkstream_server.workers.process",
        str(channel.fileno()),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),  # inference libraries print; stdout is the command's
        pass_fds=[channel.fileno(), *(each.descriptor for each in launch.segments)],
        env={**os.environ, **launch.environment},
    )
