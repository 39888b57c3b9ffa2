from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.browser.chromium import Tab, chromium
from tests.wire.calls import Stubs, stubs_of, well_server

from served import RunningServer


@pytest.fixture(scope="module")
def browser() -> Iterator[Tab]:
    with chromium() as tab:
        yield tab


@pytest.fixture(scope="module")
def server(browser: Tab) -> Iterator[RunningServer]:
    """Started where there is a browser to look at it."""
    del browser
    with well_server("--set=server.max_documents=8") as running:
        yield running


@pytest.fixture(scope="module")
def stubs(server: RunningServer) -> Iterator[Stubs]:
    with stubs_of(server) as stubs:
        yield stubs


@pytest.fixture
def tab(browser: Tab, server: RunningServer) -> Iterator[Tab]:
    """The page as one who comes finds it; it must have nothing to complain of."""
    browser.resize(1280)
    browser.prefer(prefers_color_scheme="light", prefers_reduced_motion="reduce")
    browser.open("about:blank")
    browser.complaints.clear()
    browser.open(f"http://127.0.0.1:{server.http_port}/")
    yield browser
    assert browser.complaints == []
