from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from inkstream import create_pipeline
from inkstream.paddlex.downloads import Download, DownloadFailed, download
from inkstream.paddlex.inputs import inputs_of

if TYPE_CHECKING:
    from tests.unit.client.conftest import Script

CONTENT = b"a picture" * 1000


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        match self.path:
            case "/a.png":
                self._answer(200, CONTENT)
            case "/moved":
                self._answer(302, b"", Location="/a.png")
            case "/stolen":
                self._answer(302, b"", Location="file:///etc/passwd")
            case "/slow":
                self._drip()
            case "/slow-headers":
                self._drip_headers()
            case _:
                self._answer(404, b"nothing")

    def _answer(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        with suppress(OSError):  # the client has gone
            for _ in range(100):
                self.wfile.write(b"drop")
                self.wfile.flush()
                time.sleep(0.05)

    def _drip_headers(self) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\n")
        with suppress(OSError):  # the client has gone
            for number in range(100):
                self.wfile.write(b"X-%d: drop\r\n" % number)
                self.wfile.flush()
                time.sleep(0.05)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 # its name
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/a.png", "/moved"])
def test_a_file_is_fetched_also_from_where_it_has_moved(site: str, path: str) -> None:
    assert download(site + path) == CONTENT


def test_a_url_is_an_input_of_its_own_name(site: str) -> None:
    (given,) = inputs_of(f"{site}/a.png", 1 << 20)

    assert given.input_path == f"{site}/a.png"
    assert given.load() == CONTENT


def test_a_redirect_leads_to_no_file_of_this_machine(site: str) -> None:
    with pytest.raises(DownloadFailed, match=r"/stolen"):
        download(f"{site}/stolen")


def test_a_file_that_is_not_there_is_told_with_its_status(site: str) -> None:
    with pytest.raises(DownloadFailed, match="HTTP 404"):
        download(f"{site}/nothing.png")


def test_a_file_that_is_too_large_is_given_up(site: str) -> None:
    with pytest.raises(DownloadFailed, match="more than 100 bytes"):
        download(f"{site}/a.png", max_bytes=100)


def test_a_site_that_takes_too_long_is_given_up(site: str) -> None:
    with pytest.raises(DownloadFailed, match=r"too long|timed out"):
        download(f"{site}/slow", whole_s=0.3)


def test_headers_that_take_too_long_are_given_up(site: str) -> None:
    began_at = time.monotonic()

    with pytest.raises(DownloadFailed, match="it takes too long"):
        download(f"{site}/slow-headers", whole_s=0.3)

    assert time.monotonic() - began_at < 3.0


@pytest.mark.parametrize("path", ["/slow", "/slow-headers"])
def test_a_download_can_be_stopped(site: str, path: str) -> None:
    fetching = Download(site + path)
    failures: list[DownloadFailed] = []

    def run() -> None:
        try:
            fetching.run()
        except DownloadFailed as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.3)
    fetching.stop()
    thread.join(3.0)

    assert not thread.is_alive()
    assert len(failures) == 1


def test_leaving_the_results_stops_a_download(site: str, script: Script) -> None:
    script.add_page(1, "one")
    with create_pipeline("OCR", server=script.target) as pipeline:
        results = pipeline.predict([b"a picture", f"{site}/slow-headers"])
        next(results)
        results.close()  # type: ignore[attr-defined] # a generator

        give_up_at = time.monotonic() + 3.0
        while any("inkstream input" in thread.name for thread in threading.enumerate()):
            assert time.monotonic() < give_up_at
            time.sleep(0.05)


def test_a_download_that_was_stopped_does_not_begin(site: str) -> None:
    fetching = Download(f"{site}/a.png")
    fetching.stop()

    with pytest.raises(DownloadFailed, match="no longer wanted"):
        fetching.run()


@pytest.mark.parametrize(
    "url",
    [
        "http://HOST/nothing.png?sig=secret#secret",
        "http://user:secret@HOST/a.png",
        "http://user:secret@127.0.0.1/a.png",
        "http://HOST/a b.png?secret",
        "http://[secret/a.png",
    ],
)
def test_secrets_of_a_url_are_not_told(site: str, url: str) -> None:
    host = site.removeprefix("http://")

    with pytest.raises(DownloadFailed, match="cannot fetch http://") as failed:
        download(url.replace("HOST", host))

    assert "secret" not in str(failed.value)
    assert failed.value.__suppress_context__


def test_what_is_told_has_the_host_and_the_path(site: str) -> None:
    with pytest.raises(DownloadFailed) as failed:
        download(f"{site}/nothing.png?sig=secret")

    assert str(failed.value) == f"cannot fetch {site}/nothing.png: HTTP 404 Not Found"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/a.png", "http://", "http://[oops/a.png"])
def test_a_site_that_is_not_there_is_told(url: str) -> None:
    with pytest.raises(DownloadFailed, match="cannot fetch http://"):
        download(url)
