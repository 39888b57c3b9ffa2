"""Documents that are named by a URL: they are read as those whose bytes are sent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from tests.wire.calls import (
    CALL_S,
    Stubs,
    document_request,
    metric,
    pages_of,
    reading,
    refusal,
    well_server,
)
from tests.wire.file_host import BOOK, FILES, PICTURE, FileHost, file_host
from tests.wire.http_calls import base64_of, post
from tests.wire.test_lives import eventually
from tests.wire.uploads import by_document, header, readings, reason, spooled_files, upload

from inkstream.v1 import ocr_pb2, source_pb2
from served import RunningServer

BIG_BYTES = 3 << 20


@pytest.fixture(scope="module")
def host() -> Iterator[FileHost]:
    FILES["/big.png"] = PICTURE + bytes(BIG_BYTES)
    with file_host() as running:
        yield running


@pytest.fixture(scope="module")
def server(host: FileHost, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    flags = (
        f"--set=urls.hosts=['127.0.0.1:{host.port}', '*:81']",
        "--set=urls.allow_http=true",
        "--set=urls.allow_networks=['127.0.0.0/8']",
        "--set=urls.idle_s=2",
        f"--set=urls.max_bytes={4 << 20}",
        "--set=uploads.max_in_memory_bytes=1000000",
        f"--set=uploads.dir={tmp_path_factory.mktemp('spool')}",
    )
    with well_server(*flags) as running:
        yield running


def source(host: FileHost, path: str) -> source_pb2.Source:
    return source_pb2.Source(uri=host.url(path))


def refused(stubs: Stubs, named: source_pb2.Source, timeout_s: float = CALL_S) -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as error:
        stubs.ocr.Recognize(ocr_pb2.RecognizeRequest(source=named), timeout=timeout_s)
    told = refusal(error.value)
    return told.code.name, told.reason


@pytest.mark.parametrize("path", ["/picture.png", "/moved", "/big.png"])
def test_a_picture_is_read_from_its_url(stubs: Stubs, host: FileHost, path: str) -> None:
    request = ocr_pb2.RecognizeRequest(source=source(host, path))

    page = stubs.ocr.Recognize(request, timeout=CALL_S).page

    assert reading(page) == reading(stubs.read(PICTURE))


def test_a_document_is_read_from_its_url(stubs: Stubs, host: FileHost) -> None:
    request = ocr_pb2.RecognizeDocumentRequest(source=source(host, "/book.pdf"))
    request.pages.ranges = "2-"
    expected = document_request(BOOK)
    expected.pages.ranges = "2-"

    pages = pages_of(stubs.read_document(request))

    assert [page.page_number for page in pages] == [2, 3]
    assert list(map(reading, pages)) == list(map(reading, pages_of(stubs.read_document(expected))))


def test_documents_of_a_stream_are_read_from_urls_beside_uploads(
    stubs: Stubs, host: FileHost
) -> None:
    sent = [
        header("url", source=source(host, "/book.pdf")),
        header("lost", source=source(host, "/nothing")),
        *upload("bytes", BOOK),
        header("elsewhere", source=source_pb2.Source(uri="http://example.com/")),
    ]

    events = by_document(stubs.ocr.RecognizeStream(iter(sent), timeout=CALL_S))

    assert readings(events["url"]) == readings(events["bytes"]) != []
    assert reason(events["lost"]) == "URI_FETCH_FAILED"
    assert reason(events["elsewhere"]) == "URI_NOT_ALLOWED"


def test_lines_are_read_from_urls_each_failing_alone(stubs: Stubs, host: FileHost) -> None:
    sources = [
        source(host, "/picture.png"),
        source(host, "/nothing"),
        source_pb2.Source(content=PICTURE),
        source(host, "/empty"),
        source(host, "/text"),
        source_pb2.Source(uri="nonsense"),
        source(host, "/big.png"),
        source(host, "/big.png"),
    ]

    lines = stubs.ocr.RecognizeLines(
        ocr_pb2.RecognizeLinesRequest(lines=sources), timeout=CALL_S
    ).lines

    assert lines[0].text == lines[2].text != ""
    reasons = [line.error.reason for line in lines]
    assert reasons[:6] == [
        "",
        "URI_FETCH_FAILED",
        "",
        "EMPTY_INPUT",
        "UNSUPPORTED_MEDIA_TYPE",
        "INVALID_FIELD",
    ]
    assert "CONTENT_TOO_LARGE" in reasons[6:]  # there is room for one of them at most


@pytest.mark.parametrize(
    ("path", "code", "reason"),
    [
        ("/nothing", "INVALID_ARGUMENT", "URI_FETCH_FAILED"),
        ("/broken", "UNAVAILABLE", "URI_UNREACHABLE"),
        ("/large", "INVALID_ARGUMENT", "CONTENT_TOO_LARGE"),
        ("/endless", "INVALID_ARGUMENT", "CONTENT_TOO_LARGE"),
        ("/silent", "DEADLINE_EXCEEDED", "URI_TIMEOUT"),
        ("/elsewhere", "FAILED_PRECONDITION", "URI_NOT_ALLOWED"),
        ("/empty", "INVALID_ARGUMENT", "EMPTY_INPUT"),
        ("/text", "INVALID_ARGUMENT", "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
def test_what_cannot_be_fetched_is_refused_by_its_reason(
    stubs: Stubs, host: FileHost, path: str, code: str, reason: str
) -> None:
    assert refused(stubs, source(host, path)) == (code, reason)


def test_a_wrong_option_is_told_before_anything_is_fetched(stubs: Stubs, host: FileHost) -> None:
    before = len(host.paths)
    request = ocr_pb2.RecognizeRequest(source=source(host, "/picture.png"))
    request.options.text_det_thresh = 7

    with pytest.raises(grpc.RpcError) as error:
        stubs.ocr.Recognize(request, timeout=CALL_S)

    assert refusal(error.value).reason == "INVALID_FIELD"
    assert len(host.paths) == before


def test_a_deadline_ends_the_fetch_and_leaves_nothing(
    server: RunningServer, stubs: Stubs, host: FileHost
) -> None:
    before, started_at = host.gone_count, time.monotonic()

    code, _ = refused(stubs, source(host, "/drip"), timeout_s=0.5)

    assert code == "DEADLINE_EXCEEDED"
    assert time.monotonic() - started_at < CALL_S
    eventually(lambda: host.gone_count == before + 1)
    eventually(lambda: metric(server, "inkstream_url_fetches_in_flight") == 0)


def test_a_large_file_goes_to_disk_and_is_gone_afterwards(
    server: RunningServer, stubs: Stubs, host: FileHost
) -> None:
    folder = next(
        Path(each.removeprefix("--set=uploads.dir="))
        for each in map(str, server.process.args if isinstance(server.process.args, list) else [])
        if each.startswith("--set=uploads.dir=")
    )

    stubs.ocr.Recognize(ocr_pb2.RecognizeRequest(source=source(host, "/big.png")), timeout=CALL_S)

    eventually(lambda: spooled_files(server, folder) == 0)
    assert metric(server, 'inkstream_arena_taken_bytes{arena="documents"}') == 0


def test_over_http_a_url_stands_where_the_files_text_would(
    server: RunningServer, host: FileHost
) -> None:
    by_bytes = post(server, file=base64_of(PICTURE), fileType=1)

    by_url = post(server, file=host.url("/picture.png"), fileType=1)

    assert by_url.pages == by_bytes.pages


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/nothing", 422, "URI_FETCH_FAILED"),
        ("/broken", 503, "URI_UNREACHABLE"),
        ("/large", 413, "CONTENT_TOO_LARGE"),
        ("/silent", 504, "URI_TIMEOUT"),
        ("/elsewhere", 400, "URI_NOT_ALLOWED"),
    ],
)
def test_over_http_too_what_cannot_be_fetched_is_refused_by_its_reason(
    server: RunningServer, host: FileHost, path: str, status: int, reason: str
) -> None:
    answer = post(server, file=host.url(path), logId="by-url")

    assert (answer.status, answer.reason) == (status, reason)
    assert answer.json["logId"] == "by-url"


def test_a_url_that_is_none_is_told_as_the_file_over_http(server: RunningServer) -> None:
    answer = post(server, file="https://user:secret@example.com/a.png")

    assert (answer.status, answer.reason) == (422, "INVALID_FIELD")
    assert answer.json["facts"]["field"] == "file"
    assert "secret" not in str(answer.json) + server.log_text()


@pytest.mark.parametrize("name", ["a..b", ".a", "a" * 64])
def test_a_host_that_cannot_be_is_told_by_every_way_in(
    server: RunningServer, stubs: Stubs, name: str
) -> None:
    url = f"http://{name}:81/a.png"

    over_http = post(server, file=url)
    lines = stubs.ocr.RecognizeLines(
        ocr_pb2.RecognizeLinesRequest(
            lines=[source_pb2.Source(uri=url), source_pb2.Source(content=PICTURE)]
        ),
        timeout=CALL_S,
    ).lines

    assert (over_http.status, over_http.reason) == (422, "INVALID_FIELD")
    assert refused(stubs, source_pb2.Source(uri=url)) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert lines[0].error.reason == "INVALID_FIELD"
    assert lines[1].text != ""
