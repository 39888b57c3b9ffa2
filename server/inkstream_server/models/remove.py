"""Takes pulled models out of a store. What a pull did not put there stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from inkstream_server.errors import ModelMissing, PullFailed
from inkstream_server.models.embedded import is_embedded
from inkstream_server.models.lock import is_pulled
from inkstream_server.models.staging import put_away, sole_writer, staging_folder
from inkstream_server.models.store import ModelStore

_WAIT_S: Final = 10.0


def remove(
    store: ModelStore, names: Sequence[str], *, report: Callable[[str], None] = lambda line: None
) -> None:
    """All of them or none: ModelMissing, ModelUnknown, or PullFailed for what is no pull's.

    A server that has loaded one keeps it until it ends.
    """
    for name in names:
        _check_pulled(store, name)
    try:
        with (
            sole_writer(store.root, wait_s=_WAIT_S, on_wait=lambda: report("waiting for a pull")),
            staging_folder(store.root) as folder,
        ):
            for name in dict.fromkeys(names):
                put_away(store.directory(name), folder)
                report(f"removed {name}")
    except OSError as error:
        raise PullFailed(f"removing from {store.root} failed: {error}") from error


def _check_pulled(store: ModelStore, name: str) -> None:
    directory = store.directory(name)
    if not directory.is_dir():
        raise ModelMissing(f"no model {name} in {store.root}", model=name)
    if is_embedded(directory):
        raise PullFailed(f"{name} comes with the package and stays", model=name)
    if not is_pulled(directory):
        raise PullFailed(f"{directory} was put there by hand and is left alone", model=name)
