"""`inkstream bench` against a real server with the fake engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.pictures import pdf, picture, png
from tests.wire.calls import Stubs

from inkstream_server.cli.main import main
from served import RunningServer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.png").write_bytes(png(picture("hello", "there", "reader")))
    (tmp_path / "b.pdf").write_bytes(pdf("one", "two", "three"))
    (tmp_path / "c.png").write_bytes(b"no picture at all")
    return tmp_path


def test_pictures_and_documents_are_read_and_measured(
    server: RunningServer, stubs: Stubs, folder: Path
) -> None:
    image, document, report = folder / "a.png", folder / "b.pdf", folder / "report.json"
    flags = ["--server", server.target, "--requests", "30", "--concurrency", "4", "--raw"]

    status = main(["bench", f"{image}:2", f"{document}:1", "--json", str(report), *flags])

    result = json.loads(report.read_text())
    of_image, of_document = result["sources"]
    assert status == 0
    assert of_image["request_count"] + of_document["request_count"] == 30
    line_count = len(stubs.read(image.read_bytes()).lines)
    assert of_image["line_count"] == line_count * of_image["request_count"] > 0
    assert of_document["page_count"] == 3 * of_document["request_count"] > 0
    assert of_document["first_page_ms"]["p50"] <= of_document["latency_ms"]["p50"]
    assert result["total"]["pages_per_s"] > 0
    assert 0 <= result["total"]["queued_share"] <= 1
    assert result["total"]["mean_batch_size"] >= 1
    assert {model["engine"] for model in result["server"]["models"]} == {"fake"}
    assert len(result["raw"]) == 30
    assert sum(bucket["count"] for bucket in result["latency_histogram"]) == 30


def test_an_open_loop_is_answered(server: RunningServer, folder: Path) -> None:
    report = folder / "report.json"
    flags = ["--rate", "20", "--duration", "1.5", "--warm-up", "0.5", "--connections", "2"]

    status = main(
        ["bench", str(folder / "a.png"), "--server", server.target, "--json", str(report), *flags]
    )

    result = json.loads(report.read_text())
    assert status == 0
    assert result["measured_s"] == 1.5
    assert result["total"]["request_count"] == result["total"]["page_count"] > 10


def test_what_the_server_refuses_is_told_by_its_reason(server: RunningServer, folder: Path) -> None:
    report = folder / "report.json"
    flags = ["--requests", "4", "--retry", "--json", str(report)]

    status = main(["bench", str(folder / "c.png"), "--server", server.target, *flags])

    total = json.loads(report.read_text())["total"]
    assert status == 1
    assert total["errors"] == [
        {"reason": "UNSUPPORTED_MEDIA_TYPE", "count": 4, "mean_retry_after_s": None}
    ]
    assert (total["retry_count"], total["latency_ms"]) == (0, None)
