"""Messages between the server and its workers: pickled values, each with its length before it.

Messages are small; pixels never travel here.
"""

from __future__ import annotations

import asyncio
import pickle
import socket
import struct
from dataclasses import dataclass
from typing import Final

from inkstream_server.errors import OcrError
from inkstream_server.workers.model_tasks import LoadedModel

_LENGTH: Final = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker's first message: it is warm, and these models are loaded in it."""

    models: tuple[LoadedModel, ...]


@dataclass(frozen=True, slots=True)
class StartFailed:
    """A worker's first message when it cannot start."""

    error: OcrError | None
    trace: str


@dataclass(frozen=True, slots=True)
class Run:
    """A batch to run. Its answer is one Finished."""

    key: object
    items: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Tell:
    """Something a worker should know. It has no answer."""

    item: object


@dataclass(frozen=True, slots=True)
class Finished:
    """One outcome for each item of the batch, in order: its result or its error.

    `memory_bytes` is what the process has for itself now, without shared memory.
    """

    outcomes: tuple[object, ...]
    busy_s: float
    memory_bytes: int = 0


Message = Ready | StartFailed | Run | Tell | Finished


def encode(message: Message) -> bytes:
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


async def receive(reader: asyncio.StreamReader) -> Message:
    """The next message; asyncio.IncompleteReadError where the other side is gone."""
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    return _decode(await reader.readexactly(length))


class BlockingChannel:
    """The worker's end."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._stream = connection.makefile("rb")

    def send(self, message: Message) -> None:
        self._connection.sendall(encode(message))

    def receive(self) -> Message | None:
        """The next message; None where the server is gone."""
        header = self._stream.read(_LENGTH.size)
        if len(header) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack(header)
        body = self._stream.read(length)
        return _decode(body) if len(body) == length else None


def _decode(body: bytes) -> Message:
    message: Message = pickle.loads(body)  # both ends are ours: a socket pair, not the network
    return message
