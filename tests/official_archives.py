"""Archives as the official models come in, with invented content."""

from __future__ import annotations

from tests.archive_server import tar_of

from inkstream_server.models.entry import ArchiveSource, Catalogue, CatalogueEntry
from inkstream_server.models.files import Module

DETECTOR = CatalogueEntry("a_det", Module.TEXT_DETECTION, ArchiveSource("a_det_infer.tar"))
RECOGNISER = CatalogueEntry("a_rec", Module.TEXT_RECOGNITION, ArchiveSource("a_rec_infer.tar"))
OFFICIAL = Catalogue((DETECTOR, RECOGNISER))

_POST_PROCESS = {
    Module.TEXT_DETECTION: "{name: DBPostProcess}",
    Module.TEXT_RECOGNITION: "{name: CTCLabelDecode, character_dict: [a, b]}",
}


def model_files(entry: CatalogueEntry, weights: bytes = b"weights" * 9000) -> dict[str, bytes]:
    description = (
        f"Global: {{model_name: {entry.name}}}\nPostProcess: {_POST_PROCESS[entry.module]}\n"
    )
    return {
        "inference.json": b"graph" * 100,
        "inference.pdiparams": weights,
        "inference.yml": description.encode(),
    }


def archive_of(entry: CatalogueEntry, weights: bytes = b"weights" * 9000) -> bytes:
    files = model_files(entry, weights)
    return tar_of({f"{entry.name}_infer/{name}": content for name, content in files.items()})
