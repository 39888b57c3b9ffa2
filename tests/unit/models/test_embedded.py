from __future__ import annotations

import shutil
from pathlib import Path

from inkstream_server.models.directory import read_model_directory
from inkstream_server.models.embedded import EMBEDDED, MODULES
from inkstream_server.models.lock import repair
from inkstream_server.models.store import ModelStore
from inkstream_server.models.verify import State, state_of, verify


def test_an_embedded_model_is_found_by_name_without_a_pull(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "none")

    for name, module in MODULES.items():
        files = read_model_directory(store.directory(name), module)
        assert (files.name, files.module) == (name, module)
        assert state_of(store, name) is State.READY
        assert verify(store, name) == []
    assert store.names() == ()


def test_a_model_of_the_same_name_in_the_folder_goes_before_it(tmp_path: Path) -> None:
    (name,) = MODULES
    shutil.copytree(EMBEDDED / name, tmp_path / name)

    assert ModelStore(tmp_path).directory(name) == tmp_path / name


def test_what_came_with_the_package_is_not_repaired_by_a_pull() -> None:
    (name,) = MODULES

    assert "install inkstream again" in repair(EMBEDDED / name)


def test_embedded_models_are_small_enough_for_a_package() -> None:
    for name in MODULES:
        assert sum(file.stat().st_size for file in (EMBEDDED / name).iterdir()) < 2_000_000
