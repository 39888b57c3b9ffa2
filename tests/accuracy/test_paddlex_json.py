"""The JSON that `save_to_json` writes, field by field against the one that PaddleX wrote."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from tests.accuracy.test_served_results import OPTIONS, READ_OTHERWISE, STANDARD
from tests.reference_data import needs_reference_data, reference_file, reference_files
from tests.unit.paddlex.files import tree

from inkstream import create_pipeline
from inkstream.paddlex.pipeline import OcrPipeline

pytestmark = [pytest.mark.models, needs_reference_data]

FP32: Final = {"inference.engine": "paddle", "inference.precision": "fp32"}
DETECTION: Final = {
    "module_name": "text_detection",
    "limit_side_len": 960,
    "limit_type": "max",
    "unclip_ratio": 2.0,
}

# What the reference data adds to PaddleX's own keys.
_ADDED: Final = {"dt_scores", "textline_scores", "doc_ori", "_elapsed_s", "_image_shape"}
# Told by us as PaddleX tells them, or not at all.
_EXACT: Final = (
    "page_index",
    "model_settings",
    "doc_preprocessor_res",
    "text_det_params",
    "text_type",
    "text_rec_score_thresh",
    "return_word_box",
)


@dataclass
class Tally:
    """How much of what PaddleX wrote stands in our files too."""

    seen: Counter[str] = field(default_factory=Counter)
    same: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def note(self, name: str, *, is_same: bool, otherwise: str) -> None:
        self.seen[name] += 1
        self.same[name] += is_same
        if not is_same:
            self.notes.append(otherwise)

    def add(self, name: str, ours: dict[str, Any], golden: dict[str, Any]) -> None:
        places = {_middle(polygon): at for at, polygon in enumerate(ours["rec_polys"])}
        for at, polygon in enumerate(golden["rec_polys"]):
            found = next(
                (places[place] for place in _around(_middle(polygon)) if place in places), None
            )
            told = f"{name}: {golden['rec_texts'][at]!r} at {polygon}"
            self.note("line", is_same=found is not None, otherwise=f"{told} is not there")
            if found is None:
                continue
            text = ours["rec_texts"][found]
            self.note(
                "text", is_same=text == golden["rec_texts"][at], otherwise=f"{told} is {text!r}"
            )
            box = ours["rec_boxes"][found]
            near = max(abs(a - b) for a, b in zip(box, golden["rec_boxes"][at], strict=True)) <= 1
            self.note("box", is_same=near, otherwise=f"{told} has the box {box}")

    def share(self, name: str) -> float:
        return self.same[name] / self.seen[name]

    def report(self) -> str:
        counts = (f"{name} {self.same[name]} of {self.seen[name]}" for name in self.seen)
        return "\n".join([", ".join(counts), *self.notes])


def _middle(polygon: list[list[int]]) -> tuple[int, int]:
    return sum(x for x, _ in polygon) // 4, sum(y for _, y in polygon) // 4


def _around(place: tuple[int, int]) -> Iterator[tuple[int, int]]:
    x, y = place
    yield from ((x + u, y + v) for u in (0, -1, 1) for v in (0, -1, 1))


def _goldens(folder: str) -> dict[tuple[str, int | None], dict[str, Any]]:
    """PaddleX's files by the picture's name and the index of the page."""
    found = {}
    for file in reference_files(f"golden/{folder}"):
        named = re.fullmatch(r"([^_].+?)(?:\.p\d+)?\.json", file.name)
        if named and named[1] not in READ_OTHERWISE:
            golden = json.loads(file.read_text(encoding="utf-8"))
            found[named[1], golden["page_index"]] = golden
    return found


@pytest.fixture(scope="module")
def pipeline() -> Iterator[OcrPipeline]:
    with create_pipeline("OCR", settings=FP32) as pipeline:
        yield pipeline


def _saved(
    pipeline: OcrPipeline, folder: Path, pictures: list[Path], options: Mapping[str, Any]
) -> dict[tuple[str, int | None], dict[str, Any]]:
    """Every picture's saved files, by its name and the index of the page."""
    for result in pipeline.predict(pictures, **options, visualize=False):
        result.save_to_json(folder / Path(str(result["input_path"])).name)
    found = {}
    for file in folder.glob("*/*_res.json"):
        ours = json.loads(file.read_text(encoding="utf-8"))
        found[file.parent.name, ours["page_index"]] = ours
    return found


@pytest.mark.parametrize("folder", OPTIONS)
def test_the_files_say_what_paddlex_files_say(
    folder: str, pipeline: OcrPipeline, tmp_path: Path
) -> None:
    goldens = _goldens(folder)
    pictures = sorted({reference_file(f"data/images/{name}") for name, _ in goldens})

    written = _saved(pipeline, tmp_path, pictures, {**STANDARD, **OPTIONS[folder]})

    assert written.keys() == goldens.keys()
    tally = Tally()
    for key, golden in goldens.items():
        ours = written[key]
        assert list(ours) == [name for name in golden if name not in _ADDED]
        assert {name: ours.get(name) for name in _EXACT} == {
            name: golden.get(name) for name in _EXACT
        }
        assert Path(ours["input_path"]).name == golden["input_path"]
        assert len(ours.get("textline_orientation_angles", [])) == len(ours["dt_polys"])
        tally.add(key[0], ours, golden)
    sys.stdout.write(f"{folder}: {tally.report()}\n")
    assert tally.seen["line"] > 30
    assert all(tally.share(name) >= 0.995 for name in tally.seen), tally.report()


@pytest.fixture(scope="module")
def every_module() -> Iterator[OcrPipeline]:
    """With the models that PaddleX had, by PaddleX's own file."""
    folder = reference_file("golden/aux_models")
    page = "SubPipelines__DocPreprocessor__SubModules"
    config = tree(
        **{
            "SubModules__TextDetection": {**DETECTION, "model_name": "PP-OCRv4_mobile_det"},
            "SubModules__TextRecognition__model_name": "PP-OCRv4_mobile_rec",
            "SubModules__TextRecognition__score_thresh": 0.0,
            "SubModules__TextLineOrientation__model_dir": f"{folder}/PP-LCNet_x0_25_textline_ori",
            f"{page}__DocOrientationClassify__model_dir": f"{folder}/PP-LCNet_x1_0_doc_ori",
            f"{page}__DocUnwarping__model_dir": f"{folder}/UVDoc",
        }
    )
    with create_pipeline(config=config, settings=FP32) as pipeline:
        yield pipeline


def test_with_every_module_on_the_files_say_how_the_page_was_prepared(
    every_module: OcrPipeline, tmp_path: Path
) -> None:
    goldens = _goldens("full")
    pictures = sorted({reference_file(f"data/images/{name}") for name, _ in goldens})

    written = _saved(every_module, tmp_path, pictures, {})

    assert written.keys() == goldens.keys()
    for key, golden in goldens.items():
        ours = written[key]
        assert list(ours) == [name for name in golden if name not in _ADDED]
        assert {name: ours[name] for name in _EXACT} == {name: golden[name] for name in _EXACT}
        assert set(ours["textline_orientation_angles"]) <= {0, 1}
        if golden["doc_preprocessor_res"]["angle"] == 0:  # PaddleX's own turn shifts the page
            assert ours["dt_polys"] == golden["dt_polys"], key


def test_words_are_paddlexs_words_line_by_line(pipeline: OcrPipeline, tmp_path: Path) -> None:
    goldens = _goldens("opt-wordbox")
    pictures = sorted({reference_file(f"data/images/{name}") for name, _ in goldens})

    written = _saved(pipeline, tmp_path, pictures, {**STANDARD, "return_word_box": True})

    assert written.keys() == goldens.keys()
    for key, golden in goldens.items():
        ours = written[key]
        assert list(ours) == [name for name in golden if name not in _ADDED]
        assert {name: ours.get(name) for name in _EXACT} == {
            name: golden.get(name) for name in _EXACT
        }
        assert ours["text_word"] == golden["text_word"], key
        for boxes, words in zip(ours["text_word_boxes"], ours["text_word"], strict=True):
            assert len(boxes) == len(words)
