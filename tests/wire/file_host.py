"""A host on this machine that has files, and ways to give them that a server must bear."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from tests.pictures import pdf, picture, png

PICTURE = png(picture("one line", "another"))
BOOK = pdf("page one", "page two", "page three")
FILES = {"/picture.png": PICTURE, "/book.pdf": BOOK, "/empty": b"", "/text": b"no picture"}
LONG_BYTES = 1 << 30


@dataclass
class FileHost:
    """What was asked for, as it came in, and the port. `released` ends what takes for ever."""

    port: int
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    gone_count: int = 0

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


class _Asked(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host: ClassVar[FileHost]

    def do_GET(self) -> None:
        self.host.paths.append(self.path)
        self.host.headers.append(dict(self.headers))
        way = getattr(self, "way_" + self.path.strip("/").partition("?")[0], None)
        if way is not None:
            way()
        elif self.path.partition("?")[0] in FILES:
            self.give(FILES[self.path.partition("?")[0]])
        else:
            self.give(b"nothing", status=404)

    def give(self, content: bytes, status: int = 200, **headers: str) -> None:
        self.begin(status, **{"Content-Length": str(len(content)), **headers})
        self.wfile.write(content)

    def begin(self, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def way_moved(self) -> None:
        self.give(b"", 302, Location="/picture.png?moved")

    def way_loop(self) -> None:
        self.give(b"", 307, Location="/loop")

    def way_elsewhere(self) -> None:
        self.give(b"", 302, Location=f"http://localhost:{self.host.port}/picture.png")

    def way_to_file(self) -> None:
        self.give(b"", 302, Location="file:///etc/passwd")

    def way_broken(self) -> None:
        self.give(b"", 503)

    def way_busy(self) -> None:
        self.give(b"", 429)

    def way_zipped(self) -> None:
        self.give(gzip.compress(PICTURE), Content_Encoding="gzip")

    def way_unzipped(self) -> None:
        self.give(PICTURE, Content_Encoding="IDENTITY")

    def way_large(self) -> None:
        self.begin(Content_Length=str(LONG_BYTES))

    def way_endless(self) -> None:
        self.begin(Transfer_Encoding="chunked")
        part = b"10000\r\n" + bytes(1 << 16) + b"\r\n"
        self.until_gone(lambda: self.wfile.write(part))

    def way_cut(self) -> None:
        self.begin(Content_Length=str(len(PICTURE)))
        self.wfile.write(PICTURE[:100])
        self.close_connection = True

    def way_silent(self) -> None:
        self.begin(Content_Length=str(len(PICTURE)))
        self.wfile.write(PICTURE[:100])
        self.host.released.wait(60)

    def way_drip(self) -> None:
        self.begin(Transfer_Encoding="chunked")
        self.until_gone(self.drip)

    def drip(self) -> None:
        self.wfile.write(b"1\r\nx\r\n")
        self.host.released.wait(0.05)

    def until_gone(self, write: Callable[[], object]) -> None:
        try:
            while not self.host.released.is_set():
                write()
        except OSError:
            self.host.gone_count += 1
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


@contextmanager
def file_host() -> Iterator[FileHost]:
    kind = type("_AskedHere", (_Asked,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        server.daemon_threads = True
        host = FileHost(server.server_address[1])
        kind.host = host  # type: ignore[attr-defined] # the class made just above
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield host
        finally:
            host.released.set()
            server.shutdown()
