"""`inkstream health` over TLS. What real servers answer is in tests/wire."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from inkstream_server.cli.main import main

NAME = "ocr.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One that vouches for itself, and its key; server and client both use it."""
    folder = tmp_path_factory.mktemp("tls")
    files = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-days", "2"]
    command += ["-pkeyopt", "ec_paramgen_curve:P-256", "-subj", f"/CN={NAME}"]
    command += ["-addext", f"subjectAltName=DNS:{NAME}"]
    command += ["-out", str(files[0]), "-keyout", str(files[1])]
    subprocess.run(command, check=True, capture_output=True, timeout=60.0)
    return files


@pytest.fixture(scope="module")
def target(certificate: tuple[Path, Path]) -> Iterator[str]:
    """A server that asks for its clients' certificates, and is well."""
    pem, key = (file.read_bytes() for file in certificate)
    credentials = grpc.ssl_server_credentials([(key, pem)], pem, require_client_auth=True)
    with ThreadPoolExecutor(max_workers=1) as threads:
        server = grpc.server(threads)
        servicer = health.HealthServicer()
        servicer.set("", health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
        port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        yield f"127.0.0.1:{port}"
        server.stop(None).wait()


def test_a_server_with_tls_is_asked_by_its_name_and_with_a_certificate(
    target: str, certificate: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    pem, key = map(str, certificate)
    ours = ("--tls-certificate", pem, "--tls-key", key)

    status = main(["health", "--server", target, "--tls-ca", pem, "--tls-server-name", NAME, *ours])

    assert (status, capsys.readouterr().out) == (0, "SERVING\n")


@pytest.mark.parametrize("flags", [(), ("--tls",)])
def test_a_server_whose_certificate_nobody_vouches_for_is_not_well(
    target: str, flags: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["health", "--server", target, *flags])

    assert (status, capsys.readouterr().out.partition(":")[0]) == (1, "UNAVAILABLE")


def test_a_file_that_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["health", "--tls-ca", str(tmp_path / "gone.pem")])

    assert status == 1
    assert "gone.pem" in capsys.readouterr().err
