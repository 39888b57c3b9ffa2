from __future__ import annotations

import argparse
import io
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.json_format import Parse

from inkstream.options import Options, encode_options
from inkstream.v1 import ocr_pb2, settings_pb2
from inkstream_server.cli import read

if TYPE_CHECKING:
    from tests.unit.client.conftest import Script

MAIN = "import sys; from inkstream_server.cli.main import main; sys.exit(main())"


def run(script: Script, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    read.add_parser(parser.add_subparsers())
    parsed = parser.parse_args(["read", "--server", script.target, *arguments])
    status: int = parsed.func(parsed)
    return status


@pytest.fixture
def pdf(tmp_path: Path) -> str:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"a pdf")
    return str(path)


def test_a_single_page_is_printed_alone(
    script: Script, pdf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add_page(1, "Hello", "世界")

    assert run(script, pdf) == 0
    assert capsys.readouterr() == ("Hello\n世界\n", "")


def test_a_page_without_text_prints_nothing(
    script: Script, pdf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add_page(1)

    assert run(script, pdf) == 0
    assert capsys.readouterr() == ("", "")


def test_it_goes_first_unless_told_otherwise(script: Script, pdf: str) -> None:
    script.add_page(1, "one")

    run(script, pdf)
    run(script, "--priority", "batch", pdf)

    priorities = []
    for request in script.requests:
        assert isinstance(request, ocr_pb2.RecognizeDocumentRequest)
        priorities.append(request.options.priority)
    assert priorities == [settings_pb2.PRIORITY_INTERACTIVE, settings_pb2.PRIORITY_BATCH]


def test_a_server_without_a_port_is_told_what_is_wanted(
    pdf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    read.add_parser(parser.add_subparsers())

    parsed = parser.parse_args(["read", "--server", "localhost.invalid", pdf])

    assert parsed.func(parsed) == 1
    assert "--server wants HOST:PORT" in capsys.readouterr().err


def test_several_pages_have_headings(
    script: Script, pdf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add_page(4, "four")
    script.add_page(5, "five")

    assert run(script, pdf) == 0
    assert capsys.readouterr().out == (
        f"--- {pdf}, page 4 of 9 ---\nfour\n--- {pdf}, page 5 of 9 ---\nfive\n"
    )


def test_several_files_have_headings(
    script: Script, pdf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add_page(1, "one")

    assert run(script, pdf, pdf) == 0
    assert capsys.readouterr().out == f"--- {pdf}, page 1 of 9 ---\none\n" * 2


def test_the_flags_reach_the_server(script: Script, pdf: str) -> None:
    flags = ["--pages", "1-3", "--dpi", "300", "--password", "x", "--order", "completion"]

    assert run(script, *flags, pdf) == 0

    (request,) = script.requests
    assert isinstance(request, ocr_pb2.RecognizeDocumentRequest)
    assert request.pages == ocr_pb2.PageSelection(ranges="1-3", dpi=300)
    assert request.source.password == "x"
    assert request.order == ocr_pb2.PAGE_ORDER_COMPLETION


PAGE_FLAGS = {
    "--rec-model=en": Options(text_rec_model="en"),
    "--text-rec-model=en": Options(text_rec_model="en"),
    "--use-doc-orientation-classify": Options(use_doc_orientation_classify=True),
    "--no-use-doc-orientation-classify": Options(use_doc_orientation_classify=False),
    "--use-doc-unwarping": Options(use_doc_unwarping=True),
    "--no-use-textline-orientation": Options(use_textline_orientation=False),
    "--text-det-limit-side-len=736": Options(text_det_limit_side_len=736),
    "--text-det-limit-type=min": Options(text_det_limit_type="min"),
    "--text-det-thresh=0": Options(text_det_thresh=0.0),
    "--text-det-box-thresh=0.8": Options(text_det_box_thresh=0.8),
    "--text-det-unclip-ratio=1.5": Options(text_det_unclip_ratio=1.5),
    "--text-rec-score-thresh=0.9": Options(text_rec_score_thresh=0.9),
}
# Of these there are flags that mean more than how a page is read.
OTHERS = {"priority", "return_word_box", "visualize", "frame", "return_page_images"}


@pytest.mark.parametrize("flag", PAGE_FLAGS)
def test_each_flag_sets_its_option_and_no_other(script: Script, pdf: str, flag: str) -> None:
    script.add_page(1, "one")

    assert run(script, flag, pdf) == 0

    (request,) = script.requests
    assert isinstance(request, ocr_pb2.RecognizeDocumentRequest)
    assert request.options == encode_options({"priority": "interactive", **PAGE_FLAGS[flag]})


def test_there_is_a_flag_for_every_option() -> None:
    tried = {name for options in PAGE_FLAGS.values() for name in options}

    assert tried == set(Options.__annotations__) - OTHERS


def test_a_failed_page_is_told_and_the_rest_printed(
    script: Script, pdf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add_failed_page(1, "PDF_DAMAGED", "it cannot be drawn")
    script.add_page(2, "two")

    assert run(script, pdf) == 1
    assert capsys.readouterr() == (
        f"--- {pdf}, page 2 of 9 ---\ntwo\n",
        f"inkstream: {pdf}: page 1: PDF_DAMAGED: it cannot be drawn\n",
    )


def test_a_failed_file_is_told_and_the_next_one_read(
    script: Script, pdf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add_own_failure(grpc.StatusCode.INVALID_ARGUMENT, "encrypted", "PDF_PASSWORD_REQUIRED")
    script.add_page(1, "one")

    assert run(script, "none.pdf", pdf, pdf) == 1
    assert capsys.readouterr() == (
        f"--- {pdf}, page 1 of 9 ---\none\n",
        "inkstream: none.pdf: FILE_UNREADABLE: No such file or directory\n"
        f"inkstream: {pdf}: PDF_PASSWORD_REQUIRED: encrypted\n",
    )


def test_json_is_one_response_a_line(
    script: Script, pdf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add_page(1, "世界")
    script.add_failed_page(2, "PDF_DAMAGED", "it cannot be drawn")

    assert run(script, "--json", pdf) == 1

    lines = capsys.readouterr().out.splitlines()
    start, first, second, end = (Parse(line, ocr_pb2.RecognizeStreamResponse()) for line in lines)
    assert start.document_id == pdf and start.start.selected_page_count == 2
    assert first.page == script.pages[0]
    assert second.page == script.pages[1]
    assert end.end.failed_page_count == 1
    assert "世界" in lines[1]
    assert json.loads(lines[1])["page"]["lines"][0]["polygon"]["points"][0] == {"x": 0, "y": 5}


def test_pictures_are_written_one_a_page(script: Script, pdf: str, tmp_path: Path) -> None:
    script.add_page(1, "one")
    script.add_page(2, "two")
    for page in script.pages:
        page.visualization = f"picture {page.page_number}".encode()

    assert run(script, "--visualize", str(tmp_path / "new" / "out"), pdf) == 0

    pictures = {path.name: path.read_bytes() for path in (tmp_path / "new" / "out").iterdir()}
    assert pictures == {
        "a_1_ocr_res_img.jpg": b"picture 1",
        "a_2_ocr_res_img.jpg": b"picture 2",
    }


def test_pictures_and_words_are_asked_for_only_where_they_are_wanted(
    script: Script, pdf: str, tmp_path: Path
) -> None:
    script.add_page(1, "one")

    run(script, pdf)
    run(script, "--visualize", str(tmp_path), pdf)
    run(script, "--word-boxes", "--json", pdf)

    options = [
        request.options
        for request in script.requests
        if isinstance(request, ocr_pb2.RecognizeDocumentRequest)
    ]
    assert [each.visualize for each in options] == [False, True, False]
    assert [each.return_word_box for each in options] == [False, False, True]


def test_documents_of_one_name_have_pictures_of_their_own(script: Script, tmp_path: Path) -> None:
    files = [tmp_path / folder / "scan.pdf" for folder in ("a", "b", "c")]
    for file in files:
        file.parent.mkdir()
        file.write_bytes(b"a pdf")
    script.add_page(1, "one")
    script.pages[0].visualization = b"picture"

    assert run(script, "--visualize", str(tmp_path / "out"), *map(str, files)) == 0

    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "scan_1_ocr_res_img.jpg",
        "scan-2_1_ocr_res_img.jpg",
        "scan-3_1_ocr_res_img.jpg",
    }


def test_word_boxes_that_nobody_would_see_are_refused(
    script: Script, pdf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run(script, "--word-boxes", pdf)

    assert caught.value.code == 2
    assert "--word-boxes shows nothing without --json or --visualize" in capsys.readouterr().err
    assert not script.requests


def test_a_picture_that_cannot_be_written_is_told_and_the_text_printed(
    script: Script, pdf: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add_page(1, "one")
    script.pages[0].visualization = b"picture"
    (tmp_path / "out").write_bytes(b"a file where a folder should be")

    assert run(script, "--visualize", str(tmp_path / "out"), pdf) == 1

    out, err = capsys.readouterr()
    assert out == "one\n"
    assert "a_1_ocr_res_img.jpg: " in err


def test_json_leaves_out_pictures_which_are_files(
    script: Script, pdf: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add_page(1, "one")
    script.pages[0].visualization = b"picture"

    assert run(script, "--json", "--visualize", str(tmp_path), pdf) == 0

    _, page, _ = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert page["page"]["lines"][0]["text"] == "one"
    assert page["page"]["visualization"] == ""
    assert (tmp_path / "a_1_ocr_res_img.jpg").read_bytes() == b"picture"


def test_json_tells_of_a_failed_file_too(
    script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(script, "--json", "none.pdf") == 1

    end = Parse(capsys.readouterr().out, ocr_pb2.RecognizeStreamResponse()).end
    assert (end.error.code, end.error.reason) == (3, "FILE_UNREADABLE")


def test_a_file_too_large_for_a_message_is_read_as_any_other(
    script: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add_page(1, "one")
    large = tmp_path / "large.pdf"
    with large.open("wb") as file:
        file.truncate((64 << 20) + 1)

    assert run(script, str(large)) == 0
    assert capsys.readouterr().out == "one\n"
    assert sum(len(message.chunk.data) for message in script.messages) == (64 << 20) + 1


def test_a_dash_is_standard_input(
    script: Script, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script.add_page(1, "one")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"from a pipe")))

    assert run(script, "-") == 0

    (request,) = script.requests
    assert isinstance(request, ocr_pb2.RecognizeDocumentRequest)
    assert request.source.content == b"from a pipe"
    assert capsys.readouterr().out == "one\n"


def test_no_server_says_how_to_start_one(
    script: Script, pdf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script.target = "127.0.0.1:1"

    assert run(script, pdf, pdf) == 1
    assert capsys.readouterr().err == (
        f"inkstream: {pdf}: UNAVAILABLE: no server answers at 127.0.0.1:1; "
        "start one with: inkstream serve --port 1\n"
    )


def test_a_file_that_takes_too_long_is_told(
    script: Script, pdf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add_page(1, "one")
    script.hangs = True

    assert run(script, "--timeout", "0.3", pdf) == 1
    assert capsys.readouterr().out == "one\n"


def test_a_terminal_gets_a_progress_bar_on_standard_error(
    script: Script, pdf: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script.add_page(1, "one")
    script.add_page(2, "two")
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")

    assert run(script, pdf) == 0
    assert "1/2" in terminal.getvalue()
    assert capsys.readouterr().out.count("\n") == 4


def test_ctrl_c_ends_it_with_130(script: Script, pdf: str) -> None:
    script.add_page(1, "one")
    script.hangs = True
    command = [sys.executable, "-c", MAIN, "read", "--server", script.target, pdf]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == b"one\n"

        process.send_signal(signal.SIGINT)

        assert process.wait(10.0) == 130
        assert process.stderr.read() == b""
    assert script.caller_has_gone.wait(5.0)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True
