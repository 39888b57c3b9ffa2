from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from inkstream.v1 import ocr_pb2, settings_pb2
from inkstream_server.cli import predict

if TYPE_CHECKING:
    from tests.unit.client.conftest import Script


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    predict.add_parser(parser.add_subparsers())
    return parser.parse_args(["predict", *arguments])


def run(script: Script, *arguments: str) -> int:
    given = parsed("--server", script.target, *arguments)
    status: int = given.func(given)
    return status


def options_asked(script: Script) -> settings_pb2.RecognizeOptions:
    request = script.requests[-1]
    assert isinstance(request, ocr_pb2.RecognizeDocumentRequest)
    return request.options


@pytest.fixture
def pdf(tmp_path: Path) -> str:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"a pdf")
    return str(path)


def test_every_page_is_printed_as_paddlex_prints_it(
    script: Script, pdf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add_page(1, "Hello")
    script.add_page(2, "世界")

    assert run(script, "--pipeline", "OCR", "--input", pdf) == 0

    printed = capsys.readouterr()
    assert printed.out.count("{'res': {'input_path': ") == 2
    assert "'rec_texts': ['世界']" in printed.out
    assert printed.err == ""


def test_flags_are_spelled_as_paddlex_spells_them_or_with_dashes(script: Script, pdf: str) -> None:
    script.add_page(1, "one")

    assert (
        run(
            script,
            *("--input", pdf),
            *("--use_doc_orientation_classify", "False"),
            *("--use-doc-unwarping", "F"),
            *("--use_textline_orientation", "true"),
            *("--text_det_limit_side_len", "736"),
            *("--text_det_limit_type", "min"),
            *("--text-det-thresh", "0.25"),
            *("--text_det_box_thresh", "0.5"),
            *("--text_det_unclip_ratio", "1.5"),
            *("--text_rec_score_thresh", "0.75"),
            *("--return_word_box", "True"),
        )
        == 0
    )

    assert options_asked(script) == settings_pb2.RecognizeOptions(
        use_doc_orientation_classify=False,
        use_doc_unwarping=False,
        use_textline_orientation=True,
        text_det_limit_side_len=736,
        text_det_limit_type=settings_pb2.LIMIT_TYPE_MIN,
        text_det_thresh=0.25,
        text_det_box_thresh=0.5,
        text_det_unclip_ratio=1.5,
        text_rec_score_thresh=0.75,
        return_word_box=True,
        frame=settings_pb2.FRAME_READ,
    )


def test_a_switch_that_is_none_is_left_as_it_is(script: Script, pdf: str) -> None:
    script.add_page(1, "one")

    run(script, "--input", pdf, "--use_textline_orientation", "None")

    assert not options_asked(script).HasField("use_textline_orientation")


def test_nothing_is_drawn_where_nothing_is_saved(script: Script, pdf: str) -> None:
    script.add_page(1, "one")

    run(script, "--input", pdf)

    assert not options_asked(script).visualize


def test_results_are_saved_where_they_are_wanted(script: Script, tmp_path: Path) -> None:
    script.add_page(1, "one")
    script.pages[0].visualization = b"the bytes of a JPEG"
    (tmp_path / "a.jpg").write_bytes(b"a picture")

    assert run(script, "--input", str(tmp_path / "a.jpg"), "--save_path", str(tmp_path)) == 0

    assert options_asked(script).visualize
    saved = json.loads((tmp_path / "a_0_res.json").read_text(encoding="utf-8"))
    assert saved["rec_texts"] == ["one"]
    assert (tmp_path / "a_0_ocr_res_img.jpg").read_bytes() == b"the bytes of a JPEG"


def test_what_fails_is_told_and_the_rest_is_read(
    script: Script, pdf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script.add_page(1, "one")

    assert run(script, "--input", "nonesuch.png", "--input", pdf) == 1

    printed = capsys.readouterr()
    assert "'rec_texts': ['one']" in printed.out
    assert printed.err == "inkstream: nonesuch.png: No such file or directory\n"


def test_where_nobody_answers_the_rest_is_not_tried(
    pdf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = parsed("--server", "127.0.0.1:1", *("--input", pdf) * 3)

    assert given.func(given) == 1

    assert capsys.readouterr().err.count("no server answers at 127.0.0.1:1") == 1


def test_a_device_is_not_the_callers_where_a_server_reads(
    script: Script, pdf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(script, "--input", pdf, "--device", "gpu:0") == 2

    assert "device cannot be given together with server" in capsys.readouterr().err


def test_a_value_out_of_range_is_misuse_and_told_once(
    script: Script, pdf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        script.add_own_failure(
            *(grpc.StatusCode.INVALID_ARGUMENT, "text_det_thresh is 5.0", "INVALID_FIELD"),
            field="options.text_det_thresh",
        )

    assert run(script, *("--input", pdf) * 3, "--text_det_thresh", "5") == 2

    assert capsys.readouterr().err == "inkstream: text_det_thresh is 5.0\n"


def test_what_the_server_lacks_is_told_once_too(
    script: Script, pdf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        script.add_own_failure(
            grpc.StatusCode.FAILED_PRECONDITION, "no such module", "MODULE_NOT_SERVED"
        )

    assert run(script, *("--input", pdf) * 3, "--use_doc_unwarping", "True") == 1

    assert capsys.readouterr().err == "inkstream: no such module\n"


def test_a_device_or_pipeline_that_cannot_be_is_misuse(
    pdf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for wrong in (("--device", "tpu", "--engine", "fake"), ("--pipeline", "ocr")):
        given = parsed("--input", pdf, *wrong)
        assert given.func(given) == 2

    told = capsys.readouterr().err.splitlines()
    assert ["tpu" in told[0], "'ocr'" in told[1]] == [True, True]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--input", "a.png", "--use_doc_unwarping", "maybe"),
        ("--input", "a.png", "--text_det_thresh", "low"),
        ("--input", "a.png", "--text_det_limit_type", "mid"),
        ("--input", "a.png", "--hpi_config", "{"),
        ("--input", "a.png", "--nonesuch", "1"),
    ],
)
def test_flags_that_cannot_be_are_misuse(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(*arguments)

    assert ended.value.code == 2
