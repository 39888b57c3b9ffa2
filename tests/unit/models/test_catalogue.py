import re

import pytest

from inkstream_server.errors import ModelUnknown
from inkstream_server.models.catalogue import CATALOGUE
from inkstream_server.models.files import Module


def test_the_default_covers_detection_recognition_and_line_orientation() -> None:
    assert {entry.module for entry in CATALOGUE.defaults()} == {
        Module.TEXT_DETECTION,
        Module.TEXT_RECOGNITION,
        Module.TEXTLINE_ORIENTATION,
    }


def test_every_entry_is_complete() -> None:
    names = [entry.name for entry in CATALOGUE.entries]

    assert len(set(names)) == len(names)
    for entry in CATALOGUE.entries:
        files = [member.file_name for member in entry.files]
        assert "inference.pdiparams" in files
        assert {"inference.json", "inference.pdmodel"} & set(files)
        assert entry.description is not None or "inference.yml" in files
        hashes = [entry.source.sha256] + [member.fingerprint.sha256 for member in entry.files]
        assert all(re.fullmatch("[0-9a-f]{64}", sha256) for sha256 in hashes)


def test_an_unknown_name_comes_with_the_known_ones() -> None:
    with pytest.raises(ModelUnknown, match="PP-OCRv4_mobile_rec"):
        CATALOGUE.entry("PP-OCRv9_rec")
