"""The page to look at: its files as they are served, and the figures of the live view."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
from tests.pictures import picture, png
from tests.wire.calls import CALL_S, http_get, well_server
from tests.wire.pages_calls import read_pages
from tests.wire.test_lives import eventually

from served import RunningServer

REFERENCE = re.compile(r'(?:src|href)="(viewer/[^"]+)"')
IMPORT = re.compile(r'from "\./([a-z]+\.js)"')
ELSEWHERE = re.compile(r"https?://(?!www\.w3\.org/2000/svg)")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str


def ask(server: RunningServer, path: str, method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=CALL_S)
    with closing(connection):
        connection.request(
            method, path, headers={n.replace("_", "-"): v for n, v in headers.items()}
        )
        with connection.getresponse() as response:
            headers = {name.title(): value for name, value in response.headers.items()}
            return Answer(response.status, headers, response.read().decode())


def paths_of(server: RunningServer) -> list[str]:
    """Every file that the page needs, found as a browser finds them."""
    found = [f"/{each}" for each in REFERENCE.findall(ask(server, "/").text)]
    for path in found:
        folder, _, _ = path.rpartition("/")
        more = (f"{folder}/{name}" for name in IMPORT.findall(ask(server, path).text))
        found += [each for each in more if each not in found]
    return found


def test_the_page_is_allowed_nothing_but_its_own_files(server: RunningServer) -> None:
    for path in ("/", "/live"):
        answer = ask(server, path)

        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy
        assert "unsafe" not in policy and "*" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", answer.text)


def test_every_file_that_it_names_is_there_and_is_kept_for_ever(server: RunningServer) -> None:
    kinds = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
    paths = paths_of(server)

    assert len(paths) > 10
    for path in paths:
        answer = ask(server, path)
        assert answer.status == 200, path
        assert answer.headers["Content-Type"].startswith(kinds[path.rpartition(".")[2]])
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert not ELSEWHERE.search(answer.text), path


def test_the_page_is_asked_for_anew_and_sent_once(server: RunningServer) -> None:
    first = ask(server, "/")

    again = ask(server, "/", If_None_Match=first.headers["Etag"])

    assert first.headers["Cache-Control"] == "no-cache"
    assert (again.status, again.text) == (304, "")
    assert again.headers["Etag"] == first.headers["Etag"]
    assert ask(server, "/", If_None_Match='"other"').status == 200


def test_heads_are_told_without_the_rest(server: RunningServer) -> None:
    path = paths_of(server)[0]

    for each in ("/", "/live", path, "/live.json"):
        head = ask(server, each, "HEAD")
        assert (head.status, head.text) == (200, "")
        assert int(head.headers["Content-Length"]) > 0


@pytest.mark.parametrize(
    "path",
    [
        "/viewer/main.js",
        "/viewer/0000000000000000/main.js",
        "/viewer/../config.py",
        "/index.html",
        "/live/",
    ],
)
def test_what_is_not_there_is_refused_as_json(server: RunningServer, path: str) -> None:
    answer = ask(server, path)

    assert answer.status == 404
    assert json.loads(answer.text)["errorCode"] == 404


def test_no_file_is_reached_through_another_name(server: RunningServer) -> None:
    folder, _, _ = paths_of(server)[0].rpartition("/")

    for name in ("index.html", "..%2fconfig.py", "%2e%2e%2fconfig.py", "nothing.js", ""):
        assert ask(server, f"{folder}/{name}").status == 404


def test_only_gets_are_taken(server: RunningServer) -> None:
    refused = ask(server, "/", "POST")

    assert refused.status == 405
    assert refused.headers["Allow"] == "GET,HEAD"


def test_the_live_figures_follow_what_is_read(server: RunningServer) -> None:
    def newest() -> dict[str, float]:
        told = json.loads(http_get(server, "/live.json")[1])
        snapshots: list[dict[str, float]] = told["snapshots"]
        return snapshots[-1] if snapshots else {"pages": -1}

    eventually(lambda: newest()["pages"] >= 0)
    before = newest()

    read_pages(server, png(picture("some lines", "to count")))

    eventually(lambda: newest()["pages"] == before["pages"] + 1)
    now = json.loads(http_get(server, "/live.json")[1])
    latest = now["snapshots"][-1]
    assert latest["lines"] > before["lines"]
    assert set(now["models"]) & set(latest["steps"])
    assert {"cpu", "model"} <= set(latest["queued"])
    assert all(size >= taken >= 0 for taken, size in latest["arenas"].values())
    assert all(memory > 0 for memory in latest["workers"].values())


def test_only_what_is_new_is_told(server: RunningServer) -> None:
    eventually(lambda: json.loads(http_get(server, "/live.json")[1])["last"] >= 2)
    all_of_it = json.loads(http_get(server, "/live.json")[1])
    last, name = all_of_it["last"], all_of_it["server"]

    news = json.loads(http_get(server, f"/live.json?after={last - 1}&server={name}")[1])
    of_another = json.loads(http_get(server, f"/live.json?after={last}&server=another")[1])

    assert 1 <= len(news["snapshots"]) == news["last"] - last + 1
    assert len(of_another["snapshots"]) >= len(all_of_it["snapshots"])
    assert http_get(server, "/live.json?after=x")[0] == 422
    assert http_get(server, "/live.json?after=99999999999999999999")[0] == 422


@pytest.fixture(scope="module")
def plain_server() -> Iterator[RunningServer]:
    with well_server("--set=http.page=false") as running:
        yield running


def test_without_the_page_the_rest_is_served(plain_server: RunningServer) -> None:
    for path in ("/", "/live", "/live.json"):
        assert ask(plain_server, path).status == 404
    assert read_pages(plain_server, png(picture("a line"))).status == 200
    assert http_get(plain_server, "/health")[0] == 200
