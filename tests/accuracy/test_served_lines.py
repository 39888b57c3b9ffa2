"""Labelled lines over the wire, held against what PaddleX reads. Run with -s to see the figures."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

import cv2
import pytest
from tests.accuracy.golden import GoldenLine, golden_lines, needs_models
from tests.reference_data import needs_reference_data

from inkstream import Client, LineText
from served import running_server

pytestmark = [pytest.mark.models, needs_models, needs_reference_data]

SAMPLE_COUNT: Final = 200
REQUEST_COUNT: Final = 50


@pytest.fixture(scope="module", params=["paddle", "openvino"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    pytest.importorskip(request.param)
    with (
        running_server("--engine", request.param, "--precision", "fp32") as server,
        Client(server.target, timeout_s=300) as client,
    ):
        yield client


def sample() -> list[GoldenLine]:
    """Lines from all of the collections, evenly spread."""
    lines = list(golden_lines())
    return lines[:: max(1, len(lines) // SAMPLE_COUNT)][:SAMPLE_COUNT]


def read(client: Client, lines: list[GoldenLine]) -> list[LineText]:
    encoded = [cv2.imencode(".png", line.crop)[1].tobytes() for line in lines]
    return [
        text
        for at in range(0, len(encoded), REQUEST_COUNT)
        for text in client.recognize_lines(encoded[at : at + REQUEST_COUNT])
    ]


@pytest.mark.filterwarnings("ignore:No ccache found:UserWarning")
def test_lines_over_the_wire_read_as_paddlex_reads_them(client: Client) -> None:
    lines = sample()

    texts = read(client, lines)

    pairs = list(zip(lines, texts, strict=True))
    equal = sum(line.text == text.text for line, text in pairs)
    near = sum(abs(line.score - text.score) <= 1e-3 for line, text in pairs)
    others = [f"{line.text!r} is {text.text!r}" for line, text in pairs if line.text != text.text]
    report = f"{len(lines)} lines: {equal} texts equal, {near} scores within 1e-3; {others}"
    sys.stdout.write(f"\n{report}\n")
    assert len(lines) == SAMPLE_COUNT
    assert all(text.error is None for text in texts)
    assert equal / len(lines) >= 0.995, report
    assert near / len(lines) >= 0.995, report
