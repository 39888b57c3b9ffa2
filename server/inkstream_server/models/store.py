"""Where models lie on disk: one directory a model. Neither fetches nor judges them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inkstream_server.errors import ModelUnknown
from inkstream_server.models.embedded import embedded_directory
from inkstream_server.models.files import GRAPHS
from inkstream_server.models.lock import LOCK


def is_model_name(name: str) -> bool:
    """Whether a model may be called so: names are parts of paths, of logs and of metrics."""
    return name.isprintable() and "/" not in name and not name.startswith(".") and name != ""


def default_models_dir(environ: Mapping[str, str]) -> Path:
    """INKSTREAM_MODELS_DIR, else a folder in `cache_dir`."""
    chosen = environ.get("INKSTREAM_MODELS_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return cache_dir(environ) / "models"


def cache_dir(environ: Mapping[str, str]) -> Path:
    """Inkstream's own folder among the user's caches, by the XDG specification."""
    cache = Path(environ.get("XDG_CACHE_HOME", ""))
    if not cache.is_absolute():  # the specification: a relative one is ignored
        cache = Path("~/.cache").expanduser()
    return cache / "inkstream"


@dataclass(frozen=True, slots=True)
class ModelStore:
    """A folder of model directories. It need not exist yet. Hidden names are the store's own."""

    root: Path

    def directory(self, name: str) -> Path:
        """Where the model lies or would lie; ModelUnknown for what cannot be a model's name.

        A model in the folder goes before one of its name that comes with the package.
        """
        if not is_model_name(name):
            raise ModelUnknown(f"{name!r} is no model name", model=name)
        own = self.root / name
        embedded = embedded_directory(name)
        return own if embedded is None or own.is_dir() else embedded

    @property
    def partials(self) -> Path:
        """For downloads that are not whole yet."""
        return self.root / ".partial"

    def names(self) -> tuple[str, ...]:
        """Every model in the folder, pulled or put there by hand, whole or damaged, sorted."""
        if not self.root.is_dir():
            return ()
        return tuple(sorted(path.name for path in self.root.iterdir() if _is_model(path)))


def _is_model(path: Path) -> bool:
    if path.name.startswith("."):
        return False
    return any((path / file).exists() for file in (LOCK, *GRAPHS))
