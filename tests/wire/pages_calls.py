"""How the tests call POST /pages, and what comes back: events of the contract, line by line."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from google.protobuf import json_format
from tests.wire.calls import CALL_S

from inkstream.v1 import ocr_pb2
from served import RunningServer


@dataclass(frozen=True)
class Answer:
    """An answer that has ended, whatever it is."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def events(self) -> list[ocr_pb2.RecognizeDocumentResponse]:
        """Its lines, each a message of the contract and nothing more."""
        assert self.status == 200, self.body
        assert self.body.endswith(b"\n")
        return [event_of(line) for line in self.body.splitlines()]

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever it is
        return json.loads(self.body)


def event_of(line: bytes) -> ocr_pb2.RecognizeDocumentResponse:
    return json_format.Parse(line, ocr_pb2.RecognizeDocumentResponse())


@contextmanager
def begun(
    server: RunningServer, body: bytes, password: str = "", **query: object
) -> Iterator[http.client.HTTPResponse]:
    """An answer whose head has come."""
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=CALL_S)
    headers = {"inkstream-password": password} if password else {}
    with closing(connection):
        connection.request("POST", f"/pages?{urlencode(query)}", body, headers)
        with connection.getresponse() as response:
            yield response


def read_pages(server: RunningServer, body: bytes, password: str = "", **query: object) -> Answer:
    with begun(server, body, password, **query) as response:
        return Answer(response.status, dict(response.headers), response.read())
