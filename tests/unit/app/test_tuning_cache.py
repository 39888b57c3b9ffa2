from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.app.models import PLAN, model

from inkstream_server.app.tuning import tuning_key
from inkstream_server.app.tuning_cache import (
    TunedModel,
    TuningCache,
    TuningKey,
    default_tuning_dir,
)
from inkstream_server.models.files import Module
from inkstream_server.scheduling.cost_table import Measurement

KEY = TuningKey(
    model="rec",
    model_sha256="0" * 64,
    engine="openvino",
    engine_version="2026.1",
    device="cpu",
    processor="A Fine One",
    cores=2,
    precision="auto",
    threads=1,
    model_workers=2,
)
TUNED = TunedModel(
    "bf16", (Measurement("rec", (320,), 1, 0.005, 0.004), Measurement("rec", (640,), 2, 0.02, 0.01))
)


@pytest.fixture
def cache(tmp_path: Path) -> TuningCache:
    return TuningCache(tmp_path / "not" / "there" / "yet")


def test_what_is_kept_is_read_back(cache: TuningCache) -> None:
    cache.write(KEY, TUNED)

    assert cache.read(KEY) == TUNED


def test_what_is_written_takes_the_place_of_what_was_there(cache: TuningCache) -> None:
    newer = TunedModel("bf16", TUNED.measurements[:1])
    cache.write(KEY, TUNED)
    cache.write(KEY, newer)

    assert cache.read(KEY) == newer
    assert [path.name for path in cache.folder.iterdir()] == [KEY.file_name]


@pytest.mark.parametrize(
    "other",
    [
        {"model": "det"},
        {"model_sha256": "1" * 64},
        {"engine": "paddle"},
        {"engine_version": "2026.2"},
        {"device": "gpu:0"},
        {"processor": "Another"},
        {"cores": 4},
        {"precision": "fp32"},
        {"threads": 2},
        {"model_workers": 1},
    ],
)
def test_times_of_other_circumstances_are_not_taken(
    cache: TuningCache, other: dict[str, object]
) -> None:
    cache.write(KEY, TUNED)

    assert cache.read(replace(KEY, **other)) is None  # type: ignore[arg-type] # a test's own


def test_a_file_under_the_wrong_name_is_not_taken(
    cache: TuningCache, caplog: pytest.LogCaptureFixture
) -> None:
    other = replace(KEY, cores=4)
    cache.write(KEY, TUNED)
    (cache.folder / KEY.file_name).rename(cache.folder / other.file_name)

    assert cache.read(other) is None
    assert "for another model" in caplog.text


def test_where_nothing_is_kept_nothing_is_said(
    cache: TuningCache, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    assert cache.read(KEY) is None
    assert not caplog.messages


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"format": 0}',
    ],
)
def test_a_damaged_file_is_told_and_not_taken(
    cache: TuningCache, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    cache.write(KEY, TUNED)
    (cache.folder / KEY.file_name).write_bytes(content)

    assert cache.read(KEY) is None
    assert KEY.file_name in caplog.text


@pytest.mark.parametrize("measurements", [[], [{"model": "rec"}], None])
def test_a_file_with_other_measurements_is_not_taken(
    cache: TuningCache, measurements: object
) -> None:
    cache.write(KEY, TUNED)
    path = cache.folder / KEY.file_name
    tree = json.loads(path.read_bytes())
    path.write_text(json.dumps(tree | {"measurements": measurements}))

    assert cache.read(KEY) is None


def test_a_folder_that_cannot_be_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(OSError, match="file"):
        TuningCache(tmp_path / "file").write(KEY, TUNED)


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(cache: TuningCache) -> None:
    (cache.folder / KEY.file_name / "in the way").mkdir(parents=True)

    with pytest.raises(OSError, match="rec"):
        cache.write(KEY, TUNED)

    assert [path.name for path in cache.folder.iterdir()] == [KEY.file_name]


def test_the_files_lie_beside_the_models() -> None:
    environ = {"XDG_CACHE_HOME": "/var/cache/me"}

    assert default_tuning_dir(environ) == Path("/var/cache/me/inkstream/tuning")


def test_the_key_says_what_the_times_depend_on() -> None:
    key = tuning_key(model(Module.TEXT_RECOGNITION), PLAN.workers)

    assert (key.model, key.engine, key.device, key.precision) == ("rec", "fake", "cpu", "auto")
    assert (key.cores, key.threads, key.model_workers) == (2, 1, 2)
    assert key.file_name.startswith("rec-")


@pytest.mark.parametrize("name", ["../escaped", "a/b", "/absolute", "模型", "x" * 300])
def test_whatever_a_model_is_called_its_file_lies_in_the_folder(tmp_path: Path, name: str) -> None:
    cache = TuningCache(tmp_path / "tuning")
    key = replace(KEY, model=name)
    tuned = TunedModel("bf16", (Measurement(name, (320,), 1, 0.005, 0.004),))

    cache.write(key, tuned)

    assert cache.read(key) == tuned
    assert [path.parent for path in tmp_path.rglob("*.json")] == [cache.folder]
