"""A server inside another program: a thread of its own, workers as ever, a socket for one user."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from inkstream_server.app.draining import Stopping
from inkstream_server.app.server import serve_until
from inkstream_server.config import ServerConfig, Setting
from inkstream_server.front.identity import AuthConfig
from inkstream_server.front.listening import UNIX
from inkstream_server.front.tls_files import TlsConfig
from inkstream_server.paddlex.loading import ConfigSources, load_with_pipeline

_log = logging.getLogger(__name__)

_SOCKET: Final = "inkstream.sock"
# What the kernel leaves of a socket's path, of 108 bytes with the zero at its end.
_MAX_PATH_BYTES: Final = 107
_ORIGIN: Final = "an embedded server"
_CPU: Final = "cpu"
# The built-in sizes of batches are right for a CPU, and nobody waits for measurements.
_UNTUNED: Final = Setting("inference.tuning", "off", _ORIGIN)
_YEAR_S: Final = 365 * 24 * 3600.0
# What whoever reads files of their own wants otherwise than who serves strangers.
_DEFAULTS: Final = (
    Setting("log_level", "WARNING", _ORIGIN),
    Setting("limits.max_document_pages", 1_000_000, _ORIGIN),
    Setting("server.max_unread_s", _YEAR_S, _ORIGIN),
)


def embedded_config(
    pipeline: str | Mapping[str, object] | None, settings: Sequence[tuple[str, Any]]
) -> ServerConfig:
    """The configuration of a server for this program alone; the environment counts.

    `pipeline` is as `load_with_pipeline` takes it. Raises ConfigInvalid.
    """
    sources = ConfigSources(None, os.environ, settings, _DEFAULTS, "settings")
    if sources.config().inference.device == _CPU:
        sources = replace(sources, defaults=(*_DEFAULTS, _UNTUNED))
    loaded = load_with_pipeline(pipeline, sources)
    loaded.log()
    return loaded.config


class EmbeddedServer:
    """Serves from `start` to `stop`. Its thread holds up no program that ends.

    `target` is where clients find it, once it serves.
    """

    def __init__(self, config: ServerConfig) -> None:
        self.target = ""
        self._config = config
        self._thread = threading.Thread(target=self._run, name="inkstream server", daemon=True)
        self._is_settled = threading.Event()
        self._failure: BaseException | None = None
        self._stopping = Stopping()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_unwanted = False
        self._remove_folder: Callable[[], object] = _nothing

    @property
    def max_message_bytes(self) -> int:
        return self._config.server.max_message_bytes

    def start(self) -> None:
        """Return once it serves. Raises OcrError where it cannot."""
        folder = _socket_folder()
        # At the latest when the program ends: it need not have stopped this.
        self._remove_folder = weakref.finalize(self, _remove, folder, os.getpid())
        self.target = f"{UNIX}{folder / _SOCKET}"
        self._thread.start()
        try:
            self._is_settled.wait()
        except BaseException:  # someone lost patience
            self.stop()
            raise
        if self._failure is not None:
            self.stop()
            raise self._failure

    def stop(self) -> None:
        """Cancel what is being read and end the workers; return once they are gone.

        It may be called again, and where nothing was started.
        """
        self._is_unwanted = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it is closed: the server has ended by itself
                self._loop.call_soon_threadsafe(self._stopping.ask)
        if self._thread.ident is not None:
            self._thread.join()
        self._remove_folder()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - the thread's boundary: raised by `start`
            if self._is_settled.is_set():
                _log.error("the embedded server ended: %s", error)
            self._failure = error
        finally:
            self._is_settled.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        if self._is_unwanted:
            return
        front = self._config.server.model_copy(
            update={
                "host": self.target,
                "http_port": None,
                "drain_announce_s": 0.0,
                "drain_grace_s": 0.0,
            }
        )
        # Nobody but this user reaches the socket, whatever a server beside this one is set up with.
        config = self._config.model_copy(
            update={"server": front, "tls": TlsConfig(), "auth": AuthConfig()}
        )
        await serve_until(self._stopping, config, self._is_settled.set)


def _nothing() -> None:
    """There is no folder yet."""


def _socket_folder() -> Path:
    """A folder that only this user may enter, of a path short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="inkstream-"))
    if len(os.fsencode(folder / _SOCKET)) <= _MAX_PATH_BYTES:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="inkstream-", dir="/tmp"))


def _remove(folder: Path, owner: int) -> None:
    """A process that was forked off ends too, and must leave it to the one that made it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
