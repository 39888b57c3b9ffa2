from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inkstream.options import Options, encode_options, encode_order
from inkstream.sources import encode_source
from inkstream.v1 import source_pb2

LIMIT_BYTES = 1000


def encode(source: object) -> source_pb2.Source:
    return encode_source(source, password="", limit_bytes=LIMIT_BYTES)  # type: ignore[arg-type] # wrong ones too


def test_a_path_is_read(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(b"png")

    assert encode(path) == source_pb2.Source(content=b"png")
    assert encode(str(path)) == source_pb2.Source(content=b"png")


def test_a_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        encode(tmp_path / "none.png")


def test_a_url_is_left_to_the_server() -> None:
    assert encode("https://example.com/a.png").uri == "https://example.com/a.png"


@pytest.mark.parametrize("content", [b"png", bytearray(b"png"), memoryview(b"png")])
def test_bytes_of_any_kind_are_an_encoded_file(content: object) -> None:
    assert encode(content) == source_pb2.Source(content=b"png")


def test_a_flat_array_is_an_encoded_file() -> None:
    assert encode(np.frombuffer(b"png", np.uint8)) == source_pb2.Source(content=b"png")


@pytest.mark.parametrize(("shape", "channels"), [((2, 3), 1), ((2, 3, 1), 1), ((2, 3, 4), 4)])
def test_an_array_is_pixels(shape: tuple[int, ...], channels: int) -> None:
    raw = encode(np.zeros(shape, np.uint8)).raw

    assert (raw.height, raw.width, raw.channels) == (2, 3, channels)
    assert len(raw.data) == 2 * 3 * channels


def test_a_cut_out_array_goes_without_its_gaps() -> None:
    page = np.arange(24, dtype=np.uint8).reshape(4, 6)

    assert encode(page[1:3, 2:4]).raw.data == bytes([8, 9, 14, 15])


@pytest.mark.parametrize("array", [np.zeros((2, 3)), np.zeros((1, 2, 3, 4), np.uint8)])
def test_other_arrays_are_refused(array: object) -> None:
    with pytest.raises(TypeError, match="pixels must be uint8"):
        encode(array)


def test_a_number_is_no_source() -> None:
    with pytest.raises(TypeError):
        encode(7)


def test_an_unknown_option_is_a_type_error() -> None:
    options: Options = {"text_det_tresh": 0.5}  # type: ignore[typeddict-unknown-key] # the point

    with pytest.raises(TypeError, match="unknown option 'text_det_tresh'; known: use_doc"):
        encode_options(options)


def test_an_unknown_choice_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="order is 'random'; allowed: document, completion"):
        encode_order("random")  # type: ignore[arg-type] # the point


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (
            {"text_det_limit_side_len": 99_999_999_999},
            ValueError,
            "text_det_limit_side_len is 9999",
        ),
        ({"text_det_thresh": "x"}, TypeError, "text_det_thresh is 'x'"),
        ({"use_doc_unwarping": "no"}, TypeError, "use_doc_unwarping is 'no'"),
    ],
)
def test_a_value_that_no_message_can_hold_is_told_with_its_option(
    options: Options, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        encode_options(options)
