"""TLS on both ports: who can connect, by which certificate, and what a renewal changes."""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.certificates import Authority, Pair
from tests.pictures import picture, png
from tests.wire.calls import CALL_S, FAKE_ENGINE
from tests.wire.http_calls import base64_of
from tests.wire.test_lives import eventually

from inkstream import Client, InkstreamError, InputDocument, Tls
from inkstream_server.cli.main import main
from served import RunningServer, running_server

IMAGE = png(picture("text"))
MAX_CONNECTIONS = 4
METRICS = "/metrics"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def ours(folder: Path) -> Authority:
    return Authority.new(folder / "ours")


@pytest.fixture(scope="module")
def clients(folder: Path) -> Authority:
    return Authority.new(folder / "clients")


@pytest.fixture(scope="module")
def client(clients: Authority) -> Pair:
    return clients.issue("scanner", alternatives="URI:spiffe://test/scanner")


@contextmanager
def tls_server(pair: Pair, *flags: str) -> Iterator[RunningServer]:
    files = (f"--set=tls.certificate={pair.certificate}", f"--set=tls.key={pair.key}")
    with running_server(*FAKE_ENGINE, *files, *flags) as running:
        yield running
        assert running.stop() == 0
        assert "Traceback" not in running.log_text()
        assert "PRIVATE" not in running.log_text()


@pytest.fixture(scope="module")
def server(ours: Authority) -> Iterator[RunningServer]:
    """With a certificate of its own, and none asked for."""
    flags = (
        f"--set=server.max_http_connections={MAX_CONNECTIONS}",
        "--set=server.max_http_idle_s=6",
    )
    with tls_server(ours.issue("server"), *flags) as running:
        yield running


@pytest.fixture(scope="module")
def mutual(ours: Authority, clients: Authority) -> Iterator[RunningServer]:
    """That asks for clients' certificates."""
    flags = (f"--set=tls.client_ca={clients.certificate}", "--set=auth.default.max_requests=1")
    with tls_server(ours.issue("mutual"), *flags) as running:
        yield running


def context(authority: Authority, own: Pair | None = None) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(authority.certificate))
    if own is not None:
        made.load_cert_chain(own.certificate, own.key)
    return made


@contextmanager
def connected(server: RunningServer, tls: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(("127.0.0.1", server.http_port), timeout=CALL_S) as plain,
        tls.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        yield secured


def asked(server: RunningServer, tls: ssl.SSLContext, path: str, body: bytes = b"") -> bytes:
    """The whole answer over HTTP, head and all."""
    method = "POST" if body else "GET"
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    answer = b""
    with connected(server, tls) as connection:
        connection.sendall(head.encode() + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        while part := connection.recv(65536):
            answer += part
    return answer


def post(server: RunningServer, tls: ssl.SSLContext) -> bytes:
    body = json.dumps({"file": base64_of(IMAGE), "visualize": False}).encode()
    return asked(server, tls, "/ocr", body)


def read(server: RunningServer, tls: Tls) -> int:
    """How many lines are read over gRPC."""
    with Client(server.target, tls=tls, timeout_s=CALL_S, attempt_count=1) as client:
        return len(client.recognize(IMAGE).lines)


def is_read(server: RunningServer, tls: Tls) -> bool:
    with suppress(InkstreamError):
        return read(server, tls) > 0
    return False


def is_answered(server: RunningServer, tls: ssl.SSLContext) -> bool:
    """Whether HTTP answers at all. In TLS 1.3 a client is refused after its own handshake."""
    with suppress(OSError):
        return asked(server, tls, METRICS) != b""
    return False


def serial_of(server: RunningServer, tls: ssl.SSLContext) -> str:
    """Of the certificate that the HTTP port shows now."""
    with connected(server, tls) as connection:
        return str((connection.getpeercert() or {})["serialNumber"])


def test_both_ports_speak_tls(server: RunningServer, ours: Authority) -> None:
    assert read(server, Tls(ours.certificate)) > 0
    assert b'"texts"' in post(server, context(ours))


def test_plain_text_is_answered_by_neither(server: RunningServer) -> None:
    with (
        Client(server.target, timeout_s=CALL_S, attempt_count=1) as plain,
        pytest.raises(InkstreamError) as error,
    ):
        plain.server_info()
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=CALL_S) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        with suppress(ConnectionResetError):
            assert b"HTTP" not in connection.recv(4096)

    assert error.value.code is grpc.StatusCode.UNAVAILABLE


def test_an_authority_that_did_not_issue_the_certificate_does_not_vouch_for_it(
    server: RunningServer, clients: Authority
) -> None:
    assert not is_read(server, Tls(clients.certificate))
    with pytest.raises(ssl.SSLCertVerificationError):
        serial_of(server, context(clients))


@pytest.mark.parametrize("port", ["grpc", "http"])
def test_versions_from_1_2_on_are_spoken_and_each_port_names_its_protocol(
    server: RunningServer, ours: Authority, port: str
) -> None:
    number = server.http_port if port == "http" else int(server.target.rpartition(":")[2])
    protocol = "http/1.1" if port == "http" else "h2"
    spoken: dict[str, str | None] = {}

    for version in (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        tls = context(ours)
        tls.set_ciphers("DEFAULT:@SECLEVEL=0")
        tls.set_alpn_protocols([protocol])
        with suppress(OSError, Warning):
            tls.minimum_version = tls.maximum_version = version
            with (
                socket.create_connection(("127.0.0.1", number), timeout=CALL_S) as plain,
                tls.wrap_socket(plain, server_hostname="localhost") as secured,
            ):
                spoken[str(secured.version())] = secured.selected_alpn_protocol()

    assert spoken == {"TLSv1.2": protocol, "TLSv1.3": protocol}


def test_who_does_not_shake_hands_is_not_waited_for_and_counts(
    server: RunningServer, ours: Authority
) -> None:
    address = ("127.0.0.1", server.http_port)
    started_at = time.monotonic()
    silent = [socket.create_connection(address, timeout=CALL_S) for _ in range(MAX_CONNECTIONS)]
    try:
        assert not is_answered(server, context(ours))
        for each in silent:
            with suppress(ConnectionResetError):
                assert each.recv(1) == b""
    finally:
        for each in silent:
            each.close()

    assert time.monotonic() - started_at < CALL_S
    eventually(lambda: b" 200 OK" in asked(server, context(ours), "/health"))


def test_who_has_a_certificate_is_served_by_both_as_one_principal(
    mutual: RunningServer, ours: Authority, client: Pair
) -> None:
    assert read(mutual, Tls(ours.certificate, client.certificate, client.key)) > 0
    assert b'"texts"' in post(mutual, context(ours, client))

    lines = [line for line in mutual.log_text().splitlines() if "reason=OK" in line]
    clients = {found[1] for line in lines if (found := re.search(r"principal=(\S+)", line))}
    assert clients == {"certificate:uri:spiffe://test/scanner"}
    for method in ("method=Recognize ", 'method="POST /ocr" '):
        assert any(method in line for line in lines)


def test_the_commands_bring_a_certificate(
    mutual: RunningServer, ours: Authority, client: Pair, tmp_path: Path
) -> None:
    image = tmp_path / "image.png"
    image.write_bytes(IMAGE)
    own = ["--tls-certificate", str(client.certificate), "--tls-key", str(client.key)]
    called = ["read", str(image), "--server", mutual.target, "--tls-ca", str(ours.certificate)]

    assert main([*called, *own]) == 0
    assert main(called) == 1


def test_who_has_none_or_a_strangers_is_refused(mutual: RunningServer, ours: Authority) -> None:
    stranger = ours.issue("stranger")

    refused = post(mutual, context(ours))

    assert not is_read(mutual, Tls(ours.certificate))
    assert not is_read(mutual, Tls(ours.certificate, stranger.certificate, stranger.key))
    assert b" 403 " in refused and b"CERTIFICATE_MISSING" in refused
    assert not is_answered(mutual, context(ours, stranger))
    assert b" 200 OK" in asked(mutual, context(ours), "/health")


def test_a_certificates_principal_has_the_default_limits_over_both(
    mutual: RunningServer, ours: Authority, client: Pair
) -> None:
    ending = Event()

    def documents() -> Iterator[InputDocument]:
        ending.wait(CALL_S)
        yield from ()

    tls = Tls(ours.certificate, client.certificate, client.key)
    with Client(mutual.target, tls=tls, timeout_s=CALL_S) as one:
        stream = one.recognize_stream(documents())
        try:
            eventually(lambda: refusal_of(one) == "REQUEST_QUOTA_FULL")
            over_http = asked(mutual, context(ours, client), METRICS)
        finally:
            ending.set()
        assert list(stream) == []
        eventually(lambda: refusal_of(one) == "")

    assert b" 429 " in over_http and b"REQUEST_QUOTA_FULL" in over_http


def refusal_of(client: Client) -> str:
    """Why it may not ask now; empty where it may."""
    try:
        client.server_info()
    except InkstreamError as error:
        return error.reason
    return ""


def test_renewed_certificates_are_served_without_a_restart_and_no_call_is_lost(
    ours: Authority, clients: Authority, client: Pair, folder: Path
) -> None:
    pair, authorities = ours.issue("renewed"), folder / "authorities.pem"
    authorities.write_bytes(clients.certificate.read_bytes())
    others = Authority.new(folder / "others")
    other = others.issue("other", alternatives="")
    known = Tls(ours.certificate, client.certificate, client.key)
    later = Tls(ours.certificate, other.certificate, other.key)
    with tls_server(pair, f"--set=tls.client_ca={authorities}") as server:
        key, certificate = client.pem
        credentials = grpc.ssl_channel_credentials(ours.certificate.read_bytes(), key, certificate)
        with grpc.secure_channel(server.target, credentials) as standing:
            health = health_pb2_grpc.HealthStub(standing)
            health.Check(health_pb2.HealthCheckRequest(), timeout=CALL_S)
            before = serial_of(server, context(ours))

            pair.replace(ours.issue("newer"))
            eventually(lambda: serial_of(server, context(ours)) != before)
            authorities.write_bytes(others.certificate.read_bytes())
            eventually(lambda: is_read(server, later))

            health.Check(health_pb2.HealthCheckRequest(), timeout=CALL_S)
        assert not is_read(server, known)  # an authority that was taken away vouches for nobody
        assert not is_answered(server, context(ours, client))
        assert b'"certificates"} ' in asked(server, context(ours, other), METRICS)


def test_files_that_cannot_be_served_leave_the_old_ones_and_are_told(ours: Authority) -> None:
    pair, old = ours.issue("staying"), ours.issue("past", days=-1)
    with tls_server(pair, "--set=http.visualize=false") as server:
        before = serial_of(server, context(ours))
        changes: dict[str, Callable[[], object]] = {
            "TLS_FILES_MISMATCHED": lambda: pair.key.write_bytes(old.key.read_bytes()),
            "TLS_CERTIFICATE_EXPIRED": lambda: pair.replace(old),
            "TLS_FILE_INVALID": lambda: pair.certificate.write_text("rubbish"),
            "TLS_FILE_UNREADABLE": pair.certificate.unlink,
        }
        for reason, change in changes.items():
            change()
            told = f'inkstream_renewals_total{{reason="{reason}",what="certificates"}} 1.0'
            _until_told(server, context(ours), told.encode())

            assert serial_of(server, context(ours)) == before
            assert read(server, Tls(ours.certificate)) > 0
        assert server.log_text().count("the certificates stay as they were") == 4


def _until_told(server: RunningServer, tls: ssl.SSLContext, told: bytes) -> None:
    eventually(lambda: told in asked(server, tls, METRICS))


def test_a_file_that_cannot_be_served_stops_the_start_with_one_line(ours: Authority) -> None:
    old = ours.issue("too-old", days=-1)
    command = [str(Path(sys.executable).with_name("inkstream")), "serve", *FAKE_ENGINE]
    files = [f"--set=tls.certificate={old.certificate}", f"--set=tls.key={old.key}"]

    ended = subprocess.run([*command, *files], capture_output=True, text=True, timeout=CALL_S * 2)

    assert ended.returncode == 1
    assert "is not valid now: certificate has expired" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
