"""An HTTP server of archives that can do to a client what servers do, and much that none should."""

from __future__ import annotations

import hashlib
import io
import re
import ssl
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# What a server does with one request: writes an answer through the handler.
Answer = Callable[["_Handler"], None]

_STALL_LIMIT_S = 60.0


@dataclass
class ArchiveServer:
    """`answers` by path. Of several the first is taken once, and the last one stays."""

    url: str
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[Message] = field(default_factory=list)  # headers, with the path as X-Path
    released: threading.Event = field(default_factory=threading.Event)

    def serve(self, name: str, *answers: Answer) -> None:
        self.answers[f"/{name}"] = list(answers)

    @property
    def ranges(self) -> list[str | None]:
        """Which part each request asked for, in their order."""
        return [request["Range"] for request in self.requests]


@contextmanager
def archive_server(certificate: Path | None = None) -> Iterator[ArchiveServer]:
    """With a certificate (and its key) it speaks TLS."""
    with _Server(("127.0.0.1", 0), _Handler) as http:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            http.socket = context.wrap_socket(http.socket, server_side=True)
        scheme = "https" if certificate else "http"
        server = ArchiveServer(f"{scheme}://127.0.0.1:{http.server_address[1]}")
        _Handler.servers[http.server_address[1]] = server
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            http.shutdown()
            thread.join()


def tar_of(files: Mapping[str, bytes], mode: str = "w:") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as tar:  # type: ignore[call-overload]
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    return content.getvalue()


def whole(content: bytes, *, etag: str | None = None, has_ranges: bool = True) -> Answer:
    """As a good server does: ranges, and If-Range by the tag."""

    def answer(handler: _Handler) -> None:
        tag = etag or _etag(content)
        start = handler.wanted_start() if has_ranges and handler.headers["If-Range"] == tag else 0
        handler.begin(content, start, {"ETag": tag})
        handler.wfile.write(content[start:])

    return answer


def dated(content: bytes, date: str) -> Answer:
    """One that tells a date and no tag."""

    def answer(handler: _Handler) -> None:
        start = handler.wanted_start() if handler.headers["If-Range"] == date else 0
        handler.begin(content, start, {"Last-Modified": date})
        handler.wfile.write(content[start:])

    return answer


def cut(content: bytes, byte_count: int, *, headers: Mapping[str, str] | None = None) -> Answer:
    """Breaks off after so many bytes of the file."""

    def answer(handler: _Handler) -> None:
        start = handler.wanted_start()
        handler.begin(content, start, headers or {"ETag": _etag(content)})
        handler.wfile.write(content[start:byte_count])

    return answer


def stalled(content: bytes, byte_count: int) -> Answer:
    """Sends so much of the file, and then nothing, without ending."""

    def answer(handler: _Handler) -> None:
        start = handler.wanted_start()
        handler.begin(content, start, {"ETag": _etag(content)})
        handler.wfile.write(content[start:byte_count])
        handler.wfile.flush()
        handler.archive_server.released.wait(_STALL_LIMIT_S)

    return answer


def silent() -> Answer:
    """Takes the request and answers nothing."""

    def answer(handler: _Handler) -> None:
        handler.archive_server.released.wait(_STALL_LIMIT_S)

    return answer


def trickling(content: bytes, byte_count: int, pause_s: float) -> Answer:
    """Sends so many bytes at once and then one now and then."""

    def answer(handler: _Handler) -> None:
        start = handler.wanted_start()
        handler.begin(content, start, {"ETag": _etag(content)})
        handler.wfile.write(content[start:byte_count])
        for position in range(max(start, byte_count), len(content)):
            if handler.archive_server.released.wait(pause_s):
                return
            handler.wfile.write(content[position : position + 1])

    return answer


def trickling_head(letter_count: int, pause_s: float) -> Answer:
    """A header of so many letters, one now and then."""

    def answer(handler: _Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        for _ in range(letter_count):
            if handler.archive_server.released.wait(pause_s):
                return
            handler.wfile.write(b"x")

    return answer


def chunked(content: bytes, *, is_ended: bool = True) -> Answer:
    """Tells no length, but where it ends; or breaks off before that."""

    def answer(handler: _Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        half = len(content) // 2
        for part in (content[:half], content[half:]):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        if is_ended:
            handler.wfile.write(b"0\r\n\r\n")

    return answer


def lengthless(content: bytes) -> Answer:
    def answer(handler: _Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def lying_range(content: bytes, content_range: str, **headers: str) -> Answer:
    """Sends a part that is not the one that was asked for; all of it where none was."""

    def answer(handler: _Handler) -> None:
        if not handler.headers["Range"]:
            return whole(content)(handler)
        handler.send_response(206)
        handler.send_header("Content-Range", content_range)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "4")
        handler.end_headers()
        handler.wfile.write(b"lies")

    return answer


def status(code: int) -> Answer:
    def answer(handler: _Handler) -> None:
        handler.send_error(code)

    return answer


def redirect(location: str, code: int = 302) -> Answer:
    def answer(handler: _Handler) -> None:
        handler.send_response(code)
        handler.send_header("Location", location)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that left, or does not trust the certificate: nothing to be told."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    servers: dict[int, ArchiveServer] = {}  # noqa: RUF012 - http.server makes the handlers

    @property
    def archive_server(self) -> ArchiveServer:
        return self.servers[self.server.server_address[1]]  # type: ignore[index]

    def do_GET(self) -> None:
        # An answer that breaks off ends so, and no other request is waited for.
        self.close_connection = True
        server = self.archive_server
        self.headers["X-Path"] = self.path
        server.requests.append(self.headers)
        answers = server.answers.get(self.path, [status(404)])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        with suppress(ConnectionError):  # the client has seen enough
            answer(self)

    def wanted_start(self) -> int:
        match = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")
        return int(match.group(1)) if match else 0

    def begin(self, content: bytes, start: int, headers: Mapping[str, str]) -> None:
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


def _etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:16]}"'
