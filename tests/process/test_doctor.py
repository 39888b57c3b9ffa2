"""`inkstream doctor`, which starts a server and has it read."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from inkstream_server.app.checkup_models import SAMPLE
from inkstream_server.cli.main import main

Findings = dict[str, dict[str, str]]
PORTS = ("--host", "127.0.0.1", "--port", "0", "--http-port", "0")


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """The command sets up that of its process, which here is also other tests'."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def found(capsys: pytest.CaptureFixture[str], *flags: str) -> tuple[int, Findings]:
    status = main(["doctor", "--json", *PORTS, *flags])
    tree = json.loads(capsys.readouterr().out)
    assert tree["is_well"] == (status == 0)
    return status, {finding["subject"]: finding for finding in tree["findings"]}


def test_a_server_with_the_fake_engine_is_started_and_answers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, findings = found(capsys, "--engine=fake")

    assert status == 0
    assert "server.port (the command line)" in findings["configuration"]["told"]
    assert findings["loaded PP-OCRv4_mobile_rec"]["told"] == "fake on cpu in fp32"
    assert findings["reading with PP-OCRv4_mobile_rec"]["level"] == "OK"


def test_what_is_wrong_is_told_with_what_helps_and_the_status_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    flags = [*PORTS, "--no-read", "--models-dir=/nonexistent"]

    assert main(["doctor", *flags]) == 1

    lines = capsys.readouterr().out.splitlines()
    at = lines.index("FAIL  model PP-OCRv4_mobile_rec: is not there")
    assert lines[at + 1] == "      -> inkstream models pull PP-OCRv4_mobile_rec"
    assert all(line.startswith(("OK   ", "WARN ", "FAIL ", "      -> ")) for line in lines)


def test_a_configuration_that_may_not_be_is_a_finding_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, findings = found(capsys, "--set=server.prot=1")

    assert status == 1
    assert "server.prot is no known key" in findings["configuration"]["told"]
    assert "versions" in findings


@pytest.mark.models
def test_the_default_models_read_what_was_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    status, findings = found(capsys)

    assert status == 0
    reading = findings["reading with PP-OCRv4_mobile_rec"]
    assert reading["level"] == "OK" and f"{SAMPLE} was drawn and read" in reading["told"]
