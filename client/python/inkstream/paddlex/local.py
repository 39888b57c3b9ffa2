"""Starts a server inside this process for a pipeline that has none. Imports it only then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from inkstream_server.app.embedded import EmbeddedServer

_INSTALL: Final = "pip install '.[server,openvino]' in a clone"


def start_local_server(
    pipeline: str | Mapping[str, object], settings: Sequence[tuple[str, object]]
) -> EmbeddedServer:
    """Returns once it serves.

    Raises ValueError for arguments that cannot be, in the server's words, OcrError for anything
    else it lacks, and ModuleNotFoundError where it is not installed.
    """
    try:
        from inkstream_server.app.embedded import EmbeddedServer, embedded_config
        from inkstream_server.config import ConfigInvalid
        from inkstream_server.engines.faults import DeviceUnknown, EngineUnknown
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"reading in this process needs {error.name}: {_INSTALL}; or pass server='HOST:PORT'",
            name=error.name,
        ) from error
    try:
        server = EmbeddedServer(embedded_config(pipeline, settings))
        server.start()
    except (ConfigInvalid, DeviceUnknown, EngineUnknown) as error:
        raise ValueError(error.message) from error
    return server
