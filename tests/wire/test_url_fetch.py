"""Fetching from a host that behaves, and from hosts that do not. No server of ours takes part."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import TypeVar

import pytest
from tests.wire.file_host import BOOK, PICTURE, FileHost, file_host

from inkstream_server.errors import (
    ContentTooLarge,
    InvalidField,
    OcrError,
    QueueFull,
    UriNotAllowed,
)
from inkstream_server.front.incoming import IncomingFile
from inkstream_server.front.url_fetch import (
    UriFetchFailed,
    UriTimeout,
    UriUnreachable,
    UrlFetcher,
)
from inkstream_server.front.url_resolver import OwnThreadsResolver
from inkstream_server.front.url_rules import UrlConfig
from inkstream_server.pipeline.upload import Upload
from inkstream_server.scheduling.budget import Budget
from inkstream_server.telemetry.metrics import Metrics

T = TypeVar("T")
LIMIT_BYTES = 1 << 20
LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture(scope="module")
def host() -> Iterator[FileHost]:
    with file_host() as running:
        yield running


def config(host: FileHost, **settings: object) -> UrlConfig:
    given = {
        "hosts": (f"*:{host.port}",),
        "allow_http": True,
        "allow_networks": LOOPBACK,
        "connect_s": 2.0,
        "idle_s": 0.3,
        "total_s": 5.0,
    }
    return UrlConfig.model_validate({**given, **settings})


def never() -> Upload:
    raise AssertionError("nothing here is as large as an upload")


async def content_of(fetcher: UrlFetcher, url: str) -> bytes:
    with IncomingFile(never, LIMIT_BYTES, Budget(LIMIT_BYTES)) as file:
        await fetcher.fetch(url, file)
        content = file.take()
        assert isinstance(content, bytes)
        return content


def fetching(
    settings: UrlConfig,
    scenario: Callable[[UrlFetcher], Coroutine[object, object, T]],
    metrics: Metrics | None = None,
) -> T:
    async def run() -> T:
        fetcher = UrlFetcher(settings, (metrics or Metrics()).urls)
        try:
            async with asyncio.timeout(20):
                return await scenario(fetcher)
        finally:
            await fetcher.close()

    return asyncio.run(run())


def fetched(settings: UrlConfig, url: str) -> bytes:
    return fetching(settings, lambda fetcher: content_of(fetcher, url))


def test_a_file_is_fetched(host: FileHost) -> None:
    assert fetched(config(host), host.url("/picture.png")) == PICTURE
    assert fetched(config(host), host.url("/book.pdf?signature=a%2Fb%20c+d")) == BOOK
    assert host.paths[-1] == "/book.pdf?signature=a%2Fb%20c+d"  # to the letter: it may be signed


def test_a_file_that_is_said_to_be_as_it_is_is_fetched(host: FileHost) -> None:
    assert fetched(config(host), host.url("/unzipped")) == PICTURE


def test_nothing_is_told_to_the_host_that_it_need_not_know(host: FileHost) -> None:
    fetched(config(host), host.url("/picture.png#part"))

    assert host.paths[-1] == "/picture.png"
    assert host.headers[-1].keys() == {"Host", "Accept", "Accept-Encoding", "User-Agent"}
    assert host.headers[-1]["Accept-Encoding"] == "identity"


def test_a_host_may_send_on_to_itself_a_few_times(host: FileHost) -> None:
    assert fetched(config(host), host.url("/moved")) == PICTURE
    with pytest.raises(UriFetchFailed, match="more than 3 times"):
        fetched(config(host), host.url("/loop"))
    with pytest.raises(UriFetchFailed, match="more than 0 times"):
        fetched(config(host, max_redirects=0), host.url("/moved"))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/nothing", UriFetchFailed),
        ("/zipped", UriFetchFailed),
        ("/broken", UriUnreachable),
        ("/busy", UriUnreachable),
        ("/cut", UriUnreachable),
        ("/large", ContentTooLarge),
        ("/endless", ContentTooLarge),
        ("/silent", UriTimeout),
        ("/elsewhere", UriNotAllowed),
        ("/to_file", UriNotAllowed),
    ],
)
def test_what_a_host_does_wrong_is_told_by_its_reason(
    host: FileHost, path: str, kind: type[OcrError]
) -> None:
    with pytest.raises(kind):
        fetched(config(host), host.url(path))


def test_a_host_that_drips_is_given_up_in_the_end_and_left(host: FileHost) -> None:
    before = host.gone_count

    with pytest.raises(UriTimeout):
        fetched(config(host, total_s=0.5), host.url("/drip"))

    left(host, before)


def left(host: FileHost, before: int) -> None:
    """Wait until the host has noticed that nobody listens any more."""
    for _ in range(200):
        if host.gone_count > before:
            return
        host.released.wait(0.02)
    raise AssertionError("the connection is still there")


def test_a_caller_who_goes_away_ends_the_fetch(host: FileHost) -> None:
    before = host.gone_count

    async def scenario(fetcher: UrlFetcher) -> None:
        task = asyncio.create_task(content_of(fetcher, host.url("/drip")))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    fetching(config(host, idle_s=5.0), scenario)

    left(host, before)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_an_address_inside_is_not_connected_to_by_any_name(host: FileHost, name: str) -> None:
    before = len(host.paths)

    with pytest.raises(UriNotAllowed, match="not public"):
        fetched(config(host, allow_networks=()), host.url("/picture.png", name))

    assert len(host.paths) == before


@pytest.mark.parametrize("name", ["2130706433", "127.1", "0x7f.0.0.1", "0177.0.0.1"])
def test_an_address_inside_is_not_reached_by_writing_it_otherwise(
    host: FileHost, name: str
) -> None:
    with pytest.raises(UriNotAllowed):
        fetched(config(host, allow_networks=()), host.url("/picture.png", name))


def resolving_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    """Let every name lead to the addresses of the next answer, the last one for good."""
    left = list(answers)

    def getaddrinfo(name: str, port: int, **_: object) -> list[tuple[object, ...]]:
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_a_name_that_leads_inside_is_not_followed(
    host: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving_to(monkeypatch, ["127.0.0.1"])
    before = len(host.paths)

    with pytest.raises(UriNotAllowed, match="not public"):
        fetched(config(host, allow_networks=()), host.url("/picture.png", "public.example"))

    assert len(host.paths) == before


def test_of_several_addresses_only_allowed_ones_are_tried(
    host: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving_to(monkeypatch, ["169.254.169.254", "127.0.0.1"])

    assert fetched(config(host), host.url("/picture.png", "two.example")) == PICTURE


def test_a_name_that_leads_nowhere_is_told(host: FileHost) -> None:
    with pytest.raises(UriUnreachable, match="cannot be connected to"):
        fetched(config(host), host.url("/picture.png", "nowhere.invalid"))


def test_a_host_that_is_away_is_told(host: FileHost) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings = config(host, hosts=(f"127.0.0.1:{port}",))

    with pytest.raises(UriUnreachable, match="cannot be connected to"):
        fetched(settings, f"http://127.0.0.1:{port}/")


def test_a_host_without_a_certificate_is_not_believed(host: FileHost) -> None:
    with pytest.raises(UriUnreachable):
        fetched(config(host), host.url("/picture.png").replace("http:", "https:"))


def test_no_more_is_fetched_at_once_than_is_configured(host: FileHost) -> None:
    async def scenario(fetcher: UrlFetcher) -> None:
        slow = asyncio.create_task(content_of(fetcher, host.url("/drip")))
        await asyncio.sleep(0.2)
        with pytest.raises(QueueFull):
            await content_of(fetcher, host.url("/picture.png"))
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)
        assert await content_of(fetcher, host.url("/picture.png")) == PICTURE

    fetching(config(host, max_fetches=1, idle_s=5.0), scenario)


def test_fetches_are_counted_by_reason(host: FileHost) -> None:
    metrics = Metrics()

    async def scenario(fetcher: UrlFetcher) -> None:
        await content_of(fetcher, host.url("/picture.png"))
        for url, kind in ((host.url("/nothing"), UriFetchFailed), ("x", InvalidField)):
            with pytest.raises(kind):
                await content_of(fetcher, url)

    fetching(config(host), scenario, metrics)

    def sample(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, labels)

    for reason in ("OK", "URI_FETCH_FAILED", "INVALID_FIELD"):
        assert sample("inkstream_url_fetches_total", reason=reason) == 1
    assert sample("inkstream_url_fetched_bytes_total") == len(PICTURE)
    assert sample("inkstream_url_fetches_in_flight") == 0


@pytest.mark.parametrize("name", ["a..b", ".a", "a" * 64])
def test_a_host_that_cannot_be_is_refused_and_not_looked_up(host: FileHost, name: str) -> None:
    with pytest.raises(InvalidField):
        fetched(config(host), f"http://{name}:{host.port}/")


def test_a_name_that_cannot_be_looked_up_is_an_error_of_the_system() -> None:
    async def scenario() -> None:
        resolver = OwnThreadsResolver()
        try:
            with pytest.raises(OSError, match="cannot be looked up"):
                await resolver.resolve("a..b", 80)
        finally:
            await resolver.close()

    asyncio.run(scenario())
