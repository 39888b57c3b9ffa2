"""PaddleX's own serving (`paddlex --serve`), over HTTP, with the models that Inkstream pulled."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp
import yaml

from inkstream_server.workers.plan import core_count
from peers.variant import Lines, Reading, read_concurrently

START_S: Final = 180.0
READ_S: Final = 3600.0
_IMAGE: Final = 1  # `fileType`


class PaddleXVariant:
    """A server that runs. A round has as many connections as callers."""

    name = "paddlex"

    def __init__(self, process: subprocess.Popen[bytes], url: str, version: str) -> None:
        self.pid = process.pid
        self.about = f"PaddleX {version}, oneDNN in fp32 on {core_count()} threads"
        self._url = url

    def read(self, contents: Sequence[bytes]) -> Reading:
        return asyncio.run(self._read(contents))

    async def _read(self, contents: Sequence[bytes]) -> Reading:
        timeout = aiohttp.ClientTimeout(total=READ_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:

            async def read(content: bytes) -> Lines:
                body = {
                    "file": base64.b64encode(content).decode(),
                    "fileType": _IMAGE,
                    "visualize": False,
                }
                async with session.post(f"{self._url}/ocr", json=body) as response:
                    response.raise_for_status()
                    answer = await response.json()
                return tuple(answer["result"]["ocrResults"][0]["prunedResult"]["rec_texts"])

            return await read_concurrently(contents, read)


@contextmanager
def serving_paddlex(commands: Path, models_dir: Path) -> Iterator[PaddleXVariant]:
    with TemporaryDirectory() as folder:
        pipeline, log = Path(folder) / "pipeline.yaml", Path(folder) / "server.log"
        pipeline.write_text(yaml.safe_dump(pipeline_of(models_dir)), encoding="utf-8")
        port = _free_port()
        flags = ["--serve", "--pipeline", str(pipeline), "--host", "127.0.0.1", "--port", str(port)]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [commands / "paddlex", *flags, "--device", "cpu"],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True"},
            )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_healthy(url, process, log)
            yield PaddleXVariant(process, url, _version(commands))
        finally:
            process.kill()
            process.wait()


def pipeline_of(models_dir: Path) -> dict[str, Any]:
    """Detection and recognition alone, with the settings that Inkstream has by default.

    Batches are PaddleX's own default. Paddle's new IR crashes with oneDNN in the detector, in
    paddlepaddle 3.3.1.
    """
    engine = {"run_mode": "mkldnn", "cpu_threads": core_count()}
    detector, recogniser = "PP-OCRv4_mobile_det", "PP-OCRv4_mobile_rec"
    return {
        "pipeline_name": "OCR",
        "text_type": "general",
        "use_doc_preprocessor": False,
        "use_textline_orientation": False,
        "SubModules": {
            "TextDetection": {
                "module_name": "text_detection",
                "model_name": detector,
                "model_dir": str(models_dir / detector),
                "limit_side_len": 960,
                "limit_type": "max",
                "max_side_limit": 4000,
                "thresh": 0.3,
                "box_thresh": 0.6,
                "unclip_ratio": 2.0,
                "engine_config": engine | {"enable_new_ir": False},
            },
            "TextRecognition": {
                "module_name": "text_recognition",
                "model_name": recogniser,
                "model_dir": str(models_dir / recogniser),
                "batch_size": 6,
                "score_thresh": 0.0,
                "engine_config": engine,
            },
        },
    }


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + START_S
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=1):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    raise RuntimeError(f"PaddleX does not serve:\n{log.read_text(errors='replace')}")


def _version(commands: Path) -> str:
    question = "import importlib.metadata as m; print(m.version('paddlex'))"
    answer = subprocess.run(
        [commands / "python", "-c", question], check=True, capture_output=True, text=True
    )
    return answer.stdout.strip()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
