"""Gives an HTTP answer an hour by which it must be there: a time-out alone begins anew with each
byte."""

from __future__ import annotations

import io
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from socket import socket
from typing import TYPE_CHECKING, TypeAlias, cast

if TYPE_CHECKING:
    from typing_extensions import Buffer

_Connect: TypeAlias = Callable[..., HTTPConnection]


def handler(until: float) -> urllib.request.BaseHandler:
    """For a urllib opener: what it opens ends at `until`, on the clock that only goes on."""
    return _Http(until)


class _Http(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    def __init__(self, until: float) -> None:
        super().__init__()
        self._until = until

    def do_open(
        self, http_class: _Connect, req: urllib.request.Request, **settings: object
    ) -> HTTPResponse:
        return super().do_open(partial(_connection, http_class, self._until), req, **settings)


def _connection(connect: _Connect, until: float, host: str, **settings: object) -> HTTPConnection:
    connection = connect(host, **settings)
    connection.response_class = cast("type[HTTPResponse]", partial(_Answer, until))
    return connection


class _Answer(HTTPResponse):
    """Head and body are read through the same reader, so that neither outlasts the hour."""

    def __init__(
        self, until: float, sock: socket, debuglevel: int = 0, method: str | None = None
    ) -> None:
        super().__init__(sock, debuglevel, method)
        self.fp = io.BufferedReader(_TimedReads(self.fp.detach(), sock, until))


class _TimedReads(io.RawIOBase):
    """Waits for the next bytes as long as the socket would, and never past the hour."""

    def __init__(self, raw: io.RawIOBase, sock: socket, until: float) -> None:
        self._raw = raw
        self._sock = sock
        self._stall_s = sock.gettimeout()
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, into: Buffer) -> int | None:
        left_s = self._until - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("it took too long")
        self._sock.settimeout(left_s if self._stall_s is None else min(left_s, self._stall_s))
        return self._raw.readinto(into)

    def close(self) -> None:
        self._raw.close()
        super().close()
