"""A headless Chromium that tests drive by its own protocol (DevTools), without a driver between."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest

T = TypeVar("T")

START_S = 60.0
WAIT_S = 60.0
ANSWER_S = 60.0
MAX_MESSAGE_BYTES = 64 << 20
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--remote-debugging-port=0",
)  # fmt: skip
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowUp": 38, "ArrowDown": 40}
TYPED = {"Enter": "\r", " ": " "}
SHIFT = 8


class Tab:
    """One page in the browser. What its scripts throw, and what its policy refuses, is kept."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, socket: aiohttp.ClientWebSocketResponse
    ) -> None:
        self.complaints: list[str] = []
        self.chosen_from: list[int] = []
        """Nodes whose file choosers were opened, once those are intercepted."""
        self._loop = loop
        self._socket = socket
        self._last_id = 0
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.send(f"{domain}.enable")
        self.send("Emulation.setFocusEmulationEnabled", enabled=True)

    def send(self, method: str, **params: object) -> dict[str, Any]:
        return self._run(self._ask(method, params))

    def open(self, url: str) -> None:
        self.send("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def eval(self, expression: str) -> Any:  # noqa: ANN401 - as the script's value is
        """The value of an expression; of a promise what it comes to."""
        told = self.send(
            "Runtime.evaluate",
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def until(self, condition: str, limit_s: float = WAIT_S) -> None:
        """Wait until an expression is true."""
        give_up_at = time.monotonic() + limit_s
        while not self.eval(f"Boolean({condition})"):
            assert time.monotonic() < give_up_at, f"{condition} did not come true\n{self.text()}"
            time.sleep(0.05)

    def text(self, selector: str = "body") -> str:
        return str(self.eval(f"document.querySelector({json.dumps(selector)}).innerText"))

    def choose_file(self, selector: str, path: Path) -> None:
        document = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=document, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key as a person does: it goes where the focus is."""
        event = {
            "key": key,
            "code": "Space" if key == " " else key,
            "windowsVirtualKeyCode": KEYS[key],
            "modifiers": SHIFT if shift else 0,
        }
        typed = {"text": TYPED[key]} if key in TYPED else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", **event, **typed)
        self.send("Input.dispatchKeyEvent", type="keyUp", **event)

    def type(self, text: str) -> None:
        self.send("Input.insertText", text=text)

    def resize(self, width_px: int, height_px: int = 900) -> None:
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width_px,
            height=height_px,
            deviceScaleFactor=1,
            mobile=False,
        )

    def prefer(self, **features: str) -> None:
        """Set what media queries are told, such as `prefers_color_scheme="dark"`."""
        told = [{"name": n.replace("_", "-"), "value": v} for n, v in features.items()]
        self.send("Emulation.setEmulatedMedia", features=told)

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    async def _ask(self, method: str, params: dict[str, object]) -> dict[str, Any]:
        self._last_id += 1
        asked = self._last_id
        await self._socket.send_json({"id": asked, "method": method, "params": params})
        async with asyncio.timeout(ANSWER_S):
            while True:
                told = await self._socket.receive_json()
                if told.get("id") == asked:
                    assert "error" not in told, (method, told["error"])
                    result: dict[str, Any] = told["result"]
                    return result
                self._note(told)

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(params["exceptionDetails"])[:2000])
        elif event.get("method") == "Page.fileChooserOpened":
            self.chosen_from.append(params["backendNodeId"])
        elif event.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.complaints.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)


@contextmanager
def chromium() -> Iterator[Tab]:
    """A browser with one empty page; skips, saying so, where there is none on this machine."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"needs a browser: none of {', '.join(NAMES)} is here")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [program, *FLAGS, f"--user-data-dir={folder}", "about:blank"]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                yield from _tab(Path(folder) / "DevToolsActivePort")
            finally:
                process.kill()


def _tab(port_file: Path) -> Iterator[Tab]:
    loop = asyncio.new_event_loop()
    try:
        port = _port(port_file)
        session = loop.run_until_complete(_session())
        try:
            yield Tab(loop, loop.run_until_complete(_connected(session, port)))
        finally:
            loop.run_until_complete(session.close())
    finally:
        loop.close()


def _port(port_file: Path) -> int:
    give_up_at = time.monotonic() + START_S
    while time.monotonic() < give_up_at:
        if port_file.exists() and (lines := port_file.read_text().splitlines()):
            return int(lines[0])
        time.sleep(0.05)
    raise AssertionError("the browser does not start")


async def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()


async def _connected(session: aiohttp.ClientSession, port: int) -> aiohttp.ClientWebSocketResponse:
    async with session.get(f"http://127.0.0.1:{port}/json/list") as response:
        targets = await response.json()
    url = next(each["webSocketDebuggerUrl"] for each in targets if each["type"] == "page")
    return await session.ws_connect(url, max_msg_size=MAX_MESSAGE_BYTES)
