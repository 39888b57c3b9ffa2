"""Every kind of error that the package has."""

from __future__ import annotations

import importlib
import pkgutil

import inkstream_server
from inkstream_server.errors import OcrError


def every_error() -> list[type[OcrError]]:
    """Every subclass of OcrError, by name, wherever in the package it is declared."""
    for module in pkgutil.walk_packages(inkstream_server.__path__, "inkstream_server."):
        importlib.import_module(module.name)
    kinds = (kind for kind in _below(OcrError) if kind.__module__.startswith("inkstream_server."))
    return sorted(kinds, key=lambda kind: kind.__name__)


def _below(kind: type[OcrError]) -> set[type[OcrError]]:
    own = set(kind.__subclasses__())
    return own.union(*(_below(each) for each in own))
