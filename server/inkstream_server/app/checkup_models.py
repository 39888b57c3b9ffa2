"""Looks at the models of a configuration: their files, what may run them, and what they read."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from inkstream import Client, InkstreamError, Options
from inkstream_server.app.checkup import Finding, fail, ok, warn
from inkstream_server.app.embedded import EmbeddedServer
from inkstream_server.app.models import models_store, pulled_names
from inkstream_server.app.plan import plan_server
from inkstream_server.config import ServerConfig, Tuning
from inkstream_server.engines.engine import DeviceKind
from inkstream_server.engines.fake import FakeEngine
from inkstream_server.engines.selection import CPU_ORDER, OTHER_ORDER
from inkstream_server.errors import OcrError
from inkstream_server.models.lock import repair
from inkstream_server.models.verify import State, state_of, verify
from inkstream_server.workers.model_tasks import ModelToLoad

SAMPLE: Final = "0123456789"
"""What is drawn and read. Every recogniser that we know has the digits."""

_FAKE: Final = FakeEngine().name
_READ_S: Final = 120.0
_SIZE_PX: Final = (160, 480)


def model_files(config: ServerConfig) -> Iterator[Finding]:
    """Every file of each pulled model against its hash."""
    if config.inference.engine == _FAKE:
        return
    store = models_store(config.models)
    yield ok("models folder", _home_as_tilde(store.root))
    for name in pulled_names(config.models):
        subject = f"model {name}"
        if not store.directory(name).is_dir():
            yield fail(subject, "is not there", f"inkstream models pull {name}")
        elif state_of(store, name) is State.BY_HAND:
            yield ok(subject, "was put there by hand: there is nothing to hold its files against")
        elif problems := [f"{each.file} {each.problem}".strip() for each in verify(store, name)]:
            yield fail(subject, "; ".join(problems), repair(store.directory(name)))
        else:
            yield ok(subject, "every file is what it must be")


def engines(config: ServerConfig) -> Iterator[Finding]:
    """Which runtimes are installed, and what each says of each model."""
    for engine in CPU_ORDER:
        try:
            yield ok(f"engine {engine.name}", engine.version())
        except importlib.metadata.PackageNotFoundError:
            yield ok(f"engine {engine.name}", "is not installed")
    try:
        plan = plan_server(config)
    except OcrError as error:
        yield fail("engine of each model", error.message, "see above for each model and engine")
        return
    yield ok("plan", str(plan.workers))
    for model in plan.models:
        yield from _runs_on(model)


def reading(config: ServerConfig) -> Iterator[Finding]:
    """A server of one worker a device, as it is configured, reads a drawn picture."""
    one = config.workers.model_copy(update={"model_workers": None, "cpu_workers": 1})
    if config.inference.device == DeviceKind.CPU.value:
        one = one.model_copy(update={"model_workers": 1})
    untuned = config.inference.model_copy(update={"tuning": Tuning.OFF})
    server = EmbeddedServer(config.model_copy(update={"workers": one, "inference": untuned}))
    try:
        server.start()
    except OcrError as error:
        yield fail("a server", f"does not start: {error.message}", "see the findings above")
        return
    try:
        with Client(server.target, timeout_s=_READ_S) as client:
            yield from _read(client, config)
    finally:
        server.stop()


def drawn_sample() -> bytes:
    """A white page with the sample on it, as PNG."""
    page = np.full((*_SIZE_PX, 3), 255, np.uint8)
    cv2.putText(page, SAMPLE, (40, 100), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (0, 0, 0), 4)
    return cv2.imencode(".png", page)[1].tobytes()


def _runs_on(model: ModelToLoad) -> Iterator[Finding]:
    name, device = model.files.name, model.settings.device
    order = CPU_ORDER if device.kind is DeviceKind.CPU else OTHER_ORDER
    others = {engine: engine.obstacle(model.files, device) for engine in order}
    told = "; ".join(
        f"{engine.name}: {obstacle or 'can run it'}"
        for engine, obstacle in others.items()
        if engine.name != model.engine.name
    )
    yield ok(f"engine of {name}", f"{model.engine.name} on {device} runs it ({told})")


def _read(client: Client, config: ServerConfig) -> Iterator[Finding]:
    loaded = {each.name: each for each in client.list_models()}
    for each in loaded.values():
        yield ok(f"loaded {each.name}", f"{each.engine} on {each.device} in {each.precision}")
    switches = Options(
        use_doc_orientation_classify=config.models.doc_orientation is not None,
        use_doc_unwarping=config.models.doc_unwarping is not None,
        use_textline_orientation=config.models.textline_orientation is not None,
    )
    for name in (each.name for each in loaded.values() if each.module == "text_recognition"):
        is_fake = loaded[name].engine == _FAKE
        yield _reads(client, name, Options(**switches, text_rec_model=name), is_fake=is_fake)


def _reads(client: Client, name: str, options: Options, *, is_fake: bool) -> Finding:
    subject = f"reading with {name}"
    try:
        page = client.recognize(drawn_sample(), **options)
    except InkstreamError as error:
        return fail(subject, str(error), "report it, with all of this")
    took = f"in {page.timing.total_s:.2f} s"
    if is_fake:
        return ok(subject, f"the fake engine answered {took}; it reads nothing")
    if page.text == SAMPLE:
        return ok(subject, f"{SAMPLE} was drawn and read {took}")
    told = f"{SAMPLE} was drawn and {page.text!r} read {took}"
    if page.text:
        return warn(subject, told, "a model of other letters? else try --precision fp32")
    return fail(subject, told, "try another engine or --precision fp32")


def _home_as_tilde(path: Path) -> str:
    """What is pasted into reports need not tell who runs it."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):  # elsewhere, or there is no home
        return str(path)
