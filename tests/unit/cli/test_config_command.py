from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from tests.unit.paddlex.files import OCR_YAML

from inkstream_server.cli.config_output import leaves
from inkstream_server.cli.config_reference import put_into
from inkstream_server.cli.main import main
from inkstream_server.config import ServerConfig

REFERENCE = Path(__file__).parents[3] / "docs" / "configuration.md"


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


def test_what_is_shown_tells_where_each_value_is_from(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.yml"
    file.write_text("models: {text_recognition: [a, b]}\nserver: {port: 1}\n", encoding="utf-8")
    monkeypatch.setenv("INKSTREAM_SERVER__MAX_DOCUMENTS", "12")
    flags = [f"--config={file}", "--port=13", "--set=batching.text_detection.max_count=2"]

    assert main(["config", "show", *flags]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert main(["config", "show", "--origins", "--json", *flags]) == 0
    told = json.loads(capsys.readouterr().out)
    assert main(["config", "show", "--origins", *flags]) == 0
    table = capsys.readouterr().out.splitlines()

    assert f"text_recognition:  # {file}" in lines
    assert "max_documents: 12  # the environment" in lines
    assert "port: 13  # the command line" in lines
    assert "http_port: 8080" in lines
    assert told["batching.text_detection.max_count"] == {"value": 2, "origin": "the command line"}
    assert told["server.http_port"] == {"value": 8080, "origin": "default"}
    assert [re.split("  +", line) for line in table if line.startswith("server.max_documents")] == [
        ["server.max_documents", "12", "the environment"]
    ]


def test_the_json_that_is_shown_starts_the_same_server(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["config", "show", "--json", "--port=13", "--set=server.http_port=null"]) == 0
    text = capsys.readouterr().out
    (tmp_path / "config.json").write_text(text, encoding="utf-8")

    assert shown(capsys, f"--config={tmp_path / 'config.json'}") == json.loads(text)


def test_a_file_is_checked_by_itself(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INKSTREAM_SERVER__PORT", "no number")
    good, bad = tmp_path / "good.yml", tmp_path / "bad.yml"
    good.write_text("server: {port: 7}\nlog_level: DEBUG\n", encoding="utf-8")
    bad.write_text("server: {port: 70000, prot: 1}\n", encoding="utf-8")

    assert main(["config", "check", str(good)]) == 0
    assert capsys.readouterr().out == f"{good}: well, 2 settings\n"
    assert main(["config", "check", str(bad)]) == 1
    told = capsys.readouterr().err
    assert "server.port is 70000" in told and "server.prot is no known key" in told
    assert str(bad) in told


def test_the_reference_of_all_settings_is_up_to_date() -> None:
    text = REFERENCE.read_text(encoding="utf-8")

    assert text == put_into(text, ServerConfig), (
        "renew it: inkstream config reference --into docs/configuration.md"
    )


def test_every_setting_is_described_and_no_setting_is_a_secret() -> None:
    rows = [
        line.split(" | ")
        for line in REFERENCE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    described = {row[0].split("`")[1]: row for row in rows if "INKSTREAM_" in row[0]}

    assert set(described) >= {key for key, _ in leaves(ServerConfig().model_dump(mode="json"))}
    assert [key for key, row in described.items() if row[3].strip(" |") == ""] == []
    secrets = [key for key in described if re.search("password|secret|token|private|key", key)]
    assert all(described[key][1].startswith("path") for key in secrets)


def test_the_reference_is_renewed_in_its_place(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "configuration.md"
    stale = REFERENCE.read_text(encoding="utf-8") + "| `server.gone` | | | |\n"
    file.write_text(stale, encoding="utf-8")

    assert main(["config", "reference", "--into", str(file)]) == 0
    assert main(["config", "reference"]) == 0

    assert file.read_text(encoding="utf-8") == REFERENCE.read_text(encoding="utf-8")
    assert file.read_text(encoding="utf-8").endswith(capsys.readouterr().out)
