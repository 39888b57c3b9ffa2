from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2

from inkstream.v1 import ocr_pb2, settings_pb2
from inkstream_server.cli.main import main

if TYPE_CHECKING:
    from tests.unit.client.conftest import Script

# As an installation without the server's packages runs it.
LIGHT = """
import sys
for name in ("yaml", "numpy", "cv2", "pydantic", "aiohttp", "pymupdf", "openvino", "paddle"):
    sys.modules[name] = None
from inkstream_server.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def image(tmp_path: Path) -> str:
    path = tmp_path / "a.png"
    path.write_bytes(b"a png")
    return str(path)


@pytest.fixture
def pdf(tmp_path: Path) -> str:
    path = tmp_path / "b.pdf"
    path.write_bytes(b"%PDF-1.7")
    return str(path)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "report.json"


def bench(script: Script, *arguments: str) -> int:
    return main(["bench", "--server", script.target, *arguments])


def read(report: Path) -> Any:  # noqa: ANN401 - JSON
    return json.loads(report.read_text())


def refuse(script: Script, retry_after_s: float) -> None:
    cause = error_details_pb2.ErrorInfo(domain="inkstream.dev", reason="QUEUE_FULL")
    delay = Duration(nanos=int(retry_after_s * 1e9))
    retry = error_details_pb2.RetryInfo(retry_delay=delay)
    script.add_failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "full", cause, retry)


def test_a_closed_loop_sends_what_was_asked_for(
    script: Script, image: str, report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add_page(1, "one", "two")

    status = bench(
        script, image, "--requests", "20", "--warm-up-requests", "3", "--json", str(report)
    )

    assert status == 0
    assert len(script.requests) == 23
    total = read(report)["total"]
    assert (total["request_count"], total["page_count"], total["line_count"]) == (20, 20, 40)
    assert total["mean_batch_size"] == 8.0
    out, err = capsys.readouterr()
    assert "closed loop of 8 for 20 requests, after 3 requests of warm-up" in out
    assert err == ""


def test_pdfs_go_as_documents_with_their_flags(
    script: Script, pdf: str, image: str, report: Path
) -> None:
    script.add_page(1, "one")
    script.add_page(2, "two")
    flags = ["--pages", "1-2", "--dpi", "300", "--order", "completion", "--priority", "batch"]
    flags += ["--rec-model", "en", "--text-det-thresh", "0"]

    assert bench(script, f"{pdf}:3", image, "--requests", "12", "--json", str(report), *flags) == 0

    documents = [r for r in script.requests if isinstance(r, ocr_pb2.RecognizeDocumentRequest)]
    images = [r for r in script.requests if isinstance(r, ocr_pb2.RecognizeRequest)]
    assert len(documents) > len(images) > 0
    assert documents[0].pages == ocr_pb2.PageSelection(ranges="1-2", dpi=300)
    assert documents[0].order == ocr_pb2.PAGE_ORDER_COMPLETION
    assert images[0].options == settings_pb2.RecognizeOptions(
        priority=settings_pb2.PRIORITY_BATCH, text_rec_model="en", text_det_thresh=0.0
    )
    of_pdf, of_image = read(report)["sources"]
    assert of_pdf["page_count"] == 2 * of_pdf["request_count"] == 2 * len(documents)
    assert of_pdf["first_page_ms"]["sample_count"] == len(documents)
    assert of_image["first_page_ms"] is None


def test_an_open_loop_sends_at_its_rate(script: Script, image: str, report: Path) -> None:
    script.add_page(1, "one")
    flags = ["--rate", "100", "--arrivals", "constant", "--duration", "0.5", "--warm-up", "0.1"]

    assert bench(script, image, "--json", str(report), *flags) == 0

    sending = read(report)["sending"]
    assert len(script.requests) == 60
    assert read(report)["total"]["request_count"] == 50
    assert sending["warm_up_request_count"] == 10
    assert sending["unsent_count"] == 0


def test_latencies_of_an_open_loop_count_from_when_requests_were_due(
    script: Script, image: str, report: Path
) -> None:
    script.add_page(1, "one")
    script.hangs = True
    threading.Timer(0.6, script.caller_has_gone.set).start()
    flags = ["--rate", "20", "--arrivals", "constant", "--requests", "10", "--max-in-flight", "1"]

    assert bench(script, image, "--raw", "--json", str(report), *flags) == 0

    result = read(report)
    assert result["sending"]["held_back_count"] > 5
    assert result["sending"]["max_in_flight_count"] == 1
    second = result["raw"][1]
    assert second["due_at_s"] == pytest.approx(0.05)
    assert second["sent_at_s"] > 0.5  # until then the first one had the only place
    assert second["latency_ms"] > 450


def test_what_an_overloaded_open_loop_never_sent_is_told_and_fails(
    script: Script, image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add_page(1, "one")
    script.hangs = True
    threading.Timer(0.8, script.caller_has_gone.set).start()
    flags = ["--rate", "20", "--arrivals", "constant", "--duration", "0.5", "--max-in-flight", "1"]

    assert bench(script, image, *flags) == 1
    assert "9 requests were due and never sent" in " ".join(capsys.readouterr().out.split())


def test_a_failure_is_told_and_fails_unless_allowed(
    script: Script, image: str, report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add_page(1, "one")
    flags = ["--requests", "5", "--concurrency", "1", "--json", str(report)]

    refuse(script, 0.5)
    assert bench(script, image, *flags) == 1
    refuse(script, 0.5)
    assert bench(script, image, "--allow-errors", *flags) == 0

    assert "QUEUE_FULL" in capsys.readouterr().out
    assert read(report)["total"]["errors"] == [
        {"reason": "QUEUE_FULL", "count": 1, "mean_retry_after_s": 0.5}
    ]


def test_what_was_refused_is_sent_again_where_asked_for(
    script: Script, image: str, report: Path
) -> None:
    script.add_page(1, "one")
    refuse(script, 0.05)
    refuse(script, 0.05)
    flags = ["--requests", "1", "--retry", "--max-retries", "2", "--json", str(report)]

    assert bench(script, image, *flags) == 0

    total = read(report)["total"]
    assert (total["retry_count"], total["failed_request_count"]) == (2, 0)
    assert total["mean_retry_after_s"] == 0.05
    assert total["latency_ms"]["min"] >= 100


def test_a_retry_ends_when_the_limit_is_reached(script: Script, image: str) -> None:
    script.add_page(1, "one")
    for _ in range(3):
        refuse(script, 0.001)

    assert bench(script, image, "--requests", "1", "--retry", "--max-retries", "2") == 1
    assert len(script.requests) == 3


def test_callers_who_find_nobody_do_not_spin(script: Script, image: str, report: Path) -> None:
    script.add_page(1, "one")
    for _ in range(3):
        script.add_failure(grpc.StatusCode.UNAVAILABLE, "gone")
    flags = ["--requests", "4", "--concurrency", "1", "--json", str(report)]

    assert bench(script, image, *flags) == 1
    assert read(report)["total"]["failed_request_count"] == 3
    assert read(report)["measured_s"] >= 0.3


def test_each_request_has_a_deadline(
    script: Script, image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add_page(1, "one")
    script.hangs = True

    assert bench(script, image, "--requests", "1", "--timeout-ms", "100") == 1
    assert "DEADLINE_EXCEEDED" in capsys.readouterr().out


@pytest.mark.parametrize("connection_count", [1, 3])
def test_there_are_as_many_connections_as_asked_for(
    script: Script, image: str, connection_count: int
) -> None:
    script.add_page(1, "one")

    assert bench(script, image, "--requests", "12", "--connections", str(connection_count)) == 0
    assert len(script.peers) == connection_count


def test_json_on_standard_output_is_alone_there(
    script: Script, image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add_page(1, "one")

    assert bench(script, image, "--requests", "2", "--json", "-") == 0

    out, err = capsys.readouterr()
    assert json.loads(out)["server"]["version"] == "1.2.3"
    assert "closed loop" in err


def test_no_server_says_how_to_start_one(
    script: Script, image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script.target = "127.0.0.1:1"

    assert bench(script, image) == 1
    assert capsys.readouterr().err == (
        "inkstream: no server answers at 127.0.0.1:1; start one with: inkstream serve --port 1\n"
    )


def test_a_file_that_is_not_there_ends_it_before_anything_is_sent(
    script: Script, image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(script, image, "none.png") == 1
    assert "none.png" in capsys.readouterr().err
    assert script.requests == []


@pytest.mark.parametrize(
    "flags",
    [
        ["--concurrency", "0"],
        ["--rate", "0"],
        ["--rate", "5", "--concurrency", "2"],
        ["--duration", "1", "--requests", "1"],
        ["--warm-up", "-1"],
        ["--duration", "inf"],
    ],
)
def test_impossible_flags_are_misuse(script: Script, image: str, flags: list[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        bench(script, image, *flags)

    assert exited.value.code == 2


def test_ctrl_c_reports_what_was_measured(script: Script, image: str, report: Path) -> None:
    script.add_page(1, "one")
    flags = ["--server", script.target, "--concurrency", "1", "--json", str(report), image]
    command = [sys.executable, "-c", LIGHT, "bench", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert script.has_been_asked_again.wait(10.0)

        process.send_signal(signal.SIGINT)

        out, err = process.communicate(timeout=10.0)
    assert (process.returncode, err) == (0, b"")
    assert b"ended early" in out
    assert read(report)["was_interrupted"] is True
    assert read(report)["total"]["request_count"] > 0
