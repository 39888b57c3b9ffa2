"""Looks up the addresses of hosts in threads of its own. Which may be used is not decided here."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

_THREAD_COUNT: Final = 8


class OwnThreadsResolver(AbstractResolver):
    """Asks the system's resolver.

    It answers no sooner than it likes. In the event loop's threads, where documents are written
    into shared memory, a name server that is away would hold up those who name no URL.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREAD_COUNT, "resolver")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises OSError."""
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, _addresses, host, port, family
        )
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=kind,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, address in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _addresses(
    host: str, port: int, family: socket.AddressFamily
) -> list[tuple[socket.AddressFamily, str]]:
    """Of IPv6 those alone that need no scope: a link-local one is not public anyway."""
    try:
        found = socket.getaddrinfo(
            host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
    except UnicodeError as error:  # of a name with a label that is empty or too long
        raise OSError(f"{host!r} cannot be looked up") from error
    return [(kind, str(sockaddr[0])) for kind, _, _, _, sockaddr in found]
