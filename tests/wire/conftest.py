from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.wire.calls import Stubs, stubs_of, well_server

from served import RunningServer

LIMITS = (
    "--set=limits.max_image_pixels=2000000",
    "--set=limits.max_page_pixels=4000000",
    "--set=limits.max_document_pages=50",
    "--set=limits.max_lines=40",
    "--set=server.max_message_bytes=4194304",
)


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    """A server with the fake engine and small limits, for tests that leave it as it was."""
    with well_server(*LIMITS) as running:
        yield running


@pytest.fixture(scope="module")
def stubs(server: RunningServer) -> Iterator[Stubs]:
    """A connection to the module's server: its own, or the one that all share."""
    with stubs_of(server) as stubs:
        yield stubs
