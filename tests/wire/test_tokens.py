"""Who may call where tokens are asked for, over gRPC and HTTP, and what each may have inside."""

from __future__ import annotations

import json
import os
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tests.pictures import pdf, picture, png
from tests.wire.calls import (
    CALL_S,
    Refusal,
    Stubs,
    document_request,
    metric,
    refusal,
    stubs_of,
    well_server,
)
from tests.wire.http_calls import Answer, base64_of, begun, post_body
from tests.wire.test_lives import eventually

from inkstream.v1 import models_pb2, ocr_pb2, source_pb2
from inkstream_server.cli.main import main
from inkstream_server.front.tokens import entry_of, new_token
from served import RunningServer

IMAGE = png(picture("text"))
STRANGER = grpc.StatusCode.UNAUTHENTICATED
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
MAX_MESSAGE_BYTES = 1 << 20
MAX_BYTES = 20_000
FAILED_RENEWALS = 'inkstream_renewals_total{reason="TOKENS_UNUSABLE",what="tokens"}'
CLIENT, ONE_REQUEST, TWO_PAGES, FEW_BYTES = (new_token() for _ in range(4))


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("auth") / "tokens.yml"
    entries = (
        entry_of("client", CLIENT),
        entry_of("one-request", ONE_REQUEST) + "  max_requests: 1\n",
        entry_of("two-pages", TWO_PAGES) + "  max_pages: 2\n",
        entry_of("few-bytes", FEW_BYTES) + f"  max_bytes: {MAX_BYTES}\n",
    )
    file.write_text("".join(entries), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def server(tokens: Path) -> Iterator[RunningServer]:
    flags = (
        f"--set=auth.tokens={tokens}",
        "--set=auth.metrics_open=true",
        f"--set=server.max_message_bytes={MAX_MESSAGE_BYTES}",
    )
    with well_server(*flags) as running:
        yield running
        log = running.log_text()
        assert not any(token in log for token in (CLIENT, ONE_REQUEST, TWO_PAGES, FEW_BYTES))


@contextmanager
def closed_server(tokens: Path) -> Iterator[RunningServer]:
    """One that shows nothing at all."""
    flags = (f"--set=auth.tokens={tokens}", "--set=server.reflection=false")
    with well_server(*flags) as running:
        yield running


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


def recognize(
    stubs: Stubs, metadata: tuple[tuple[str, str], ...], content: bytes = IMAGE
) -> ocr_pb2.RecognizeResponse:
    request = ocr_pb2.RecognizeRequest(source=source_pb2.Source(content=content))
    return stubs.ocr.Recognize(request, metadata=metadata, timeout=CALL_S)


def refused(stubs: Stubs, metadata: tuple[tuple[str, str], ...], content: bytes = IMAGE) -> Refusal:
    with pytest.raises(grpc.RpcError) as error:
        recognize(stubs, metadata, content)
    return refusal(error.value)


def post_as(server: RunningServer, authorization: str | None, content: bytes = IMAGE) -> Answer:
    headers = {} if authorization is None else {"Authorization": authorization}
    body = json.dumps({"file": base64_of(content), "visualize": False}).encode()
    return post_body(server, body, headers)


def got(server: RunningServer, path: str, authorization: str | None = None) -> int:
    headers = {} if authorization is None else {"Authorization": authorization}
    request = urllib.request.Request(f"http://127.0.0.1:{server.http_port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=CALL_S) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def call_nothing(stubs: Stubs, metadata: tuple[tuple[str, str], ...]) -> None:
    nothing: grpc.UnaryUnaryMultiCallable[bytes, bytes]
    nothing = stubs.channel.unary_unary("/no.Such/Method", bytes, bytes)
    nothing(b"", metadata=metadata, timeout=CALL_S)


def test_who_brings_a_token_is_served_and_named_in_the_log(
    server: RunningServer, stubs: Stubs
) -> None:
    assert recognize(stubs, bearer(CLIENT)).page.lines
    assert post_as(server, f"bearer {CLIENT}").pages  # a scheme's case is nothing

    assert "reason=OK" in server.log_text() and "principal=token:client" in server.log_text()


def test_the_commands_bring_the_token_of_a_file(
    server: RunningServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, image = tmp_path / "token", tmp_path / "image.png"
    file.write_text(f"{CLIENT}\n")
    image.write_bytes(IMAGE)
    called = [str(image), "--server", server.target]
    few = ["--requests", "2", "--warm-up-requests", "1", "--concurrency", "1"]

    assert main(["read", *called, "--token-file", str(file)]) == 0
    assert main(["bench", *called, "--token-file", str(file), *few]) == 0
    assert main(["read", *called]) == 1

    assert "bearer token" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        (None, "TOKEN_MISSING"),
        ("Basic dXNlcjpwdw==", "TOKEN_MISSING"),
        ("Bearer ", "TOKEN_MISSING"),
        ("Bearer no-token-at-all", "TOKEN_WRONG"),
        (f"Bearer {new_token()}", "TOKEN_WRONG"),
        (f"Bearer {CLIENT[:-1]}", "TOKEN_WRONG"),
    ],
    ids=["none", "other scheme", "empty", "rubbish", "unknown", "cut"],
)
def test_who_brings_no_token_or_a_wrong_one_is_refused_alike_over_both(
    server: RunningServer, stubs: Stubs, authorization: str | None, reason: str
) -> None:
    metadata = () if authorization is None else (("authorization", authorization),)

    over_grpc = refused(stubs, metadata)
    over_http = post_as(server, authorization)

    assert (over_grpc.code, over_grpc.reason) == (STRANGER, reason)
    assert (over_http.status, over_http.reason) == (401, reason)
    assert over_http.headers["WWW-Authenticate"].startswith('Bearer realm="inkstream"')
    assert over_grpc.message == over_http.json["errorMsg"]
    assert over_grpc.facts == over_http.json["facts"] == {}
    assert over_grpc.request_id and over_grpc.domain == "inkstream.dev"


def test_two_tokens_at_once_are_none(stubs: Stubs) -> None:
    assert refused(stubs, bearer(CLIENT) * 2).reason == "TOKEN_MISSING"


def test_a_wrong_token_is_not_told_apart_from_an_unknown_one(stubs: Stubs) -> None:
    wrong, unknown = refused(stubs, bearer(CLIENT[:-1] + "!")), refused(stubs, bearer("x" * 47))

    assert (wrong.code, wrong.message, wrong.facts) == (
        unknown.code, unknown.message, unknown.facts,
    )  # fmt: skip


def test_health_is_open_and_all_else_is_closed(server: RunningServer, stubs: Stubs) -> None:
    answer = stubs.health.Check(health_pb2.HealthCheckRequest(), timeout=CALL_S)
    reflecting = reflection_pb2_grpc.ServerReflectionStub(stubs.channel)
    asking = reflection_pb2.ServerReflectionRequest(list_services="")
    calls: list[Callable[[], object]] = [
        lambda: stubs.models.ListModels(models_pb2.ListModelsRequest(), timeout=CALL_S),
        lambda: stubs.models.GetServerInfo(models_pb2.GetServerInfoRequest(), timeout=CALL_S),
        lambda: list(stubs.ocr.RecognizeDocument(document_request(IMAGE), timeout=CALL_S)),
        lambda: list(stubs.ocr.RecognizeStream(iter(()), timeout=CALL_S)),
        lambda: stubs.ocr.RecognizeLines(ocr_pb2.RecognizeLinesRequest(), timeout=CALL_S),
        lambda: list(reflecting.ServerReflectionInfo(iter([asking]), timeout=CALL_S)),
        lambda: call_nothing(stubs, ()),
    ]

    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    for call in calls:
        with pytest.raises(grpc.RpcError) as error:
            call()
        assert refusal(error.value).reason == "TOKEN_MISSING"
    assert got(server, "/health") == 200
    assert got(server, "/no/such/path") == 401
    assert got(server, "/no/such/path", f"Bearer {CLIENT}") == 404


def test_what_a_stranger_calls_is_no_name_in_the_metrics(
    server: RunningServer, stubs: Stubs
) -> None:
    with pytest.raises(grpc.RpcError):
        call_nothing(stubs, ())

    metrics = urllib.request.Request(
        f"http://127.0.0.1:{server.http_port}/metrics",
        headers={"Authorization": f"Bearer {CLIENT}"},
    )
    with urllib.request.urlopen(metrics, timeout=CALL_S) as response:
        told = response.read().decode()
    assert 'method="unknown",reason="TOKEN_MISSING"' in told
    assert 'method="Method"' not in told


def test_who_is_known_may_reflect_and_is_told_what_is_not_there(stubs: Stubs) -> None:
    reflecting = reflection_pb2_grpc.ServerReflectionStub(stubs.channel)
    asking = reflection_pb2.ServerReflectionRequest(list_services="")

    answers = list(
        reflecting.ServerReflectionInfo(iter([asking]), metadata=bearer(CLIENT), timeout=CALL_S)
    )
    with pytest.raises(grpc.RpcError) as error:
        call_nothing(stubs, bearer(CLIENT))

    names = [each.name for each in answers[0].list_services_response.service]
    assert "inkstream.v1.OcrService" in names
    assert isinstance(error.value, grpc.Call)
    assert error.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_metrics_and_reflection_can_be_closed_to_all_or_to_strangers(tokens: Path) -> None:
    with closed_server(tokens) as server, stubs_of(server) as stubs:
        reflecting = reflection_pb2_grpc.ServerReflectionStub(stubs.channel)
        with pytest.raises(grpc.RpcError) as error:
            list(reflecting.ServerReflectionInfo(iter(()), metadata=bearer(CLIENT), timeout=CALL_S))

        assert isinstance(error.value, grpc.Call)
        assert error.value.code() is grpc.StatusCode.UNIMPLEMENTED
        assert got(server, "/metrics") == 401
        assert got(server, "/metrics", f"Bearer {CLIENT}") == 200


def test_a_strangers_request_is_not_even_received(stubs: Stubs) -> None:
    too_large = bytes(2 * MAX_MESSAGE_BYTES)

    strange = refused(stubs, (), too_large)
    with pytest.raises(grpc.RpcError) as known:
        recognize(stubs, bearer(CLIENT), too_large)

    assert strange.reason == "TOKEN_MISSING"
    assert isinstance(known.value, grpc.Call)
    assert known.value.code() is EXHAUSTED  # gRPC's own answer to a message that is too large


def test_a_strangers_body_is_not_waited_for(server: RunningServer) -> None:
    with closing(begun(server, b"{", MAX_MESSAGE_BYTES)) as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 401 ")


def test_a_strangers_head_that_does_not_end_is_bounded(server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=CALL_S) as connection:
        connection.sendall(b"POST /ocr HTTP/1.1\r\nX: " + b"x" * (64 << 10))

        assert b" 400 Bad Request" in connection.recv(4096)


@contextmanager
def held_open(
    stubs: Stubs, token: str, *messages: ocr_pb2.RecognizeStreamRequest
) -> Iterator[None]:
    """A stream that has sent these and sends no more, for the block."""
    ending = Event()

    def requests() -> Iterator[ocr_pb2.RecognizeStreamRequest]:
        yield from messages
        yield ocr_pb2.RecognizeStreamRequest(
            chunk=ocr_pb2.DocumentChunk(document_id="none", data=b"x", last=True)
        )
        ending.wait(CALL_S)

    stream = stubs.ocr.RecognizeStream(requests(), metadata=bearer(token), timeout=CALL_S)
    try:
        assert next(stream).document_id == "none"  # the failure of the last: all have been taken
        yield
    finally:
        ending.set()
        stream.cancel()


@contextmanager
def stopped_models(server: RunningServer) -> Iterator[None]:
    """Pages that are read in the block stay where they are; less long than workers may be still."""
    workers = [pid for pid, name in server.worker_names().items() if name.startswith("model")]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def is_served(stubs: Stubs, token: str) -> bool:
    try:
        recognize(stubs, bearer(token))
    except grpc.RpcError:
        return False
    return True


def test_one_request_too_many_is_refused_and_told_when_to_come_again(
    server: RunningServer, stubs: Stubs
) -> None:
    with held_open(stubs, ONE_REQUEST):
        over_grpc = refused(stubs, bearer(ONE_REQUEST))
        over_http = post_as(server, f"Bearer {ONE_REQUEST}")
        other = recognize(stubs, bearer(CLIENT))

    assert (over_grpc.code, over_grpc.reason) == (EXHAUSTED, "REQUEST_QUOTA_FULL")
    assert over_grpc.facts == {"requests_in_flight": "1", "max_requests": "1"}
    assert over_grpc.retry_s > 0
    assert (over_http.status, over_http.reason) == (429, "REQUEST_QUOTA_FULL")
    assert over_http.headers["Retry-After"]
    assert other.page.lines
    eventually(lambda: is_served(stubs, ONE_REQUEST))  # once the cancelled call is over


def test_bytes_that_are_still_coming_in_count(server: RunningServer, stubs: Stubs) -> None:
    header = ocr_pb2.RecognizeStreamRequest(header=ocr_pb2.DocumentHeader(document_id="d"))
    chunk = ocr_pb2.DocumentChunk(document_id="d", data=bytes(MAX_BYTES - 100))
    assert 100 < len(IMAGE) < MAX_BYTES

    with held_open(stubs, FEW_BYTES, header, ocr_pb2.RecognizeStreamRequest(chunk=chunk)):
        over_grpc = refused(stubs, bearer(FEW_BYTES))
        over_http = post_as(server, f"Bearer {FEW_BYTES}")

    assert (over_grpc.code, over_grpc.reason) == (EXHAUSTED, "BYTE_QUOTA_FULL")
    assert over_grpc.facts == {"bytes_in_flight": str(MAX_BYTES - 100), "max_bytes": str(MAX_BYTES)}
    assert over_grpc.retry_s > 0
    assert (over_http.status, over_http.reason) == (429, "BYTE_QUOTA_FULL")
    eventually(lambda: is_served(stubs, FEW_BYTES))


def test_a_document_larger_than_all_that_its_client_may_have_is_too_large(
    server: RunningServer, stubs: Stubs
) -> None:
    large = IMAGE + bytes(MAX_BYTES)

    over_grpc = refused(stubs, bearer(FEW_BYTES), large)
    over_http = post_as(server, f"Bearer {FEW_BYTES}", large)

    assert over_grpc.reason == over_http.reason == "CONTENT_TOO_LARGE"
    assert over_grpc.retry_s == 0


def test_pages_that_are_being_read_count_until_they_are_done(
    server: RunningServer, stubs: Stubs
) -> None:
    with stopped_models(server):
        request = document_request(pdf("one", "two"))
        reading = stubs.ocr.RecognizeDocument(request, metadata=bearer(TWO_PAGES), timeout=CALL_S)
        assert next(reading).HasField("start")
        over_grpc = refused(stubs, bearer(TWO_PAGES))
        over_http = post_as(server, f"Bearer {TWO_PAGES}")
    rest = list(reading)

    assert (over_grpc.code, over_grpc.reason) == (EXHAUSTED, "PAGE_QUOTA_FULL")
    assert over_grpc.facts == {"pages_in_flight": "2", "max_pages": "2"}
    assert over_grpc.retry_s > 0
    assert (over_http.status, over_http.reason) == (429, "PAGE_QUOTA_FULL")
    assert len(rest) == 3  # both pages and the end
    assert is_served(stubs, TWO_PAGES)


def test_a_document_of_more_pages_than_its_client_may_have_is_told_so(stubs: Stubs) -> None:
    with pytest.raises(grpc.RpcError) as error:
        list(
            stubs.ocr.RecognizeDocument(
                document_request(pdf("1", "2", "3")), metadata=bearer(TWO_PAGES), timeout=CALL_S
            )
        )

    assert refusal(error.value).reason == "TOO_MANY_PAGES"


def test_a_changed_file_holds_without_a_restart(
    server: RunningServer, stubs: Stubs, tokens: Path
) -> None:
    later = new_token()
    before = tokens.read_text(encoding="utf-8")

    tokens.write_text(before + entry_of("later", later), encoding="utf-8")
    eventually(lambda: is_served(stubs, later))
    tokens.write_text("rubbish", encoding="utf-8")
    eventually(lambda: metric(server, FAILED_RENEWALS) == 1)
    assert is_served(stubs, later)
    tokens.write_text(before, encoding="utf-8")
    eventually(lambda: not is_served(stubs, later))

    assert refused(stubs, bearer(later)).reason == "TOKEN_WRONG"
    assert "the tokens stay as they were" in server.log_text()
