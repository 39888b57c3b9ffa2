"""Answers GET /live.json: how the server has been at work over the last minutes.

What a moment's figures are is told by `telemetry.snapshot`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Sequence
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry

from inkstream_server.telemetry.snapshot import History, Snapshot, take_snapshot

_log = logging.getLogger(__name__)

_EVERY_S: Final = 1.0
_KEPT_S: Final = 300.0
_NUMBER: Final = re.compile(r"[0-9]{1,15}", re.ASCII)
_NO_STORE: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class LiveEndpoint:
    """One snapshot a second, written as JSON once, for all who look.

    It is no call: asked every second, it would be most of what the log and the metrics tell.
    """

    def __init__(self, registry: CollectorRegistry, model_names: Sequence[str]) -> None:
        """`model_names`: the steps that run on the model workers; all others on the CPU's."""
        self._registry = registry
        self._history = History(round(_KEPT_S / _EVERY_S))
        self._head = json.dumps({"everyS": _EVERY_S, "models": list(model_names)})[:-1]
        # Numbers of snapshots begin anew with each server, which a viewer has to notice.
        self._server = f"{time.time_ns():x}"
        self._sampling: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._sampling = asyncio.create_task(self._sample(), name="live snapshots")

    def stop(self) -> None:
        if self._sampling is not None:
            self._sampling.cancel()

    async def get(self, request: web.Request) -> web.Response:
        """Those after the one with the number `after`, where that is of this `server`; else all."""
        after = _number(request.query.get("after", "0"))
        if request.query.get("server", self._server) != self._server:
            after = 0
        head = f'{self._head}, "server": "{self._server}", "last": {self._history.last_number}'
        told = b",".join(self._history.after(after))
        body = head.encode() + b', "snapshots": [' + told + b"]}"
        return web.Response(body=body, content_type="application/json", headers=_NO_STORE)

    async def _sample(self) -> None:
        while True:
            try:
                self._history.add(_json(take_snapshot(self._registry), time.time()))
            except Exception:  # noqa: BLE001 - the task's boundary: the server serves without it
                _log.exception("no snapshot of the metrics could be taken")
            await asyncio.sleep(_EVERY_S)


def _number(text: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise web.HTTPUnprocessableEntity(reason="after is no number of a snapshot")
    return int(text)


def _json(snapshot: Snapshot, now_s: float) -> bytes:
    members = {
        "timeS": round(now_s, 3),
        "pages": snapshot.pages,
        "failedPages": snapshot.failed_pages,
        "lines": snapshot.lines,
        "inFlight": snapshot.in_flight,
        "restarts": snapshot.restarts,
        "queued": snapshot.queued,
        "workers": snapshot.workers,
        "arenas": snapshot.arenas,
        "steps": snapshot.steps,
    }
    return json.dumps(members, separators=(",", ":")).encode()
