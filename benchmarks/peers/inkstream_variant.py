"""Inkstream, served from the environment that runs the comparison, over gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from inkstream import AsyncClient, Client
from peers.variant import Lines, Reading, read_concurrently
from served import WITHOUT_ORIENTATION, RunningServer, running_server


class InkstreamVariant:
    """A server that runs. A round has one connection."""

    def __init__(self, name: str, server: RunningServer) -> None:
        self.name = name
        self.pid = server.process.pid
        self._target = server.target
        with Client(server.target) as client:
            models = client.list_models()
        self.about = "; ".join(
            f"{model.module} on {model.engine} in {model.precision}"
            for model in models
            if model.module in ("text_detection", "text_recognition")
        )

    def read(self, contents: Sequence[bytes]) -> Reading:
        return asyncio.run(self._read(contents))

    async def _read(self, contents: Sequence[bytes]) -> Reading:
        async with AsyncClient(self._target) as client:

            async def read(content: bytes) -> Lines:
                return tuple(line.text for line in (await client.recognize(content)).lines)

            return await read_concurrently(contents, read)


@contextmanager
def serving_inkstream(name: str, *flags: str) -> Iterator[InkstreamVariant]:
    with running_server(*WITHOUT_ORIENTATION, *flags) as server:
        yield InkstreamVariant(name, server)
