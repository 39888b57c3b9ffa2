"""`create_pipeline`, as PaddleX's users type it: reads in this process, or with a server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from inkstream.access import Access, Tls

if TYPE_CHECKING:
    from inkstream.paddlex.pipeline import OcrPipeline

_INSTALL_REMOTE: Final = "pip install '.[paddlex]' in a clone"


def create_pipeline(  # noqa: PLR0913 - PaddleX's own arguments
    pipeline: str | os.PathLike[str] | None = None,
    *,
    config: Mapping[str, object] | None = None,
    device: str | None = None,
    engine: str | None = None,
    server: str | None = None,
    tls: Tls | bool = False,
    token: str = "",
    allow_plaintext_token: bool = False,
    settings: Mapping[str, object] | None = None,
    engine_config: object = None,
    pp_option: object = None,
    use_hpip: object = None,
    hpi_config: object = None,
) -> OcrPipeline:
    """A pipeline that reads images and documents; to be closed, or used with `with`.

    `pipeline` is "OCR", or the path of an OCR.yaml; `config` is such a file's contents. With
    `server`, a HOST:PORT, that server reads, and what it reads with is its own business: the other
    arguments cannot be given, but for `tls`, `token` and `allow_plaintext_token`, which are as for
    `Client`. Without, this process does, with workers of its own, which
    needs the server's packages; it returns once the models are loaded.

    `device` and `engine` are as for `inkstream serve`; `settings` are any other keys of its
    configuration, such as {"models.dir": "/models"}. What is left of PaddleX's arguments has no
    effect, and a warning says so.

    Raises what is wrong: ValueError for arguments, and for what INKSTREAM_* variables say in their
    place; and of the server's own errors such as that of a model that is not pulled.
    """
    try:
        from inkstream.paddlex.pipeline import OcrPipeline, PipelineWishes
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"create_pipeline needs {error.name}: {_INSTALL_REMOTE}", name=error.name
        ) from error
    ignored = {
        "engine_config": engine_config,
        "pp_option": pp_option,
        "use_hpip": use_hpip,
        "hpi_config": hpi_config,
    }
    wishes = PipelineWishes(
        pipeline=_named(pipeline) if config is None else config,
        device=device,
        engine=engine,
        settings=settings or {},
        without_effect=tuple(name for name, value in ignored.items() if value is not None),
    )
    return OcrPipeline.open(wishes, server, Access(tls, token, allow_plaintext_token))


def _named(pipeline: str | os.PathLike[str] | None) -> str | None:
    return None if pipeline is None else os.fspath(pipeline)
