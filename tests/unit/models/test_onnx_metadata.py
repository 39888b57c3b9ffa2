from pathlib import Path

import pytest
from tests.unit import onnx_models

from inkstream_server.errors import ModelDamaged
from inkstream_server.models.onnx_metadata import onnx_metadata


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_what_an_exporter_noted_is_read(tmp_path: Path) -> None:
    noted = {"character": "a\n中\n\u3000", "other": "", "long": "x" * 100_000}
    path = written(tmp_path / "inference.onnx", onnx_models.recogniser(noted))

    assert onnx_metadata(path) == noted


def test_a_model_need_not_tell_anything(tmp_path: Path) -> None:
    assert onnx_metadata(written(tmp_path / "inference.onnx", onnx_models.detector())) == {}


def test_numbers_of_a_fixed_length_are_passed_over(tmp_path: Path) -> None:
    strange = b"\x09" + bytes(8) + b"\x15" + bytes(4)
    content = strange + onnx_models.recogniser({"character": "a"})

    assert onnx_metadata(written(tmp_path / "inference.onnx", content)) == {"character": "a"}


@pytest.mark.parametrize(
    "content",
    [
        b"version https://git-lfs.github.com/spec/v1",
        onnx_models.recogniser()[:-40],
        b"\xff" * 20,
        b"\x0b",
        b"\x72\x04\x0a\x02\xff\xfe",
    ],
    ids=["another file", "cut short", "an endless number", "a group", "no UTF-8"],
)
def test_what_is_no_onnx_model_is_named(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path / "inference.onnx", content)

    with pytest.raises(ModelDamaged, match=r"inference\.onnx is no ONNX model"):
        onnx_metadata(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged, match=r"inference\.onnx"):
        onnx_metadata(tmp_path / "inference.onnx")
