"""What serving costs: pages a second over gRPC against a bare loop of the same stages and engine.

    python benchmarks/serving_overhead.py [--rounds 5] [--pages 32] [PICTURE ...]

The bare loop is as many processes as the server has model workers, each reading whole pages by
itself, one after the other, with the server's own widths and batches and nothing in between. Both
sides read the same pictures (the sample's pages, or those named), in turns, in one run. Then health
checks are timed while the server is saturated; they are kept out of the rounds because fifty of
them a second take time themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import cv2
import grpc.aio
import numpy as np
from grpc_health.v1 import health_pb2, health_pb2_grpc
from numpy.typing import NDArray

from inkstream import AsyncClient
from inkstream_server.app.batching import UNMEASURED
from inkstream_server.app.models import models_to_load
from inkstream_server.app.widths import ModelWidths
from inkstream_server.config import InferenceConfig, ModelsConfig
from inkstream_server.document.limits import DocumentLimits
from inkstream_server.document.opening import open_document
from inkstream_server.engines.engine import Predictor
from inkstream_server.models.files import Module
from inkstream_server.scheduling.batcher import Batcher, Load
from inkstream_server.scheduling.place import Flow, Place
from inkstream_server.scheduling.priority import Priority
from inkstream_server.stages import crop, ctc, detection, recognition
from inkstream_server.stages.detection import DetectionParams
from inkstream_server.stages.regions import find_regions
from inkstream_server.workers.environment import worker_environment
from inkstream_server.workers.model_role import describe
from inkstream_server.workers.model_tasks import ModelToLoad
from inkstream_server.workers.plan import WorkerCounts, core_count, plan
from samples import sample_pictures
from served import WITHOUT_ORIENTATION, running_server

CONCURRENCY: Final = 8
HEALTH_EVERY_S: Final = 0.02
PLACE: Final = Place(Flow(Priority.INTERACTIVE, "the loop", 1))


def main() -> None:
    arguments = parse_arguments()
    pictures = [path.read_bytes() for path in arguments.pictures] or sample_pictures()
    pages = [pictures[at % len(pictures)] for at in range(arguments.pages)]
    workers = plan(core_count(), WorkerCounts())
    print(f"{workers}; engine {arguments.engine}, {len(pages)} pages a round")
    os.environ.update(worker_environment(workers.model_threads))
    context = multiprocessing.get_context("spawn")
    flags = ["--engine", arguments.engine, "--precision", arguments.precision]
    flags += ["--tuning", "off"]  # batches of one size on both sides
    flags += WITHOUT_ORIENTATION
    settings = (arguments.engine, arguments.precision, workers.model_threads)
    with (
        context.Pool(workers.model_workers, BareReader.install, settings) as pool,
        running_server(*flags, *arguments.serve_flags) as server_process,
    ):
        bare: list[float] = []
        server: list[float] = []
        for number in range(arguments.rounds + 1):
            bare_rate = len(pages) / timed(lambda: pool.map(BareReader.read, pages, chunksize=1))
            server_rate = asyncio.run(read_over_grpc(server_process.target, pages))
            if number == 0:
                continue  # caches fill
            bare.append(bare_rate)
            server.append(server_rate)
            print(f"round {number}: bare {bare_rate:.2f}, server {server_rate:.2f} pages/s")
        health_s = sorted(asyncio.run(check_health_under_load(server_process.target, pages)))
    ratios = [ours / bares for ours, bares in zip(server, bare, strict=True)]
    print(f"bare loop  {statistics.median(bare):.2f} pages/s (median)")
    print(f"server     {statistics.median(server):.2f} pages/s (median), {CONCURRENCY} at once")
    print(f"ratio      {statistics.median(ratios):.3f} (median of rounds)")
    p50, p99 = (1000 * health_s[int(len(health_s) * share)] for share in (0.5, 0.99))
    print(f"health     p50 {p50:.1f} ms, p99 {p99:.1f} ms of {len(health_s)} checks under load")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pages", type=int, default=28)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--serve-flags", nargs=argparse.REMAINDER, default=[])
    return parser.parse_args()


class BareReader:
    """The same stages in one process, without a server. One to a process of the pool."""

    instance: BareReader

    def __init__(self, engine: str, precision: str, threads: int) -> None:
        cv2.setNumThreads(1)
        config = InferenceConfig.model_validate({"engine": engine, "precision": precision})
        models = {
            model.files.module: model for model in models_to_load(ModelsConfig(), config, threads)
        }
        self._limits = DocumentLimits()
        self._policy = UNMEASURED[Module.TEXT_RECOGNITION]
        self._detector = _load(models[Module.TEXT_DETECTION])
        self._recogniser = _load(models[Module.TEXT_RECOGNITION])
        loaded = [describe(models[Module.TEXT_RECOGNITION], self._recogniser)]
        self._widths = ModelWidths(None, loaded).of(loaded[0].name)
        self._alphabet = ctc.alphabet(models[Module.TEXT_RECOGNITION].files.characters)

    @classmethod
    def install(cls, engine: str, precision: str, threads: int) -> None:
        cls.instance = cls(engine, precision, threads)

    @classmethod
    def read(cls, content: bytes) -> list[str]:
        return cls.instance.texts(content)

    def texts(self, content: bytes) -> list[str]:
        document = open_document(content, "", self._limits)
        size = document.page_size(1, None)
        page = document.draw(1, None)
        params = DetectionParams()
        fitted = detection.input_size(
            size.height_px, size.width_px, params.limit_side_len, params.limit_type
        )
        tensor = detection.prepare([detection.fit(page, fitted)])
        (probabilities,) = detection.interpret(self._detector.run(tensor))
        waiting: Batcher[int, NDArray[np.uint8]] = Batcher(lambda width: self._policy)
        for region in find_regions(probabilities, size.height_px, size.width_px, params):
            pixels = crop.cut(page, region.polygon)
            if pixels is not None:
                _, width = recognition.line_width(pixels.shape[0], pixels.shape[1], self._widths)
                load = Load(width * recognition.LINE_HEIGHT_PX)
                waiting.add(width, recognition.fit(pixels), place=PLACE, load=load, now=0.0)
        document.close()
        texts: list[str] = []
        while (batch := waiting.take(now=0.0)) is not None:
            texts += self._recognise(batch.items, batch.key)
        return texts

    def _recognise(self, lines: Sequence[NDArray[np.uint8]], width: int) -> list[str]:
        class_ids, maxima = self._recogniser.run(recognition.prepare(lines, width))
        return [line.text for line in recognition.interpret(class_ids, maxima, self._alphabet)]


def _load(model: ModelToLoad) -> Predictor:
    return model.engine.load(model.files, model.settings)


async def read_over_grpc(target: str, pages: Sequence[bytes]) -> float:
    """Pages a second."""
    waiting = iter(pages)

    async def read(client: AsyncClient) -> None:
        for page in waiting:
            await client.recognize(page)

    async with AsyncClient(target) as client:
        started_at = time.monotonic()
        await asyncio.gather(*(read(client) for _ in range(CONCURRENCY)))
        return len(pages) / (time.monotonic() - started_at)


async def check_health_under_load(target: str, pages: Sequence[bytes]) -> list[float]:
    """The seconds that each health check took while all pages were read."""
    checking = asyncio.create_task(check_health(target))
    await read_over_grpc(target, pages)
    checking.cancel()
    return await checking


async def check_health(target: str) -> list[float]:
    """Ask again and again until cancelled; the seconds that each answer took."""
    waits_s: list[float] = []
    async with grpc.aio.insecure_channel(target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            while True:
                asked_at = time.monotonic()
                await stub.Check(health_pb2.HealthCheckRequest())
                waits_s.append(time.monotonic() - asked_at)
                await asyncio.sleep(HEALTH_EVERY_S)
        except asyncio.CancelledError:
            return waits_s


def timed(work: Callable[[], object]) -> float:
    started_at = time.monotonic()
    work()
    return time.monotonic() - started_at


if __name__ == "__main__":
    main()
