import json
from pathlib import Path

import pytest

from inkstream_server.models.partial import PartialFile
from inkstream_server.models.ranges import Kept

URL = "https://mirror/a.tar"
KEPT = Kept(4, 10, '"tag"')


@pytest.fixture
def partial(tmp_path: Path) -> PartialFile:
    """Four bytes of ten are on the disk for certain, and two more."""
    partial = PartialFile(tmp_path / ".partial", "a.tar", URL)
    with partial.open(0) as file:
        file.write(b"0123")
        partial.keep(file, KEPT)
        file.write(b"45")
    return partial


def note_of(partial: PartialFile) -> Path:
    (note,) = partial.folder.glob("*.json")
    return note


def test_what_is_kept_is_found_by_another_process(partial: PartialFile) -> None:
    assert PartialFile(partial.folder, "a.tar", URL).kept() == KEPT


def test_only_what_is_on_the_disk_for_certain_is_built_upon(partial: PartialFile) -> None:
    with partial.open(4):
        pass

    assert partial.path.read_bytes() == b"0123"


def test_a_new_beginning_leaves_nothing_of_the_old(partial: PartialFile) -> None:
    with partial.open(0) as file:
        partial.keep(file, None)

    assert partial.path.read_bytes() == b"" and partial.kept() is None


def test_another_address_has_nothing(partial: PartialFile) -> None:
    assert PartialFile(partial.folder, "a.tar", "https://other/a.tar").kept() is None


def test_a_file_shorter_than_its_note_is_not_built_upon(partial: PartialFile) -> None:
    partial.path.write_bytes(b"012")

    assert partial.kept() is None


def test_a_note_without_its_file_is_not_built_upon(partial: PartialFile) -> None:
    partial.path.unlink()

    assert partial.kept() is None


@pytest.mark.parametrize("text", ["", "[]", "{}", "\xff", '{"size_bytes": null}'])
def test_a_note_that_makes_no_sense_is_not_built_upon(partial: PartialFile, text: str) -> None:
    note_of(partial).write_bytes(text.encode("latin-1"))

    assert partial.kept() is None


@pytest.mark.parametrize("size_bytes", [-1, 0, 11])
def test_a_note_of_an_impossible_size_is_not_built_upon(
    partial: PartialFile, size_bytes: int
) -> None:
    partial.path.write_bytes(bytes(20))
    note = note_of(partial)
    note.write_text(json.dumps({**json.loads(note.read_text()), "size_bytes": size_bytes}))

    assert partial.kept() is None


def test_a_whole_file_leaves_nothing_behind(partial: PartialFile, tmp_path: Path) -> None:
    partial.move_to(tmp_path / "a.tar")

    assert (tmp_path / "a.tar").read_bytes() == b"012345"
    assert list(partial.folder.iterdir()) == []


def test_what_is_discarded_is_gone_even_twice(partial: PartialFile) -> None:
    partial.discard()
    partial.discard()

    assert list(partial.folder.iterdir()) == []
