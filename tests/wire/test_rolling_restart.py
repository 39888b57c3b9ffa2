"""Servers that are restarted, or die, while the Python client calls them, with its own retries."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import pytest
from tests.pictures import pdf, picture, png
from tests.wire.calls import FAKE_ENGINE
from tests.wire.test_lives import eventually

from inkstream import Client, DocumentEnd, DocumentStart, InkstreamError, Page
from served import RunningServer, running_server

FAKE = (*FAKE_ENGINE, "--model-workers", "1", "--cpu-workers", "1")
REAL = ("--model-workers", "1", "--cpu-workers", "1", "--tuning", "off")
IMAGE = png(picture("one line", "another"))
PAGE_COUNT = 12
BOOK = pdf(*(f"page {number}" for number in range(PAGE_COUNT)))
LONG = pdf(*(f"page {number}" for number in range(150)))
ENOUGH = 20
LOADED_S = 240.0  # a limit for a busy machine: a quiet one takes two


@dataclass
class Load:
    """Callers that go on until they are told to end, and what came of their calls."""

    ok: Counter[str] = field(default_factory=Counter)
    failures: list[Exception] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def repeat(self, name: str, call: Callable[[], None]) -> None:
        while not self.is_over.is_set():
            try:
                call()
                self.ok[name] += 1
            except (InkstreamError, AssertionError) as failure:
                self.failures.append(failure)


@contextmanager
def load_on(client: Client, *names: str) -> Iterator[Load]:
    """A caller for each of the names, again and again."""

    def read_image() -> None:
        assert len(client.recognize(IMAGE).lines) > 0

    def read_book() -> None:
        numbers = [page.page_number for page in client.recognize_document(BOOK)]
        assert numbers == list(range(1, PAGE_COUNT + 1))

    load, work = Load(), {"image": read_image, "book": read_book}
    callers = [threading.Thread(target=load.repeat, args=(name, work[name])) for name in names]
    for caller in callers:
        caller.start()
    try:
        yield load
    finally:
        load.is_over.set()
        for caller in callers:
            caller.join()


class Place:
    """A port that a server after another listens on."""

    def __init__(self, *flags: str) -> None:
        self._flags = (*flags, "--set=server.drain_announce_s=0.5")
        self._stack = ExitStack()
        self.server = self._stack.enter_context(running_server(*self._flags))
        self.port = self.server.target.rpartition(":")[2]

    def start_again(self) -> None:
        self._stack.close()
        self.server = self._stack.enter_context(running_server(*self._flags, "--port", self.port))

    def close(self) -> None:
        self._stack.close()


@contextmanager
def place(*flags: str) -> Iterator[Place]:
    one = Place(*flags)
    try:
        yield one
    finally:
        one.close()


def read_count(server: RunningServer) -> float:
    return server.metric("inkstream_requests_total", method="Recognize", reason="OK")


def restart_in_turn(names: Sequence[str], *flags: str) -> Load:
    """Restart each of two servers once, the second when the first is called again."""
    with place(*flags) as first, place(*flags) as second:
        target = f"ipv4:127.0.0.1:{first.port},127.0.0.1:{second.port}"
        with Client(target, timeout_s=LOADED_S) as client, load_on(client, *names) as load:
            eventually(lambda: all(load.ok[name] > 1 for name in names), limit_s=LOADED_S)
            for each in (first, second):
                eventually(lambda: read_count(each.server) > 0, limit_s=LOADED_S)  # noqa: B023 - called at once
                assert each.server.stop() == 0
                each.start_again()
                eventually(lambda: read_count(each.server) > ENOUGH, limit_s=LOADED_S)  # noqa: B023 - called at once
    return load


def test_no_call_fails_while_servers_are_restarted_in_turn() -> None:
    load = restart_in_turn(["image"] * 4 + ["book"] * 2, *FAKE)

    assert load.failures == []
    assert load.ok["image"] > 2 * ENOUGH and load.ok["book"] > 1


@pytest.mark.models
def test_no_call_fails_while_servers_with_real_models_are_restarted_in_turn() -> None:
    load = restart_in_turn(["image"] * 2, *REAL)

    assert load.failures == []
    assert load.ok["image"] > 2 * ENOUGH


def test_a_document_outlives_its_server() -> None:
    with place(*FAKE) as one, Client(one.server.target) as client:
        expected = [page.text for page in client.recognize_document(LONG)]
        document = client.recognize_document(LONG)
        events = document.events()
        seen = [next(events) for _ in range(3)]

        one.server.process.kill()
        one.start_again()
        seen += events

        pages = [event for event in seen if isinstance(event, Page)]
        assert [page.page_number for page in pages] == list(range(1, 151))
        assert [page.text for page in pages] == expected
        assert [type(event) for event in seen if not isinstance(event, Page)] == [
            DocumentStart,
            DocumentEnd,
        ]
        assert document.end is not None and document.end.ok_page_count == 150
        read_again = one.server.metric("inkstream_pages_total", reason="OK")
        assert 0 < read_again < 150


def test_who_finds_no_server_again_is_told_so() -> None:
    with place(*FAKE) as one, Client(one.server.target, resume_s=1.0) as client:
        events = client.recognize_document(LONG).events()
        next(events)
        one.server.process.kill()
        started_at = time.monotonic()

        with pytest.raises(InkstreamError) as gone:
            list(events)

        assert gone.value.reason == "UNAVAILABLE"
        assert time.monotonic() - started_at < 30.0
