"""Downloads one file, going on where an earlier try broke off. Unpacks and hashes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Final

from inkstream_server.errors import ModelArchiveRefused, PullFailed
from inkstream_server.models.http_get import Address, get
from inkstream_server.models.pace import Pace
from inkstream_server.models.partial import PartialFile
from inkstream_server.models.ranges import Body, RangeUnusable, body_of, range_headers

# How many bytes are here, of how many; None where the server does not tell.
Progress = Callable[[int, int | None], None]

_CHUNK_BYTES: Final = 1 << 18
# UnicodeError: of a host that cannot be looked up.
_NO_ANSWER: Final = (OSError, HTTPException, UnicodeError)


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """Every wait has an end: for a server that stands still, that trickles, that never ends.

    `max_resumptions`: how often a download that breaks off is taken up again by itself.
    """

    max_bytes: int = 2 << 30
    stall_s: float = 30.0
    min_bytes_per_s: float = 1000.0
    max_s: float = 6 * 3600.0
    max_resumptions: int = 5
    pause_s: float = 1.0
    keep_every_bytes: int = 8 << 20


USUAL_LIMITS: Final = DownloadLimits()


class _BrokeOff(Exception):
    """In the middle of the file. What came is kept."""


def download(
    address: Address,
    partial: PartialFile,
    *,
    limits: DownloadLimits = USUAL_LIMITS,
    progress: Progress = lambda done_bytes, total_bytes: None,
) -> None:
    """Make `partial` whole. PullFailed when it cannot be; then the next call goes on from there.

    ModelArchiveRefused, and nothing kept, for a file that is larger than it may be.
    """
    try:
        _Download(address, partial, limits, progress).run()
    except PullFailed as error:
        raise PullFailed(
            f"{address.url}: {error.message}; {_what_is_kept(partial)}", **error.facts
        ) from error
    except ModelArchiveRefused:
        partial.discard()
        raise


class _Download:
    def __init__(
        self, address: Address, partial: PartialFile, limits: DownloadLimits, progress: Progress
    ) -> None:
        self._address = address
        self._partial = partial
        self._limits = limits
        self._progress = progress
        self._give_up_at = time.monotonic() + limits.max_s

    def run(self) -> None:
        for resumptions_left in range(self._limits.max_resumptions, -1, -1):
            try:
                return self._fetch_rest()
            except RangeUnusable:
                self._partial.discard()
            except _BrokeOff as error:
                self._check_time()
                if not resumptions_left:
                    raise PullFailed(str(error)) from error
                time.sleep(self._limits.pause_s)
        raise PullFailed("the server's answers to requests for a part make no sense")

    def _fetch_rest(self) -> None:
        kept = self._partial.kept()
        if kept is not None and kept.size_bytes == kept.total_bytes:
            return
        headers = range_headers(kept)
        try:
            answer = get(
                self._address, headers, timeout_s=self._limits.stall_s, until=self._give_up_at
            )
        except _NO_ANSWER as error:
            self._check_time()
            raise PullFailed(f"no answer ({_cause(error)})") from error
        with answer as response:
            body = body_of(response.status, response.headers, kept)
            self._check_size(body.total_bytes or 0)
            self._receive(response, body)

    def _receive(self, response: HTTPResponse, body: Body) -> None:
        """Whatever ends it, what has come is kept."""
        size_bytes = kept_bytes = body.start_byte
        with self._partial.open(body.start_byte) as file:
            self._partial.keep(file, body.kept(size_bytes))
            try:
                for chunk in self._chunks(response):
                    size_bytes += len(chunk)
                    self._check_size(size_bytes)
                    file.write(chunk)
                    self._progress(size_bytes, body.total_bytes)
                    if size_bytes - kept_bytes >= self._limits.keep_every_bytes:
                        self._partial.keep(file, body.kept(size_bytes))
                        kept_bytes = size_bytes
            finally:
                self._partial.keep(file, body.kept(size_bytes))
        if body.total_bytes not in (None, size_bytes):
            raise _BrokeOff(f"broke off after {size_bytes} of {body.total_bytes} bytes")

    def _chunks(self, response: HTTPResponse) -> Iterator[bytes]:
        """As they come, and no later than the limits say."""
        limits, now = self._limits, time.monotonic()
        pace = Pace(limits.stall_s, limits.min_bytes_per_s * limits.stall_s, now=now)
        while chunk := _next_chunk(response):
            yield chunk
            now = time.monotonic()
            self._check_time()
            if pace.is_too_slow(len(chunk), now=now):
                raise _BrokeOff(f"slower than {limits.min_bytes_per_s:.0f} bytes a second")

    def _check_time(self) -> None:
        if time.monotonic() >= self._give_up_at:
            raise PullFailed(f"not whole after {self._limits.max_s:.0f} s")

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self._limits.max_bytes:
            raise ModelArchiveRefused(
                f"{self._address.url} is larger than {self._limits.max_bytes} bytes",
                url=self._address.url,
            )


def _next_chunk(response: HTTPResponse) -> bytes:
    """Empty at the end. What is there, however little: a slow server is seen as slow."""
    try:
        return response.read1(_CHUNK_BYTES)
    except TimeoutError as error:
        raise _BrokeOff("the server stopped sending") from error
    except _NO_ANSWER as error:
        raise _BrokeOff(f"broke off ({_cause(error)})") from error


def _cause(error: Exception) -> str:
    """urllib wraps what happened, and some errors have no text."""
    cause = getattr(error, "reason", error)
    return str(cause) or type(cause).__name__


def _what_is_kept(partial: PartialFile) -> str:
    kept = partial.kept()
    if kept is None:
        return "nothing of it is kept"
    done, total = kept.size_bytes / 1e6, kept.total_bytes / 1e6
    return f"{done:.1f} of {total:.1f} MB are kept, and the next pull goes on from there"
