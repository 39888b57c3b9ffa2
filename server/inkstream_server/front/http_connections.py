"""Bounds how many connections HTTP has; what is said on those that are let in is not known here.

A connection takes a file descriptor, and gRPC and the workers live on the same ones.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Final, cast

from aiohttp import web

_REFUSAL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
)
_REFUSED: Final = b'{"errorCode": 503, "errorMsg": "The server has too many connections"}'


def connection_limit(wanted: int) -> int:
    """As many as are wanted, but no more than half of what this process may have open."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if most == resource.RLIM_INFINITY else max(1, min(wanted, most // 2))


class Door(asyncio.Protocol):
    """One connection as it is made: given to the server, or refused where that has enough."""

    def __init__(self, server: web.Server, max_connections: int) -> None:
        self._server = server
        self._max_connections = max_connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if len(self._server.connections) < self._max_connections:
            handler = self._server()
            transport.set_protocol(handler)
            handler.connection_made(transport)
            return
        refused = cast(asyncio.Transport, transport)  # a protocol of a stream has no other
        refused.write(_REFUSAL % (len(_REFUSED), _REFUSED))
        refused.close()
