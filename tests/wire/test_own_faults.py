"""Faults of our own over the wire: the caller learns the request's id, the log all the rest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from tests.pictures import picture, png
from tests.wire.calls import (
    CALL_S,
    FAKE_ENGINE,
    Refusal,
    Stubs,
    metric,
    refusal,
    stubs_of,
)
from tests.wire.file_host import FILES, PICTURE, FileHost, file_host
from tests.wire.http_calls import base64_of, post_body
from tests.wire.test_lives import eventually
from tests.wire.uploads import by_document, header, upload

from inkstream.v1 import ocr_pb2, source_pb2
from served import RunningServer, running_server

IMAGE = png(picture("one line", "another"))
SMALL = source_pb2.Source(content=IMAGE)
BIG = PICTURE + bytes(2 << 20)
RESTARTS_S = 180.0  # three workers one after the other, on a busy machine
TELLTALE = ("Traceback", "Error:", "errno", ".py", "/tmp", "No such file", "inkstream_server")
"""What no caller may read: paths, what libraries say, our own insides."""


@pytest.fixture(scope="module")
def host() -> Iterator[FileHost]:
    FILES["/for_the_spool.png"] = BIG
    with file_host() as running:
        yield running


@pytest.fixture(scope="module")
def spool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lost-spool")


@pytest.fixture(scope="module")
def server(host: FileHost, spool: Path) -> Iterator[RunningServer]:
    """A server whose folder for uploads is taken away from it: whatever is large fails."""
    flags = (
        *("--model-workers", "1", "--cpu-workers", "1"),
        "--set=uploads.max_in_memory_bytes=0",
        "--set=uploads.max_call_documents=3",
        f"--set=uploads.dir={spool}",
        f"--set=urls.hosts=['127.0.0.1:{host.port}']",
        "--set=urls.allow_http=true",
        "--set=urls.allow_networks=['127.0.0.0/8']",
    )
    with running_server(*FAKE_ENGINE, *flags) as running:
        spool.rmdir()
        yield running
        assert running.stop() == 0


@pytest.fixture(scope="module")
def stubs(server: RunningServer) -> Iterator[Stubs]:
    with stubs_of(server) as stubs:
        yield stubs


def refused(stubs: Stubs, source: source_pb2.Source, name: str, limit_s: float = CALL_S) -> Refusal:
    request = ocr_pb2.RecognizeRequest(source=source)
    with pytest.raises(grpc.RpcError) as error:
        stubs.ocr.Recognize(request, metadata=(("x-request-id", name),), timeout=limit_s)
    told = refusal(error.value)
    assert told.request_id == name
    assert isinstance(error.value, grpc.Call)
    assert not [word for word in TELLTALE if word in str(error.value.trailing_metadata())]
    return told


def logged(server: RunningServer, request_id: str) -> str:
    """What the log has of a request, with the lines that continue it."""
    kept, is_ours = [], False
    for line in server.log_text().splitlines():
        is_ours = f"request={request_id}" in line or (is_ours and line.startswith("  | "))
        kept += [line] if is_ours else []
    return "\n".join(kept)


CRASHING = """
import cv2, os
cv2.imdecode = lambda *arguments: os.abort()  # as a decoder does whose native code is wrong
"""


@pytest.fixture
def crashing_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningServer]:
    """A server whose image decoder ends the process that it runs in."""
    (tmp_path / "sitecustomize.py").write_text(CRASHING, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with running_server(*FAKE_ENGINE, "--model-workers", "1", "--cpu-workers", "1") as running:
        yield running
        assert running.stop() == 0


def test_a_fault_of_ours_is_told_by_the_requests_id_alone(
    server: RunningServer, stubs: Stubs, host: FileHost, spool: Path
) -> None:
    told = refused(stubs, source_pb2.Source(uri=host.url("/for_the_spool.png")), "fault-1")

    assert (told.code, told.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert told.message == "internal error; the server's log has it under request fault-1"
    assert told.facts == {}
    assert str(spool) in logged(server, "fault-1")


def test_over_http_too_it_is_told_by_the_requests_id_alone(
    server: RunningServer, spool: Path
) -> None:
    body = b'{"file": "' + base64_of(BIG).encode() + b'"}'

    answer = post_body(server, body, {"x-request-id": "fault-2"})

    assert (answer.status, answer.reason, answer.json["facts"]) == (500, "INTERNAL", {})
    assert answer.json["logId"] == answer.headers["x-request-id"] == "fault-2"
    assert "fault-2" in answer.json["errorMsg"]
    assert not [word for word in TELLTALE if word in str(answer.json)]
    assert str(spool) in logged(server, "fault-2")


def test_a_document_of_a_stream_tells_the_calls_id_alone(
    server: RunningServer, stubs: Stubs, spool: Path
) -> None:
    call = stubs.ocr.RecognizeStream(
        upload("one", IMAGE), metadata=(("x-request-id", "fault-3"),), timeout=CALL_S
    )

    (end,) = by_document(call)["one"]

    assert end.end.error.reason == "INTERNAL"
    assert "fault-3" in end.end.error.message
    assert not [word for word in TELLTALE if word in end.end.error.message]
    assert str(spool) in logged(server, "fault-3")


def test_a_call_may_bring_only_so_many_documents(stubs: Stubs) -> None:
    messages = [header(f"{number}", source={"content": IMAGE}) for number in range(4)]

    with pytest.raises(grpc.RpcError) as refused:
        list(stubs.ocr.RecognizeStream(iter(messages), timeout=CALL_S))

    told = refusal(refused.value)
    assert (told.code, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "TOO_MANY_DOCUMENTS")
    assert told.facts == {"max_documents": "3"}


def test_an_input_on_which_workers_crash_is_refused_in_the_end(
    crashing_server: RunningServer,
) -> None:
    with stubs_of(crashing_server) as stubs:
        told = refused(stubs, SMALL, "crash-1", RESTARTS_S)

    assert (told.code, told.reason) == (grpc.StatusCode.INTERNAL, "WORKER_CRASHED")
    assert "reason=WORKER_CRASHED" in logged(crashing_server, "crash-1")
    crashes = 'inkstream_worker_restarts_total{cause="crashed",pool="cpu"}'
    eventually(lambda: metric(crashing_server, crashes) == 3)


def test_a_step_that_takes_longer_than_allowed_ends_its_page() -> None:
    flags = ("--set=limits.max_page_s=0.000001", "--cpu-workers", "1", "--model-workers", "1")
    with running_server(*FAKE_ENGINE, *flags) as hasty, stubs_of(hasty) as stubs:
        told = refused(stubs, SMALL, "late-1")

    assert (told.code, told.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "PAGE_TIMEOUT")
