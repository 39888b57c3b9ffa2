"""A page's result as PaddleX's users know it: a dict that prints and saves itself."""

from __future__ import annotations

import json
import mimetypes
import os
import random
import sys
import time
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkstream.paddlex.inputs import is_url
from inkstream.paddlex.reading import ReadPage
from inkstream.paddlex_results import PaddlexResult, paddlex_result

# The class has a property `str`, as PaddleX's has: inside it the type needs another name.
Text: TypeAlias = str
PathText: TypeAlias = "str | os.PathLike[str]"

RESULT_IMAGE: Final = "ocr_res_img"
PREPROCESSED_IMAGE: Final = "preprocessed_img"
_RESULT: Final = "res"
_JPEG_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".jpe", ".jfif"})
# What pictures of colour are written as by the library; beside it only what is JPEG already.
_WRITTEN_SUFFIXES: Final = frozenset(
    {".png", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".gif", ".jp2", ".j2k", ".avif"}
)
# Of an input that has no name, or is of a kind that is not written.
_SUFFIX_OF_THE_REST: Final = ".png"
# PaddleX's type of places. What does not fit, a page of more than 32767 pixels, is wider here.
_NARROW: Final = np.int16
_WIDE: Final = np.int32
_POLYGONS: Final = ("dt_polys", "rec_polys")
_LISTS_PRINTED_AS_ARRAYS: Final = (*_POLYGONS, "rec_scores", "textline_orientation_angles")


class OCRResult(dict[Text, object]):
    """One page. Its keys and their order are PaddleX's; places are numpy arrays, as there.

    `page` is the page as Inkstream has it, with all that PaddleX does not tell, `page_count` how
    many its input has.
    """

    def __init__(self, read: ReadPage, *, return_word_box: bool) -> None:
        self.page: Final = read.page
        self.page_count: Final = read.page_count
        self._plain = paddlex_result(
            read.page,
            input_path=read.input_path,
            page_index=read.page_index,
            return_word_box=return_word_box,
        )
        super().__init__(_with_arrays(self._plain))

    @property
    def json(self) -> dict[Text, PaddlexResult]:
        """The result under the key "res", of values that JSON knows."""
        return {_RESULT: self._plain}

    @property
    def str(self) -> dict[Text, dict[Text, object]]:
        """The result under the key "res", its places as arrays."""
        joined = {
            key: np.array(value) if key in _LISTS_PRINTED_AS_ARRAYS else value
            for key, value in self.items()
        }
        return {_RESULT: joined}

    @cached_property
    def img(self) -> dict[Text, Image.Image]:
        """`ocr_res_img`, and `preprocessed_img` where the page was turned or unwarped."""
        return {key: Image.open(BytesIO(jpeg)) for key, jpeg in self._jpegs().items()}

    def print(self, json_format: bool = False, indent: int = 4, ensure_ascii: bool = False) -> None:
        """Writes the result to standard output, arrays cut short; as JSON, all of it."""
        sys.stdout.write(f"{self.formatted(json_format, indent, ensure_ascii)}\n")

    def formatted(
        self, json_format: bool = False, indent: int = 4, ensure_ascii: bool = False
    ) -> Text:
        """What `print` writes."""
        if json_format:
            return json.dumps(self.json, indent=indent, ensure_ascii=ensure_ascii)
        with np.printoptions(threshold=1, edgeitems=1):
            return repr(self.str)

    def save_to_json(
        self, save_path: PathText, indent: int = 4, ensure_ascii: bool = False
    ) -> None:
        """Writes a .json file of that path, or `<name>[_<page>]_res.json` in that folder."""
        path = Path(save_path)
        if mimetypes.guess_type(path.name)[0] != "application/json":
            path = path / f"{self._stem}_{_RESULT}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            json.dump(self._plain, file, indent=indent, ensure_ascii=ensure_ascii)

    def save_to_img(self, save_path: PathText) -> None:
        """Writes the result image to that path, or all to `<name>[_<page>]_<key><suffix>` there."""
        path = Path(save_path)
        if _is_image(path):
            self._write_image(RESULT_IMAGE, path)
            return
        name = Path(self._name)
        suffix = name.suffix if _can_be_written(name.suffix) else _SUFFIX_OF_THE_REST
        for key in self._jpegs():
            self._write_image(key, path / f"{self._stem}_{key}{suffix}")

    def save_all(self, save_path: PathText) -> None:
        """Everything that there is, into that folder."""
        self.save_to_json(save_path)
        self.save_to_img(save_path)

    def _jpegs(self) -> dict[Text, bytes]:
        if not self.page.visualization:
            raise ValueError("this page has no pictures: predict() was told visualize=False")
        preprocessed = self.page.preprocessing_visualization
        beside = {PREPROCESSED_IMAGE: preprocessed} if preprocessed else {}
        return {RESULT_IMAGE: self.page.visualization, **beside}

    def _write_image(self, key: Text, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() in _JPEG_SUFFIXES:
            path.write_bytes(self._jpegs()[key])
        else:
            self.img[key].save(path)

    @property
    def _stem(self) -> Text:
        index = self["page_index"]
        stem = Path(self._name).stem
        return stem if index is None else f"{stem}_{index}"

    @cached_property
    def _name(self) -> Text:
        """What its files are named after; pixels are given a name that no other has."""
        path = self["input_path"]
        if not isinstance(path, str):
            return f"{int(time.time())}_{random.randint(1000, 9999)}"
        if is_url(path):
            return Path(unquote(urlsplit(path).path)).name
        return Path(path).name


def _with_arrays(result: PaddlexResult) -> dict[str, object]:
    """A copy whose places are arrays: of each polygon, of all boxes, of each line's word boxes."""
    copy = dict(result)
    for key in _POLYGONS:
        copy[key] = [_places(polygon) for polygon in _rows(result[key])]
    copy["rec_boxes"] = _places(result["rec_boxes"])
    if "text_word_boxes" in result:
        copy["text_word_boxes"] = [_places(boxes) for boxes in _rows(result["text_word_boxes"])]
    return copy


def _places(values: object) -> NDArray[np.generic]:
    wide = np.array(values)
    if wide.size == 0:
        return np.array([])
    fits = wide.min() >= np.iinfo(_NARROW).min and wide.max() <= np.iinfo(_NARROW).max
    return wide.astype(_NARROW if fits else _WIDE)


def _rows(values: object) -> list[object]:
    assert isinstance(values, list)
    return values


def _is_image(path: Path) -> bool:
    kind, _ = mimetypes.guess_type(path.name)
    return kind is not None and kind.startswith("image/")


def _can_be_written(suffix: str) -> bool:
    suffix = suffix.lower()
    known = suffix in _WRITTEN_SUFFIXES and Image.registered_extensions().get(suffix) in Image.SAVE
    return known or suffix in _JPEG_SUFFIXES
