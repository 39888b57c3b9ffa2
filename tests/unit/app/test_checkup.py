from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

from inkstream_server.app import checkup_machine, checkup_models
from inkstream_server.app.checkup import Finding, Level, findings_of, ok
from inkstream_server.config import ServerConfig


def configured(**sections: dict[str, object]) -> ServerConfig:
    return ServerConfig.model_validate(sections)


def levels(findings: Iterator[Finding]) -> dict[str, Level]:
    return {finding.subject: finding.level for finding in findings}


def test_a_port_that_is_taken_is_a_warning_that_names_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = configured(server={"host": "127.0.0.1", "port": port, "http_port": None})

        (finding,) = checkup_machine.ports(config)

    assert finding.level is Level.WARN
    assert f"127.0.0.1:{port}" in finding.told and "server.port" in finding.advice
    (free,) = checkup_machine.ports(config)
    assert free.level is Level.OK


def test_an_address_that_is_not_here_is_a_failure() -> None:
    config = configured(server={"host": "192.0.2.1", "port": 50051, "http_port": None})

    assert levels(checkup_machine.ports(config)) == {"gRPC port": Level.FAIL}


def test_a_socket_needs_no_port() -> None:
    config = configured(server={"host": "unix:/tmp/a.sock", "http_port": None})

    (finding,) = checkup_machine.ports(config)

    assert finding == ok("ports", "gRPC listens on unix:/tmp/a.sock alone")


def test_too_few_files_for_the_connections_are_a_warning() -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = configured(server={"max_http_connections": soft // 2 + 1})
    enough = configured(server={"max_http_connections": 1})

    (warned,) = checkup_machine.open_files(few)

    assert warned.level is Level.WARN and f"ulimit -n to {2 * (soft // 2 + 1)}" in warned.advice
    assert levels(checkup_machine.open_files(enough)) == {"files": Level.OK}


def test_more_workers_than_there_is_memory_for_are_a_failure() -> None:
    crowd = configured(workers={"model_workers": 256, "model_threads": 1})

    found = levels(checkup_machine.memory(crowd))

    total_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert (found["memory"] is Level.FAIL) == (total_bytes < 256 * (700 << 20))
    assert found["shared memory"] is Level.OK


def test_what_this_is_and_runs_on_is_told_without_the_machines_name() -> None:
    checks = (checkup_machine.versions, checkup_machine.processor, checkup_machine.clock)

    found = [finding for check in checks for finding in check(ServerConfig())]

    told = {finding.subject: finding.told for finding in found}
    assert "Python 3." in told["versions"] and "grpcio " in told["packages"]
    assert told["cores"].split()[0].isdecimal()
    assert all(socket.gethostname() not in finding.told.split() for finding in found)


def test_a_model_that_is_not_there_is_a_failure_with_its_command(tmp_path: Path) -> None:
    models = {"dir": tmp_path, "text_recognition": "my_rec", "doc_orientation": None}
    config = configured(models=models)
    (tmp_path / "my_rec").mkdir()
    (tmp_path / "my_rec" / "inference.onnx").write_bytes(b"a graph")

    found = {finding.subject: finding for finding in checkup_models.model_files(config)}

    missing = found["model PP-OCRv4_mobile_det"]
    assert missing.level is Level.FAIL
    assert missing.advice == "inkstream models pull PP-OCRv4_mobile_det"
    assert found["model my_rec"].level is Level.OK


def test_an_engine_that_cannot_be_is_a_failure() -> None:
    config = configured(inference={"engine": "nonesuch"}, models={"dir": Path("/nonexistent")})

    assert Level.FAIL in levels(checkup_models.engines(config)).values()


def test_a_check_that_breaks_is_a_finding_and_ends_no_other() -> None:
    def broken_check(config: ServerConfig) -> Iterator[Finding]:
        yield ok("before", "well")
        raise ZeroDivisionError("oh")

    before, broken = findings_of(broken_check, ServerConfig())

    assert before.subject == "before"
    assert (broken.level, broken.subject) == (Level.FAIL, "broken check")
    assert broken.told == "ZeroDivisionError: oh"
