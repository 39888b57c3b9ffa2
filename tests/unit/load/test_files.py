from __future__ import annotations

from pathlib import Path

import pytest

from inkstream.load import files
from inkstream.load.files import SourceUnusable, read_sources


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.png").write_bytes(b"\x89PNG")
    Path("report").write_bytes(b"\n%PDF-1.7")
    Path("scans").mkdir()
    for name in ("2.JPG", "1.pdf", "notes.txt", ".hidden.png"):
        Path("scans", name).write_bytes(b"%PDF-" if name == "1.pdf" else b"content")
    return tmp_path


def test_a_file_is_a_source_of_weight_1() -> None:
    (source,) = read_sources(["a.png"])

    assert (source.name, source.weight) == ("a.png", 1.0)
    assert [file.content for file in source.files] == [b"\x89PNG"]


def test_a_weight_stands_behind_a_colon() -> None:
    sources = read_sources(["a.png:9", "report:0.5"])

    assert [(each.name, each.weight) for each in sources] == [("a.png", 9.0), ("report", 0.5)]


def test_a_file_whose_name_has_a_colon_is_meant_by_it() -> None:
    Path("a.png:9").write_bytes(b"its own")

    (source,) = read_sources(["a.png:9"])

    assert (source.name, source.weight, source.content_bytes) == ("a.png:9", 1.0, 7)


def test_a_pdf_is_told_by_its_content() -> None:
    image, document = read_sources(["a.png", "report"])

    assert not image.files[0].is_document
    assert document.files[0].is_document


def test_a_folder_is_its_images_and_pdfs_by_name() -> None:
    (source,) = read_sources(["scans:3"])

    assert [Path(file.name).name for file in source.files] == ["1.pdf", "2.JPG"]
    assert source.weight == 3.0


def test_a_folder_without_any_is_refused() -> None:
    Path("empty").mkdir()

    with pytest.raises(SourceUnusable, match="empty: there is no image or PDF"):
        read_sources(["empty"])


@pytest.mark.parametrize("argument", ["a.png:0", "a.png:often"])
def test_a_weight_that_is_none_is_refused(argument: str) -> None:
    with pytest.raises(SourceUnusable, match="no weight above 0"):
        read_sources([argument])


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(FileNotFoundError):
        read_sources(["none.png"])


def test_an_empty_file_is_refused() -> None:
    Path("b.png").touch()

    with pytest.raises(SourceUnusable, match="empty"):
        read_sources(["b.png"])


def test_more_than_fits_in_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_HELD_BYTES", 12)

    assert len(read_sources(["a.png", "a.png", "a.png"])) == 3
    with pytest.raises(SourceUnusable, match="give fewer files"):
        read_sources(["a.png", "report"])
