"""Fetches a file from a URL for whoever asks to have it read, within limits of time and size."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from http.client import HTTPException, HTTPResponse
from typing import Final

# Between two pieces, and for all of them.
_SILENCE_S: Final = 30.0
_WHOLE_S: Final = 300.0
MAX_BYTES: Final = 1 << 30
_PIECE_BYTES: Final = 1 << 18


class DownloadFailed(OSError):
    """The file could not be fetched; the message says from where and why."""


def download(url: str, max_bytes: int = MAX_BYTES, *, whole_s: float = _WHOLE_S) -> bytes:
    """The file's bytes. Follows redirects, to http and https alone. Raises DownloadFailed."""
    try:
        with _opener().open(url, timeout=min(_SILENCE_S, whole_s)) as response:
            return b"".join(_within(_pieces(response), max_bytes, time.monotonic() + whole_s))
    except urllib.error.HTTPError as error:
        with error:
            raise DownloadFailed(f"cannot fetch {url}: HTTP {error.code} {error.reason}") from error
    except (OSError, ValueError, HTTPException) as error:  # also time-outs, and a URL that is none
        reason = getattr(error, "reason", None) or error
        raise DownloadFailed(f"cannot fetch {url}: {reason}") from error


def _pieces(response: HTTPResponse) -> Iterator[bytes]:
    while piece := response.read1(_PIECE_BYTES):
        yield piece


def _within(pieces: Iterable[bytes], max_bytes: int, give_up_at: float) -> Iterator[bytes]:
    size_bytes = 0
    for piece in pieces:
        size_bytes += len(piece)
        if size_bytes > max_bytes:
            raise ValueError(f"it has more than {max_bytes} bytes")
        if time.monotonic() > give_up_at:
            raise TimeoutError("it takes too long")
        yield piece


def _opener() -> urllib.request.OpenerDirector:
    """Of the default one what speaks HTTP: a redirect must not lead to ftp: or file:."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    opener.addheaders = [("User-Agent", "inkstream")]
    return opener
