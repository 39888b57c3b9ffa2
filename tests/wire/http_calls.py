"""How the tests call POST /ocr, and what it answers."""

from __future__ import annotations

import base64
import json
import socket
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.wire.calls import CALL_S

from served import RunningServer


@dataclass(frozen=True)
class Answer:
    """What came back. JSON is whatever it is."""

    status: int
    headers: dict[str, str]
    json: Any

    @property
    def pages(self) -> list[dict[str, Any]]:
        assert self.status == 200, self.json
        results: list[dict[str, Any]] = self.json["result"]["ocrResults"]
        return results

    @property
    def reason(self) -> str:
        """Why it failed; such an answer has PaddleX's members, and its status is its code."""
        assert self.json["errorCode"] == self.status != 200
        assert self.json["errorMsg"] and self.json["logId"]
        assert "result" not in self.json
        reason: str = self.json["reason"]
        return reason


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def post_body(server: RunningServer, body: bytes, headers: dict[str, str] | None = None) -> Answer:
    url = f"http://127.0.0.1:{server.http_port}/ocr"
    sent = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, body, sent, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=CALL_S) as response:
            return Answer(response.status, dict(response.headers), json.load(response))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, dict(error.headers), json.load(error))


def post(server: RunningServer, **members: object) -> Answer:
    return post_body(server, json.dumps(members).encode())


def begun(server: RunningServer, sent: bytes, content_length: int) -> socket.socket:
    """A connection on which a request has begun to be sent."""
    connection = socket.create_connection(("127.0.0.1", server.http_port), timeout=CALL_S)
    head = f"POST /ocr HTTP/1.1\r\nHost: x\r\nContent-Length: {content_length}\r\n\r\n"
    connection.sendall(head.encode() + sent)
    return connection
