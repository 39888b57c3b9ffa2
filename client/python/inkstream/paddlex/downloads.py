"""Fetches a file from a URL for whoever asks to have it read, within limits of time and size."""

from __future__ import annotations

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    InvalidURL,
    responses,
)
from typing import Final, TypeAlias
from urllib.parse import urlsplit

Watch: TypeAlias = "Callable[[socket.socket | None], None]"

# Between two pieces, and for all of them.
_SILENCE_S: Final = 30.0
_WHOLE_S: Final = 300.0
MAX_BYTES: Final = 1 << 30
_PIECE_BYTES: Final = 1 << 18


class DownloadFailed(OSError):
    """The file could not be fetched; the message says from where and why, without secrets."""


class _GivenUp(Exception):
    """It could go on, and must not."""


def download(url: str, max_bytes: int = MAX_BYTES, *, whole_s: float = _WHOLE_S) -> bytes:
    """The file's bytes. Follows redirects, to http and https alone. Raises DownloadFailed."""
    return Download(url, max_bytes, whole_s).run()


class Download:
    """One file, to be fetched once. `stop` may be called from any thread, and ends `run` soon."""

    def __init__(self, url: str, max_bytes: int = MAX_BYTES, whole_s: float = _WHOLE_S) -> None:
        self._url = url
        self._max_bytes = max_bytes
        self._whole_s = whole_s
        self._lock = threading.Lock()
        # The connection, also while TLS is being agreed on, so that it can be cut.
        self._connection: socket.socket | None = None
        self._ended_for = ""

    def run(self) -> bytes:
        """As `download`."""
        late = threading.Timer(self._whole_s, self._end, ["it takes too long"])
        late.daemon = True
        late.start()
        try:
            return self._fetch()
        except (OSError, ValueError, HTTPException, _GivenUp) as error:
            reason = self._ended_for or _reason(error)
            # The cause may tell what the URL has to hide.
            raise DownloadFailed(f"cannot fetch {_without_secrets(self._url)}: {reason}") from None
        finally:
            late.cancel()
            self._watch(None)

    def stop(self) -> None:
        self._end("it is no longer wanted")

    def _fetch(self) -> bytes:
        self._check()
        if "@" in urlsplit(self._url).netloc:
            raise _GivenUp("a user in a URL is not supported")
        timeout_s = min(_SILENCE_S, self._whole_s)
        with _opener(self._watch).open(self._url, timeout=timeout_s) as response:
            content = b"".join(_within(_pieces(response), self._max_bytes))
        self._check()  # a connection that was cut looks like the end
        return content

    def _check(self) -> None:
        if self._ended_for:
            raise _GivenUp(self._ended_for)

    def _end(self, reason: str) -> None:
        with self._lock:
            self._ended_for = self._ended_for or reason
            self._cut()

    def _watch(self, connection: socket.socket | None) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None if connection is None else connection.dup()
            if self._ended_for:
                self._cut()

    def _cut(self) -> None:
        if self._connection is not None:
            with suppress(OSError):  # it has ended by itself
                self._connection.shutdown(socket.SHUT_RDWR)


def _reason(error: Exception) -> object:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return f"HTTP {error.code} {responses.get(error.code, '')}".rstrip()
    if isinstance(error, ValueError | InvalidURL):
        return "it is no valid URL"
    return getattr(error, "reason", None) or error


def _without_secrets(url: str) -> str:
    """The scheme, host and path: a query may be a signature."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"{url.partition(':')[0]}://…"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _pieces(response: HTTPResponse) -> Iterator[bytes]:
    while piece := response.read1(_PIECE_BYTES):
        yield piece


def _within(pieces: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    size_bytes = 0
    for piece in pieces:
        size_bytes += len(piece)
        if size_bytes > max_bytes:
            raise _GivenUp(f"it has more than {max_bytes} bytes")
        yield piece


class _Watched(HTTPConnection):
    """Tells of its socket as soon as it is connected, before anything is said on it."""

    watch: Watch

    def connect(self) -> None:
        super().connect()
        self.watch(self.sock)


class _WatchedTls(HTTPSConnection, _Watched):
    """Likewise: it connects by way of the class after it, and only then agrees on TLS."""


class _Http(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(self._connection(_Watched), req)

    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(self._connection(_WatchedTls), req)

    def _connection(self, kind: type[_Watched]) -> Callable[..., HTTPConnection]:
        def begin(host: str, *, timeout: float) -> HTTPConnection:
            connection = kind(host, timeout=timeout)
            connection.watch = self._watch
            return connection

        return begin


def _opener(watch: Watch) -> urllib.request.OpenerDirector:
    """Of the default one what speaks HTTP: a redirect must not lead to ftp: or file:."""
    opener = urllib.request.OpenerDirector()
    opener.add_handler(_Http(watch))
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    opener.addheaders = [("User-Agent", "inkstream")]
    return opener
