from pathlib import Path

import pytest

from inkstream_server.errors import PullFailed
from inkstream_server.models.entry import ArchiveSource, CatalogueEntry, WheelSource
from inkstream_server.models.fetch import from_path
from inkstream_server.models.files import Module

DETECTOR = CatalogueEntry("a_det", Module.TEXT_DETECTION, ArchiveSource("a_det_infer.tar"))
IN_A_WHEEL = CatalogueEntry(
    "b_det", Module.TEXT_DETECTION, WheelSource("some-models", "1.0", "0" * 64)
)


def make(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def found(path: Path, entry: CatalogueEntry, tmp_path: Path) -> Path:
    return from_path(path)(entry, tmp_path / "staging").path


def test_a_file_is_taken_as_it_is_named(tmp_path: Path) -> None:
    path = make(tmp_path / "whatever.tar")

    fetched = from_path(path)(DETECTOR, tmp_path / "staging")

    assert fetched.path == path and fetched.origin == str(path)


def test_a_model_folder_is_taken_as_it_is_named(tmp_path: Path) -> None:
    make(tmp_path / "whatever" / "inference.pdiparams")

    assert found(tmp_path / "whatever", DETECTOR, tmp_path) == tmp_path / "whatever"


@pytest.mark.parametrize(
    "name",
    [
        "a_det/inference.json",
        "a_det_infer/inference.json",
        "a_det_infer.tar",
        "a_det.tar.gz",
        "a_det_infer.tgz",
        "a_det.zip",
    ],
)
def test_in_a_folder_of_models_it_is_found_by_its_name(tmp_path: Path, name: str) -> None:
    make(tmp_path / "usb" / name)
    make(tmp_path / "usb" / "b_det_infer.tar")

    path = found(tmp_path / "usb", DETECTOR, tmp_path)

    assert path == tmp_path / "usb" / Path(name).parts[0]


def test_in_a_folder_of_models_the_wheel_is_found(tmp_path: Path) -> None:
    make(tmp_path / "usb" / "some_models-0.9-py3-none-any.whl")
    wheel = make(tmp_path / "usb" / "some_models-1.0-py3-none-any.whl")

    assert found(tmp_path / "usb", IN_A_WHEEL, tmp_path) == wheel


@pytest.mark.parametrize("entry", [DETECTOR, IN_A_WHEEL])
def test_what_a_folder_lacks_is_named(tmp_path: Path, entry: CatalogueEntry) -> None:
    make(tmp_path / "usb" / "other.tar")

    with pytest.raises(PullFailed, match=rf"usb has neither {entry.name} nor"):
        found(tmp_path / "usb", entry, tmp_path)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PullFailed, match=r"none\.tar is neither a file nor a folder"):
        found(tmp_path / "none.tar", DETECTOR, tmp_path)
