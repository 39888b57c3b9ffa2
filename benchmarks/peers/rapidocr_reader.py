"""Reads pages with RapidOCR, in RapidOCR's environment; `rapidocr_variant` starts and asks it.

The first line on standard input has the parameters, each further one the files to read; every line
is answered by one, all in JSON. Nothing of Inkstream is imported here.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from rapidocr import EngineType, ModelType, OCRVersion, RapidOCR


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what the libraries print is no answer
    engine = RapidOCR(params=parameters(json.loads(sys.stdin.readline())))
    answer: dict[str, Any] = {"about": about(engine)}
    print(json.dumps(answer), file=answers, flush=True)
    for line in sys.stdin:
        answer = read(engine, [Path(path) for path in json.loads(line)])
        print(json.dumps(answer), file=answers, flush=True)


def parameters(given: dict[str, Any]) -> dict[str, Any]:
    """The engine and the models' kind are enumerations, which JSON has not."""
    kind = {
        "engine_type": EngineType.OPENVINO,
        "ocr_version": OCRVersion.PPOCRV4,
        "model_type": ModelType.MOBILE,
    }
    kinds = {f"{stage}.{key}": value for stage in ("Det", "Rec") for key, value in kind.items()}
    return kinds | given


def about(engine: Any) -> str:  # noqa: ANN401 - RapidOCR has no types here
    """What OpenVINO made of its defaults. The models are loaded by it, which calls would do."""
    models = {
        "detection": engine._load_det_model(),
        "recognition": engine._load_rec_model(),
    }
    compiled = {
        stage: model.session.session.get_compiled_model() for stage, model in models.items()
    }
    precisions = {
        stage: one.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        for stage, one in compiled.items()
    }
    threads = compiled["recognition"].get_property("INFERENCE_NUM_THREADS")
    told = ", ".join(f"{stage} in {precision}" for stage, precision in precisions.items())
    rapidocr, openvino = (importlib.metadata.version(name) for name in ("rapidocr", "openvino"))
    return f"RapidOCR {rapidocr}, OpenVINO {openvino}: {told}, {threads} threads"


def read(engine: Any, paths: list[Path]) -> dict[str, Any]:  # noqa: ANN401 - as above
    contents = [path.read_bytes() for path in paths]
    started_at = time.monotonic()
    results = [engine(content) for content in contents]
    wall_s = time.monotonic() - started_at
    return {"wall_s": wall_s, "pages": [list(result.txts or ()) for result in results]}


if __name__ == "__main__":
    main()
