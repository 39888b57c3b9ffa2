from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from inkstream.paddlex.downloads import DownloadFailed
from inkstream.paddlex.inputs import Input, Inputs, inputs_of

MESSAGE_BYTES = 1 << 20


def listed(given: Inputs) -> list[Input]:
    return list(inputs_of(given, MESSAGE_BYTES))


def names(given: Inputs) -> list[str | None]:
    return [each.input_path for each in listed(given)]


def noise(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(7).integers(0, 256, shape, np.uint8)


def test_a_file_keeps_the_path_it_was_named_by() -> None:
    (given,) = listed("some/scan.png")

    assert given.input_path == "some/scan.png"
    assert given.load() == Path("some/scan.png")
    assert names(Path("some/scan.png")) == ["some/scan.png"]


def test_a_url_may_be_written_in_any_case() -> None:
    (given,) = listed("HTTPS://127.0.0.1:1/a.png")

    with pytest.raises(DownloadFailed):
        given.load()


def test_an_open_file_is_refused_and_not_read_by_lines(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"of\nseveral\nlines")

    with (tmp_path / "a.png").open("rb") as file, NamedTemporaryFile() as wrapped:
        for each in (file, BytesIO(b"a\nb"), wrapped):
            (given,) = listed(each)
            with pytest.raises(TypeError, match=r"an open file.*its path, or what its read"):
                given.load()


def test_bytes_are_a_file_without_a_name() -> None:
    (given,) = listed(b"a file")

    assert given == Input(None, given.load)
    assert given.load() == b"a file"


def test_a_folder_is_all_that_can_be_read_below_it_sorted(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.pdf", "inner/c.jpeg", "notes.txt", "png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")

    assert names(str(tmp_path)) == [
        str(tmp_path / name) for name in ("a.pdf", "b.PNG", "inner/c.jpeg")
    ]


def test_a_folder_without_anything_to_read_is_missed_when_its_turn_comes(tmp_path: Path) -> None:
    (given,) = listed(tmp_path)

    with pytest.raises(FileNotFoundError, match="no file to read"):
        given.load()


def test_lists_may_hold_anything_and_lists(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"")

    given = ["a.png", [b"bytes", noise(4, 4)], tmp_path]

    assert names(given) == ["a.png", None, None, str(tmp_path / "x.png")]


def test_an_iterable_is_taken_as_it_is_needed() -> None:
    def paths() -> Iterator[str]:
        yield "first.png"
        raise AssertionError("taken too early")

    assert next(iter(inputs_of(paths(), MESSAGE_BYTES))).input_path == "first.png"


@pytest.mark.parametrize("given", [5, None, 1.5])
def test_what_cannot_be_read_is_refused_when_its_turn_comes(given: object) -> None:
    first, second = listed(["a.png", given])

    assert first.input_path == "a.png"
    with pytest.raises(TypeError, match=f"cannot read a {type(given).__name__}"):
        second.load()


def test_pixels_go_as_they_are() -> None:
    array = noise(20, 30, 3)

    (given,) = listed(array[:, ::2])

    assert given.input_path is None
    assert np.array_equal(np.asarray(given.load()), array[:, ::2])


@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)])
def test_pixels_that_no_message_holds_go_as_a_file_without_loss(channels: tuple[int, ...]) -> None:
    array = noise(700, 800, *channels)
    (given,) = inputs_of(array, limit_bytes=1 << 18)

    content = given.load()

    assert isinstance(content, bytes)
    seen = np.asarray(Image.open(BytesIO(content)))
    if channels in ((3,), (4,)):
        seen = seen[:, :, [2, 1, 0, 3][: channels[0]]]
    assert np.array_equal(seen, array.reshape(seen.shape))


@pytest.mark.parametrize(
    "array",
    [np.zeros((4, 4), np.float32), np.zeros((4, 4, 2), np.uint8), np.zeros(4, np.uint8)],
)
def test_pixels_of_another_kind_are_refused(array: NDArray[np.generic]) -> None:
    (given,) = listed(array)

    with pytest.raises(TypeError, match="pixels must be uint8"):
        given.load()
