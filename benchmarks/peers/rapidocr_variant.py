"""RapidOCR on OpenVINO, called in a process of its own, one page after the other on all cores."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import yaml

from peers.variant import Reading

READER: Final = Path(__file__).with_name("rapidocr_reader.py")
STOP_S: Final = 30.0
# What Inkstream and PaddleX detect with. RapidOCR's own: the short side at least 736, so a page at
# 150 dpi is not made smaller, and lines below a score of 0.5 left out.
SAME_DETECTION: Final = {
    "Det.limit_side_len": 960,
    "Det.limit_type": "max",
    "Det.thresh": 0.3,
    "Det.box_thresh": 0.6,
    "Det.unclip_ratio": 2.0,
    "Det.use_dilation": False,
    "Global.text_score": 0.0,
}


class RapidOcrVariant:
    """A reader that runs."""

    def __init__(self, name: str, process: subprocess.Popen[str], folder: Path, about: str) -> None:
        self.name = name
        self.about = about
        self.pid = process.pid
        self._process = process
        self._folder = folder

    def read(self, contents: Sequence[bytes]) -> Reading:
        paths = [self._folder / f"{number}.picture" for number in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
        answer = _ask(self._process, [str(path) for path in paths])
        return Reading(answer["wall_s"], tuple(tuple(lines) for lines in answer["pages"]))


@contextmanager
def running_rapidocr(
    name: str, commands: Path, models_dir: Path, settings: Mapping[str, object]
) -> Iterator[RapidOcrVariant]:
    """With the models that Inkstream pulled, which OpenVINO reads as they are."""
    with TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [commands / "python", READER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        try:
            parameters = _parameters(models_dir, Path(folder)) | dict(settings)
            about = _ask(process, parameters)["about"]
            yield RapidOcrVariant(name, process, Path(folder), about)
        finally:
            process.kill()
            process.wait(STOP_S)


def _parameters(models_dir: Path, folder: Path) -> dict[str, object]:
    detector, recogniser = models_dir / "PP-OCRv4_mobile_det", models_dir / "PP-OCRv4_mobile_rec"
    description = yaml.safe_load((recogniser / "inference.yml").read_text(encoding="utf-8"))
    keys = folder / "keys.txt"
    keys.write_text("\n".join(description["PostProcess"]["character_dict"]), encoding="utf-8")
    return {
        "Global.use_cls": False,
        "Global.log_level": "warning",
        "Det.model_path": str(detector / "inference.pdmodel"),
        "Rec.model_path": str(recogniser / "inference.pdmodel"),
        "Rec.rec_keys_path": str(keys),
    }


def _ask(process: subprocess.Popen[str], question: object) -> Any:  # noqa: ANN401 - JSON
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(question) + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise RuntimeError("RapidOCR's process has ended")
    return json.loads(answer)
