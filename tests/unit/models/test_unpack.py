import gzip
import io
import stat
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.archive_server import tar_of

from inkstream_server.errors import ModelArchiveRefused
from inkstream_server.models.files import MODEL_FILES
from inkstream_server.models.unpack import UnpackLimits, unpack

GOOD = {
    "m_infer/inference.json": b"graph" * 1000,
    "m_infer/inference.pdiparams": b"weights" * 1000,
    "m_infer/inference.yml": b"Global: {}",
}
LIMITS = UnpackLimits(member_count=10, unpacked_bytes=100_000)


def zip_of(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def gzipped(files: Mapping[str, bytes]) -> bytes:
    return gzip.compress(tar_of(files))


def tar_with(*members: tarfile.TarInfo) -> bytes:
    content = io.BytesIO(tar_of(GOOD))
    with tarfile.open(fileobj=content, mode="a") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(bytes(member.size)))
    return content.getvalue()


def member(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def unpacked(content: bytes, tmp_path: Path, limits: UnpackLimits = LIMITS) -> dict[str, bytes]:
    archive, target = tmp_path / "archive", tmp_path / "made"
    archive.write_bytes(content)
    target.mkdir()
    unpack(archive, target, origin="m_infer.tar", limits=limits)
    return {path.name: path.read_bytes() for path in target.iterdir()}


def refusal(content: bytes, tmp_path: Path, limits: UnpackLimits = LIMITS) -> ModelArchiveRefused:
    with pytest.raises(ModelArchiveRefused) as caught:
        unpacked(content, tmp_path, limits)
    outside = {path.name for path in tmp_path.iterdir()} - {"archive", "made", "made.tar"}
    assert not outside and "m_infer.tar" in caught.value.message
    return caught.value


PACKERS = [tar_of, gzipped, zip_of]


@pytest.mark.parametrize("pack", PACKERS)
@pytest.mark.parametrize("folder", ["", "./", "m_infer/", "./a/b/"])
def test_the_files_of_a_model_are_taken_from_wherever_they_lie(
    tmp_path: Path, pack: Callable[[Mapping[str, bytes]], bytes], folder: str
) -> None:
    files = {name.replace("m_infer/", folder): content for name, content in GOOD.items()}

    found = unpacked(pack(files), tmp_path)

    assert found == {Path(name).name: content for name, content in GOOD.items()}


@pytest.mark.parametrize("pack", PACKERS)
def test_what_no_model_needs_stays_in_the_archive(
    tmp_path: Path, pack: Callable[[Mapping[str, bytes]], bytes]
) -> None:
    more = {"README.md": b"x", "m_infer/.bashrc": b"x", "__MACOSX/m_infer/._inference.yml": b"x"}

    found = unpacked(pack({**GOOD, **more}), tmp_path)

    assert found.keys() == {Path(name).name for name in GOOD}


@pytest.mark.parametrize("pack", PACKERS)
@pytest.mark.parametrize(
    ("name", "violation"),
    [
        ("/tmp/evil", "ABSOLUTE_PATH"),
        ("../evil", "PATH_LEAVES"),
        ("m_infer/../../inference.json", "PATH_LEAVES"),
        ("..\\evil", "FOUL_NAME"),
        ("M_infer/INFERENCE.json", "CASE_CLASH"),
    ],
)
def test_an_archive_with_a_foul_name_is_refused_whole(
    tmp_path: Path, pack: Callable[[Mapping[str, bytes]], bytes], name: str, violation: str
) -> None:
    error = refusal(pack({**GOOD, name: b"evil"}), tmp_path)

    assert error.facts["violation"] == violation
    assert not list((tmp_path / "made").iterdir())


@pytest.mark.parametrize(
    ("info", "violation"),
    [
        (member("m_infer/out", tarfile.SYMTYPE, "/etc/passwd"), "LINK"),
        (member("m_infer/in", tarfile.SYMTYPE, "inference.json"), "LINK"),
        (member("m_infer/hard", tarfile.LNKTYPE, "../../etc/passwd"), "LINK"),
        (member("m_infer/pipe", tarfile.FIFOTYPE), "DEVICE"),
        (member("m_infer/disk", tarfile.BLKTYPE), "DEVICE"),
        (member("m_infer/tty", tarfile.CHRTYPE), "DEVICE"),
        (member("m_infer/odd", b"Z"), "DEVICE"),
        (member("m_infer/inference.json", tarfile.REGTYPE), "DUPLICATE"),
    ],
)
def test_a_tar_with_anything_but_files_and_folders_is_refused(
    tmp_path: Path, info: tarfile.TarInfo, violation: str
) -> None:
    assert refusal(tar_with(info), tmp_path).facts["violation"] == violation


def test_a_tar_with_a_file_of_holes_is_refused(tmp_path: Path) -> None:
    """It would be larger than what the archive has of it."""
    info = member("m_infer/holes", tarfile.REGTYPE)
    info.pax_headers = {"GNU.sparse.map": "0,0,100000000,0"}

    assert refusal(tar_with(info), tmp_path).facts["violation"] == "DEVICE"


@pytest.mark.parametrize(("kind", "violation"), [(stat.S_IFLNK, "LINK"), (stat.S_IFIFO, "DEVICE")])
def test_a_zip_with_anything_but_files_and_folders_is_refused(
    tmp_path: Path, kind: int, violation: str
) -> None:
    content = io.BytesIO(zip_of(GOOD))
    with zipfile.ZipFile(content, "a") as archive:
        info = zipfile.ZipInfo("m_infer/odd")
        info.external_attr = (kind | 0o777) << 16
        archive.writestr(info, "/etc/passwd")

    assert refusal(content.getvalue(), tmp_path).facts["violation"] == violation


def test_a_zip_in_which_a_name_is_twice_is_refused(tmp_path: Path) -> None:
    content = io.BytesIO(zip_of(GOOD))
    with zipfile.ZipFile(content, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("m_infer/inference.json", "evil")

    assert refusal(content.getvalue(), tmp_path).facts["violation"] == "DUPLICATE"


def test_a_zip_that_needs_much_memory_to_be_read_is_refused(tmp_path: Path) -> None:
    error = refusal(zip_of(GOOD, zipfile.ZIP_LZMA), tmp_path)

    assert error.facts["violation"] == "ENCRYPTED"


def test_a_zip_with_a_name_that_only_seems_to_end_is_refused(tmp_path: Path) -> None:
    content = zip_of({**GOOD, "m_infer/evil?.txt": b"evil"}).replace(b"evil?", b"evil\0")

    assert refusal(content, tmp_path).facts["violation"] == "FOUL_NAME"


def test_files_that_are_too_large_together_are_refused(tmp_path: Path) -> None:
    files = {"inference.json": bytes(60_000), "inference.pdiparams": bytes(60_000)}

    assert "more than a model may have" in refusal(zip_of(files), tmp_path).message


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    content = bytearray(zip_of(GOOD))
    flags = content.index(b"PK\x01\x02") + 8
    content[flags] |= 1

    assert refusal(bytes(content), tmp_path).facts["violation"] == "ENCRYPTED"


@pytest.mark.parametrize("pack", [gzipped, zip_of])
def test_an_archive_that_unpacks_to_too_much_is_cut_off(
    tmp_path: Path, pack: Callable[[Mapping[str, bytes]], bytes]
) -> None:
    bomb = pack({**GOOD, "m_infer/inference.pdiparams": bytes(50_000_000)})
    assert len(bomb) < LIMITS.unpacked_bytes

    assert "more than a model may have" in refusal(bomb, tmp_path).message

    written = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert written < len(bomb) + 2 * LIMITS.unpacked_bytes


@pytest.mark.parametrize("pack", PACKERS)
def test_an_archive_of_too_many_members_is_refused(
    tmp_path: Path, pack: Callable[[Mapping[str, bytes]], bytes]
) -> None:
    many = {f"m_infer/{number}": b"" for number in range(50)}

    assert "more than 10 members" in refusal(pack({**GOOD, **many}), tmp_path).message


def test_a_tar_whose_header_claims_to_be_huge_is_not_read_into_memory(tmp_path: Path) -> None:
    huge = tarfile.TarInfo("m_infer/x")
    huge.type, huge.size = tarfile.XHDTYPE, 8 << 20
    content = huge.tobuf(tarfile.USTAR_FORMAT) + bytes(8 << 20) + tar_of(GOOD)

    assert "header of more than" in refusal(content, tmp_path).message


def test_a_zip_whose_list_of_members_is_huge_is_not_read_into_memory(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number in range(80):
            info = zipfile.ZipInfo(str(number))
            info.comment = bytes(60_000)
            archive.writestr(info, b"")

    assert "header of more than" in refusal(content.getvalue(), tmp_path).message


def test_tar_headers_without_end_are_refused(tmp_path: Path) -> None:
    long_name = tarfile.TarInfo("././@LongLink")
    long_name.type, long_name.size = tarfile.GNUTYPE_LONGNAME, 3
    header = long_name.tobuf(tarfile.GNU_FORMAT) + b"ab\0".ljust(512, b"\0")

    assert "no whole archive" in refusal(header * 5000 + tar_of(GOOD), tmp_path).message


@pytest.mark.parametrize("pack", PACKERS)
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.65])
def test_an_archive_that_is_cut_short_is_refused(
    tmp_path: Path, pack: Callable[[Mapping[str, bytes]], bytes], share: float
) -> None:
    content = pack(GOOD)

    refusal(content[: int(len(content) * share)], tmp_path)


def test_a_tar_cut_between_two_members_is_refused(tmp_path: Path) -> None:
    two = dict(list(GOOD.items())[:2])
    with tarfile.open(fileobj=io.BytesIO(tar_of(two))) as tar:
        end = tar.getmembers()[-1].offset_data + 7168  # 7000 bytes in whole blocks

    assert "breaks off" in refusal(tar_of(two)[:end], tmp_path).message


def test_a_tar_with_a_damaged_header_in_its_middle_is_refused(tmp_path: Path) -> None:
    content = bytearray(tar_of(GOOD))
    with tarfile.open(fileobj=io.BytesIO(bytes(content))) as tar:
        third = tar.getmembers()[2].offset
    content[third] ^= 0xFF

    assert "breaks off" in refusal(bytes(content), tmp_path).message


def test_a_zip_whose_bytes_are_damaged_is_refused(tmp_path: Path) -> None:
    content = bytearray(zip_of(GOOD, zipfile.ZIP_STORED))
    content[content.index(b"weights")] ^= 0xFF

    assert "no whole archive" in refusal(bytes(content), tmp_path).message


@pytest.mark.parametrize("content", [b"", b"<html>Not found</html>" * 100, bytes(10_240)])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    refusal(content, tmp_path)


@pytest.mark.parametrize("pack", PACKERS)
def test_an_archive_of_two_models_is_refused(
    tmp_path: Path, pack: Callable[[Mapping[str, bytes]], bytes]
) -> None:
    both = {**GOOD, **{name.replace("m_infer", "n_infer"): text for name, text in GOOD.items()}}

    assert "more than one model" in refusal(pack(both), tmp_path).message


def test_an_archive_without_a_model_is_refused(tmp_path: Path) -> None:
    assert "holds no model" in refusal(tar_of({"m_infer/model.bin": b"x"}), tmp_path).message


@pytest.mark.parametrize("pack", PACKERS)
@given(damage=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=8))
@settings(max_examples=150)
def test_whatever_is_damaged_is_refused_or_unpacked_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory,
    pack: Callable[[Mapping[str, bytes]], bytes],
    damage: list[tuple[int, int]],
) -> None:
    content = bytearray(pack(GOOD))
    for position, byte in damage:
        content[position % len(content)] = byte
    tmp_path = tmp_path_factory.mktemp("damaged")

    try:
        found = unpacked(bytes(content), tmp_path)
    except ModelArchiveRefused:
        pass
    else:
        assert found.keys() <= MODEL_FILES
    assert {path.name for path in tmp_path.iterdir()} <= {"archive", "made", "made.tar"}


def test_a_zip_that_points_before_its_beginning_is_refused(tmp_path: Path) -> None:
    content = bytearray(zip_of(GOOD))
    content[-6:-2] = (0xFFFFFF).to_bytes(4, "little")  # where its list of members is

    refusal(bytes(content), tmp_path)
