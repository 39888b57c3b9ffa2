from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.unit.paddlex.files import OCR_YAML

from inkstream_server.cli.main import main


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, dict[str, object]]:
    assert main(["config", "show", *arguments]) == 0
    tree: dict[str, dict[str, object]] = yaml.safe_load(capsys.readouterr().out)
    return tree


def test_paddlex_own_file_lies_beneath_and_what_of_it_has_no_effect_is_a_comment(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "OCR.yaml"
    file.write_text(OCR_YAML, encoding="utf-8")

    assert main(["config", "show", f"--pipeline={file}", "--engine=fake"]) == 0

    output = capsys.readouterr().out
    assert "# SubModules.TextRecognition.batch_size" in output
    assert yaml.safe_load(output)["pipeline"]["text_det_limit_side_len"] == 64


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["config", "show", *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_the_effective_configuration_is_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.yml"
    file.write_text("limits: {max_document_pages: 11}\nserver: {port: 1}\n", encoding="utf-8")
    monkeypatch.setenv("INKSTREAM_SERVER__MAX_DOCUMENTS", "12")

    tree = shown(
        capsys,
        f"--config={file}",
        "--port=13",
        "--device=cpu",
        "--set=inference.max_batch_s=1.5",
        "--set=models.textline_orientation=null",
    )

    assert tree["limits"]["max_document_pages"] == 11
    assert tree["server"]["max_documents"] == 12
    assert tree["server"]["port"] == 13
    assert tree["inference"]["max_batch_s"] == 1.5
    assert tree["models"]["textline_orientation"] is None


def test_what_is_shown_starts_the_same_server(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    tree = shown(capsys, "--port=13", "--engine=fake")
    (tmp_path / "config.yml").write_text(yaml.safe_dump(tree), encoding="utf-8")

    assert shown(capsys, f"--config={tmp_path / 'config.yml'}") == tree


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--port=many", "server.port is 'many'"),
        ("--set=nonesuch=1", "nonesuch is no known key"),
        ("--set=server.port", "--set server.port: it must read KEY=VALUE"),
        ("--set=server.port=[", "--set server.port=[: no YAML value"),
        ("--config=/nonexistent.yml", "cannot read /nonexistent.yml"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], argument: str, message: str
) -> None:
    told = refused(capsys, argument)

    assert told.startswith("inkstream: ")
    assert message in told
    assert told.count("\n") == 1


def test_without_an_action_it_says_how_to_use_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["config"])

    assert exited.value.code == 2
    assert "usage: inkstream config" in capsys.readouterr().err
