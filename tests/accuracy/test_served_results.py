"""What a real server answers over a real socket, against PaddleX's answers and known texts."""

from __future__ import annotations

import difflib
import json
import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from tests.reference_data import needs_reference_data, reference_file, reference_files

from inkstream import Client, InkstreamError, Page, Settings
from served import running_server

pytestmark = [pytest.mark.models, needs_reference_data]

# What the answers were made with, beside the standard values. Nothing was turned.
OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "images": {},
    "opt-min736": {
        "text_det_limit_side_len": 736,
        "text_det_limit_type": "min",
        "text_det_unclip_ratio": 1.5,
    },
    "opt-thresholds": {
        "text_det_unclip_ratio": 1.2,
        "text_det_thresh": 0.5,
        "text_det_box_thresh": 0.8,
        "text_rec_score_thresh": 0.9,
    },
}
STANDARD: Final[dict[str, Any]] = {
    "use_doc_orientation_classify": False,
    "use_textline_orientation": False,
    "text_det_limit_side_len": 960,
    "text_det_limit_type": "max",
    "text_det_thresh": 0.3,
    "text_det_box_thresh": 0.6,
    "text_det_unclip_ratio": 2.0,
    "text_rec_score_thresh": 0.0,
}
CLIENTS: Final = 4
# Batch sizes change no result.
UNTUNED: Final = ("--tuning", "off")

Points = Sequence[Sequence[int]]

# Read otherwise by PaddleX than by us, on purpose: it drops alpha, which hides or mars the text of
# two pictures, and takes a TIFF with several pages by another way than one with one.
READ_OTHERWISE: Final = {
    "rapidocr__black_font_color_transparent.png",
    "rapidocr__white_font_color_transparent.png",
    "docling__2206.01062.tif",
}


@dataclass
class Tally:
    """How much of what PaddleX says we say too, and how much we say beside it."""

    our_region_count: int = 0
    our_line_count: int = 0
    region_count: int = 0
    near_region_count: int = 0
    line_count: int = 0
    equal_text_count: int = 0
    score_gaps: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, page: Page, golden: dict[str, Any]) -> None:
        ours = [each.polygon for each in page.detections]
        self.our_region_count += len(ours)
        self.our_line_count += len(page.lines)
        self.region_count += len(golden["dt_polys"])
        for polygon in golden["dt_polys"]:
            is_near = any(_distance(polygon, other) <= 1 for other in ours)
            self.near_region_count += is_near
            if not is_near:
                self.notes.append(f"{name}: no region near {polygon}")
        self._add_texts(name, page, golden)

    def _add_texts(self, name: str, page: Page, golden: dict[str, Any]) -> None:
        texts = zip(golden["rec_polys"], golden["rec_texts"], golden["rec_scores"], strict=True)
        for polygon, text, score in texts:
            self.line_count += 1
            found = [line for line in page.lines if _distance(polygon, line.polygon) <= 1]
            if any(line.text == text for line in found):
                self.equal_text_count += 1
                self.score_gaps.append(min(abs(line.score - score) for line in found))
            else:
                self.notes.append(f"{name}: {text!r} is {[line.text for line in found]}")


def _distance(polygon: Points, other: Points) -> int:
    pairs = zip(polygon, other, strict=True)
    return max(max(abs(x - u), abs(y - v)) for (x, y), (u, v) in pairs)


@pytest.fixture(scope="module")
def paddle_server() -> Iterator[Client]:
    with (
        running_server(*UNTUNED, "--engine", "paddle", "--precision", "fp32") as server,
        Client(server.target, timeout_s=300) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def default_server() -> Iterator[Client]:
    with running_server(*UNTUNED) as server, Client(server.target, timeout_s=300) as client:
        yield client


def _golden_pages(folder: str) -> Iterator[tuple[Path, int, dict[str, Any]]]:
    for file in reference_files(f"golden/{folder}"):
        if file.name.startswith("_"):
            continue
        name, page = re.fullmatch(r"(.+?)(?:\.p(\d+))?\.json", file.name).groups()  # type: ignore[union-attr] # the folder's own form
        if name not in READ_OTHERWISE:
            golden = json.loads(file.read_text(encoding="utf-8"))
            yield reference_file(f"data/images/{name}"), int(page or 0) + 1, golden


@pytest.mark.parametrize("folder", OPTIONS)
def test_paddle_in_fp32_gives_the_results_of_paddlex(folder: str, paddle_server: Client) -> None:
    tally = Tally()

    def read(job: tuple[Path, int, dict[str, Any]]) -> tuple[str, Page, dict[str, Any]]:
        file, number, golden = job
        wished = {**STANDARD, **OPTIONS[folder]}
        (page,) = paddle_server.recognize_document(file, pages=str(number), **wished)
        assert _differences(page.settings, wished) == {}
        return file.name, page, golden

    with ThreadPoolExecutor(CLIENTS) as clients:
        for name, page, golden in clients.map(read, _golden_pages(folder)):
            tally.add(name, page, golden)

    near, equal = (
        tally.near_region_count / tally.region_count,
        tally.equal_text_count / tally.line_count,
    )
    report = "\n".join(
        [
            f"{folder}: regions {near:.4f} of {tally.region_count}, texts {equal:.4f} of "
            f"{tally.line_count}, largest difference of scores {max(tally.score_gaps):.1e}",
            *tally.notes,
        ]
    )
    sys.stdout.write(report + "\n")
    assert tally.region_count > 30, report
    assert near >= 0.995, report
    assert equal >= 0.995, report
    assert abs(tally.our_region_count / tally.region_count - 1.0) <= 0.005, report
    assert abs(tally.our_line_count / tally.line_count - 1.0) <= 0.005, report
    # On lines that nobody can read, processors of two makes already differ by more.
    assert sum(gap <= 1e-3 for gap in tally.score_gaps) / tally.line_count >= 0.995, report


def _differences(told: Settings | None, wished: dict[str, Any]) -> dict[str, Any]:
    """What a page was not read with as it was wished."""
    return {
        name: getattr(told, name)
        for name, value in wished.items()
        if getattr(told, name) != pytest.approx(value)
    }


def _plain(text: str) -> str:
    """Letters and digits alone: blanks, punctuation and case are no matter of detection."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def _texts_found(truth: dict[str, Any], pages: Sequence[Page]) -> bool:
    lines = [_plain(line.text) for page in pages for line in page.lines]
    whole = "".join(lines)
    wanted = [_plain(text) for text in truth["texts"]]
    match truth["match"]:
        case "no_text":
            return not whole
        case "first_line" | "first_line_ignore_case":
            return any(_likeness(wanted[0], line) >= LIKE for line in lines)
        case "set" | "contains_ignore_case" | "contains_in_order_ignore_case":
            return all(text in whole for text in wanted)
        case "text_layer_per_page":  # in the file's own order
            layer = [_plain(line) for text in truth["texts"] for line in text.split("\n")]
            found = [line in whole for line in layer if line]
            return sum(found) / len(found) >= LIKE
        case _:
            return all(_share_of_runs(text, whole) >= LIKE for text in wanted)


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()


def _share_of_runs(text: str, whole: str) -> float:
    """The share of the text's runs of three characters that are there."""
    runs = [text[at : at + 3] for at in range(max(1, len(text) - 2))]
    return sum(run in whole for run in runs) / len(runs)


LIKE: Final = 0.8
# What upstream read it with: our default scales such a wide strip no further up.
READ_WITH: Final[dict[str, dict[str, Any]]] = {
    "images/rapidocr__test_letterbox_like.jpg": OPTIONS["opt-min736"],
}

# Each with its reason; whatever stands in the table of known texts and not here must be found.
NOT_READABLE: Final = {
    "images/rapidocr__korean.jpg": "the default model knows no Korean",
    "images/rapidocr__arabic.png": "the default model knows no Arabic",
    "images/rapidocr__th_rec.jpg": "the default model knows no Thai",
    "images/tesseract__phototest-rotated-180.png": "needs the page's orientation",
    "images/tesseract__phototest-rotated-L.png": "needs the page's orientation",
    "pdfs/docling__ocr_test_rotated_180.pdf": "needs the page's orientation",
    "bad/paperless__simple.heic": "HEIC is not read, and is told so",
}


def _truths() -> list[tuple[str, dict[str, Any]]]:
    if not reference_files("data"):
        return []
    table = json.loads(reference_file("data/truth.json").read_text(encoding="utf-8"))
    return [(name, truth) for name, truth in table.items() if name not in NOT_READABLE]


@pytest.mark.parametrize(
    ("name", "truth"), [pytest.param(name, truth, id=name) for name, truth in _truths()]
)
def test_the_default_server_finds_the_known_texts(
    name: str, truth: dict[str, Any], default_server: Client
) -> None:
    document = default_server.recognize_document(
        reference_file(f"data/{name}"),
        password=truth.get("password", ""),
        **READ_WITH.get(name, {}),
    )

    pages = list(document)

    assert all(page.error is None for page in pages)
    if truth["match"] == "password":
        assert len(pages) == truth["pages"]
    else:
        assert _texts_found(truth, pages), "\n".join(page.text for page in pages)


@pytest.mark.parametrize("file", reference_files("data/bad"), ids=lambda file: file.name)
def test_a_bad_file_ends_in_pages_or_a_typed_error(file: Path, default_server: Client) -> None:
    reasons = _reasons(default_server, file)

    assert not reasons & {"", "INTERNAL", "WORKER_CRASHED"}
    assert default_server.server_info().version


def _reasons(client: Client, file: Path) -> set[str]:
    """The reasons why the file, or pages of it, could not be read."""
    try:
        pages = list(client.recognize_document(file, timeout_s=60))
    except InkstreamError as error:
        return {error.reason}
    return {page.error.reason for page in pages if page.error is not None}
