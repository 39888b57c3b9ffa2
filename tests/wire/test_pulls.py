"""Whole pulls from a server of official archives: what is trusted, held against, left alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.archive_server import ArchiveServer, archive_server, cut, tar_of, whole
from tests.official_archives import DETECTOR, OFFICIAL, RECOGNISER, archive_of, model_files

from inkstream_server.errors import (
    ModelArchiveRefused,
    ModelChanged,
    ModelMissing,
    OcrError,
    PullFailed,
)
from inkstream_server.models.directory import read_model_directory
from inkstream_server.models.download import DownloadLimits
from inkstream_server.models.entry import ArchiveSource, Catalogue, Member
from inkstream_server.models.fetch import from_network, from_path
from inkstream_server.models.files import Module
from inkstream_server.models.fingerprint import Fingerprint
from inkstream_server.models.http_get import Address
from inkstream_server.models.lock import ModelLock, Trust
from inkstream_server.models.pull import pull
from inkstream_server.models.remove import remove
from inkstream_server.models.store import ModelStore
from inkstream_server.models.verify import verify

ARCHIVE = archive_of(DETECTOR)
CHANGED = archive_of(DETECTOR, weights=b"WEIGHTS" * 9000)
ONCE = DownloadLimits(max_resumptions=0, keep_every_bytes=1000)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def server() -> Iterator[ArchiveServer]:
    with archive_server() as server:
        server.serve("a_det_infer.tar", whole(ARCHIVE))
        server.serve("a_rec_infer.tar", whole(archive_of(RECOGNISER)))
        yield server


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def pull_all(
    server: ArchiveServer,
    store: ModelStore,
    *names: str,
    catalogue: Catalogue = OFFICIAL,
    sha256: str = "",
) -> list[str]:
    """What was told."""
    told: list[str] = []
    fetch = from_network(Address.parse(server.url), store.partials, limits=ONCE)
    chosen = names or ("a_det",)
    pull(store, chosen, fetch=fetch, catalogue=catalogue, sha256=sha256, report=told.append)
    return told


def lock_of(store: ModelStore, name: str = "a_det") -> ModelLock:
    lock = ModelLock.read(store.directory(name))
    assert lock is not None
    return lock


def damage(store: ModelStore, name: str = "inference.pdiparams") -> None:
    (store.directory("a_det") / name).write_bytes(b"damaged")


def left_over(store: ModelStore) -> list[str]:
    names = [str(path.relative_to(store.root)) for path in store.root.rglob("*") if path.is_file()]
    return sorted(name for name in names if name != ".pull.lock")


def test_models_come_from_the_server_and_can_be_read(
    server: ArchiveServer, store: ModelStore
) -> None:
    pull_all(server, store, "a_det", "a_rec")

    recogniser = read_model_directory(store.directory("a_rec"))
    assert recogniser.module is Module.TEXT_RECOGNITION and recogniser.characters == ("a", "b")
    assert read_model_directory(store.directory("a_det")).name == "a_det"
    assert verify(store, "a_det", OFFICIAL) == []
    files = ("inference.json", "inference.pdiparams", "inference.yml", "inkstream.lock.json")
    assert left_over(store) == [f"{name}/{file}" for name in ("a_det", "a_rec") for file in files]


def test_the_first_pull_says_that_nobody_vouches_and_records_what_it_found(
    server: ArchiveServer, store: ModelStore
) -> None:
    told = pull_all(server, store)

    (notice,) = [line for line in told if "trusted on first use" in line]
    assert sha256(ARCHIVE) in notice
    lock = lock_of(store)
    assert lock.trust is Trust.FIRST_USE and lock.source_sha256 == sha256(ARCHIVE)
    assert lock.source == f"{server.url}/a_det_infer.tar"


def test_a_whole_model_is_not_fetched_again(server: ArchiveServer, store: ModelStore) -> None:
    pull_all(server, store)
    server.serve("a_det_infer.tar", whole(CHANGED))

    assert pull_all(server, store) == []

    assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["inference.pdiparams", "inference.yml"])
def test_a_damaged_model_is_replaced_by_what_it_was(
    server: ArchiveServer, store: ModelStore, name: str
) -> None:
    pull_all(server, store)
    before = lock_of(store)
    damage(store, name)

    told = pull_all(server, store)

    assert verify(store, "a_det", OFFICIAL) == []
    assert lock_of(store) == before and not any("first use" in line for line in told)


def test_a_damaged_model_is_not_replaced_by_another_one(
    server: ArchiveServer, store: ModelStore
) -> None:
    pull_all(server, store)
    before = lock_of(store)
    damage(store)
    server.serve("a_det_infer.tar", whole(CHANGED))

    with pytest.raises(ModelChanged, match=r"inference\.pdiparams differ.*models remove a_det"):
        pull_all(server, store)

    assert lock_of(store) == before
    assert (store.directory("a_det") / "inference.pdiparams").read_bytes() == b"damaged"


def test_the_same_files_in_another_archive_are_the_same_model(
    server: ArchiveServer, store: ModelStore
) -> None:
    pull_all(server, store)
    damage(store)
    server.serve("a_det_infer.tar", whole(tar_of(model_files(DETECTOR), "w:gz")))

    pull_all(server, store)

    assert verify(store, "a_det", OFFICIAL) == []


def test_another_one_is_taken_once_the_first_has_been_removed(
    server: ArchiveServer, store: ModelStore
) -> None:
    pull_all(server, store)
    remove(store, ["a_det"])
    server.serve("a_det_infer.tar", whole(CHANGED))

    told = pull_all(server, store)

    assert lock_of(store).source_sha256 == sha256(CHANGED)
    assert any("first use" in line for line in told)


def test_without_its_lock_file_a_model_is_trusted_anew_and_that_is_said(
    server: ArchiveServer, store: ModelStore
) -> None:
    pull_all(server, store)
    damage(store, "inkstream.lock.json")

    told = pull_all(server, store)

    assert any("first use" in line for line in told)
    assert verify(store, "a_det", OFFICIAL) == []


def test_a_hash_that_the_operator_names_is_trusted(
    server: ArchiveServer, store: ModelStore
) -> None:
    told = pull_all(server, store, sha256=sha256(ARCHIVE))

    assert lock_of(store).trust is Trust.OPERATOR
    assert not any("first use" in line for line in told)


def test_an_archive_with_another_hash_than_the_operators_is_refused(
    server: ArchiveServer, store: ModelStore
) -> None:
    with pytest.raises(ModelArchiveRefused, match=f"its SHA-256 is {sha256(ARCHIVE)}"):
        pull_all(server, store, sha256=sha256(CHANGED))

    assert left_over(store) == []


def test_a_folder_cannot_have_the_operators_hash(store: ModelStore, tmp_path: Path) -> None:
    folder = tmp_path / "a_det"
    folder.mkdir()
    for name, content in model_files(DETECTOR).items():
        (folder / name).write_bytes(content)

    with pytest.raises(ModelArchiveRefused, match="it is a folder"):
        pull(store, ["a_det"], fetch=from_path(folder), catalogue=OFFICIAL, sha256=sha256(ARCHIVE))

    assert left_over(store) == []


def test_a_model_that_is_here_already_must_have_the_operators_hash_too(
    server: ArchiveServer, store: ModelStore
) -> None:
    pull_all(server, store)

    with pytest.raises(ModelChanged, match=sha256(CHANGED)):
        pull_all(server, store, sha256=sha256(CHANGED))

    assert pull_all(server, store, sha256=sha256(ARCHIVE)) == []


def test_a_hash_that_the_catalogue_knows_goes_before_everything(
    server: ArchiveServer, store: ModelStore
) -> None:
    known = replace(DETECTOR, source=ArchiveSource("a_det_infer.tar", sha256(ARCHIVE)))

    told = pull_all(server, store, catalogue=Catalogue((known,)))

    assert lock_of(store).trust is Trust.CATALOGUE
    assert not any("first use" in line for line in told)


def test_an_archive_with_another_hash_than_the_catalogues_is_refused(
    server: ArchiveServer, store: ModelStore
) -> None:
    known = replace(DETECTOR, source=ArchiveSource("a_det_infer.tar", sha256(CHANGED)))

    with pytest.raises(ModelArchiveRefused, match="the SHA-256 must be"):
        pull_all(server, store, catalogue=Catalogue((known,)))

    assert left_over(store) == []


def test_a_file_whose_hash_the_catalogue_knows_must_have_it(
    server: ArchiveServer, store: ModelStore
) -> None:
    weights = Member("inference.pdiparams", Fingerprint(sha256(b"other"), 5))
    known = replace(DETECTOR, files=(weights,))

    with pytest.raises(ModelArchiveRefused, match=r"another a_det than the catalogue's"):
        pull_all(server, store, catalogue=Catalogue((known,)))

    assert left_over(store) == []


@pytest.mark.parametrize(
    ("archive", "says"),
    [
        (archive_of(RECOGNISER), "holds the model a_rec, not a_det"),
        (
            tar_of(
                {**model_files(DETECTOR), "inference.yml": b"PostProcess: {name: CTCLabelDecode}"}
            ),
            "holds a model for text_recognition; a_det is one for text_detection",
        ),
        (
            tar_of({**model_files(DETECTOR), "inference.yml": b"PostProcess: ["}),
            r"no whole model: inference\.yml cannot be understood",
        ),
        (
            tar_of({**model_files(DETECTOR), "inference.pdiparams": b""}),
            r"no whole model: inference\.pdiparams is empty$",
        ),
        (
            tar_of({"inference.yml": model_files(DETECTOR)["inference.yml"]}),
            "no whole model: it has neither",
        ),
        (tar_of({**model_files(DETECTOR), "../evil": b"evil"}), "lies outside itself"),
        (ARCHIVE[:30_000], "no whole archive"),
        (b"<html>", "no whole archive"),
    ],
)
def test_an_archive_that_is_not_the_model_is_refused_and_leaves_nothing(
    server: ArchiveServer, store: ModelStore, archive: bytes, says: str
) -> None:
    server.serve("a_det_infer.tar", whole(archive))

    with pytest.raises(ModelArchiveRefused, match=says) as caught:
        pull_all(server, store)

    assert caught.value.message.startswith(f"{server.url}/a_det_infer.tar ")
    assert left_over(store) == []


def test_a_model_in_another_format_calls_itself_as_ever(
    server: ArchiveServer, store: ModelStore
) -> None:
    entry = replace(
        DETECTOR, name="a_det_onnx", source=ArchiveSource("a_det_onnx_infer.tar"), own_name="a_det"
    )
    description = model_files(DETECTOR)["inference.yml"]
    files = {"inference.onnx": b"graph", "inference.yml": description}
    server.serve("a_det_onnx_infer.tar", whole(tar_of(files)))

    pull_all(server, store, "a_det_onnx", catalogue=Catalogue((entry,)))

    model = read_model_directory(store.directory("a_det_onnx"))
    assert model.name == "a_det" and model.graph.name == "inference.onnx"


def test_a_recogniser_without_a_dictionary_is_refused(
    server: ArchiveServer, store: ModelStore
) -> None:
    files = {**model_files(RECOGNISER), "inference.yml": b"Global: {model_name: a_rec}"}
    server.serve("a_rec_infer.tar", whole(tar_of(files)))

    with pytest.raises(ModelArchiveRefused, match="no dictionary"):
        pull_all(server, store, "a_rec")


def test_models_pulled_before_one_that_fails_stay(server: ArchiveServer, store: ModelStore) -> None:
    server.answers.pop("/a_rec_infer.tar")

    with pytest.raises(PullFailed, match="404"):
        pull_all(server, store, "a_det", "a_rec")

    assert verify(store, "a_det", OFFICIAL) == []


def test_what_broke_off_goes_on_and_is_no_model_meanwhile(
    server: ArchiveServer, store: ModelStore
) -> None:
    server.serve("a_det_infer.tar", cut(ARCHIVE, 20_000), whole(ARCHIVE))
    with pytest.raises(PullFailed, match="are kept"):
        pull_all(server, store)
    assert store.names() == () and left_over(store) != []

    pull_all(server, store)

    assert server.ranges == [None, "bytes=20000-"]
    assert verify(store, "a_det", OFFICIAL) == []
    assert not any(name.startswith(".partial") for name in left_over(store))


def test_what_was_pulled_can_be_carried_to_another_machine(
    server: ArchiveServer, store: ModelStore, tmp_path: Path
) -> None:
    pull_all(server, store, "a_det", "a_rec")
    elsewhere = ModelStore(tmp_path / "elsewhere")

    pull(elsewhere, ["a_det", "a_rec"], fetch=from_path(store.root), catalogue=OFFICIAL)

    assert lock_of(elsewhere).files == lock_of(store).files
    assert lock_of(elsewhere).source == str(store.directory("a_det"))


def test_a_folder_of_links_is_followed(store: ModelStore, tmp_path: Path) -> None:
    """Other tools keep a model's files by their hashes, and a folder of links to them."""
    folder = tmp_path / "snapshot"
    folder.mkdir()
    for name, content in model_files(DETECTOR).items():
        (tmp_path / f"blob-{name}").write_bytes(content)
        (folder / name).symlink_to(tmp_path / f"blob-{name}")

    pull(store, ["a_det"], fetch=from_path(folder), catalogue=OFFICIAL)

    assert verify(store, "a_det", OFFICIAL) == []
    assert not any(path.is_symlink() for path in store.directory("a_det").iterdir())
    assert lock_of(store).source_sha256 == ""


def test_what_was_changed_on_its_way_to_another_machine_is_refused(
    server: ArchiveServer, store: ModelStore, tmp_path: Path
) -> None:
    pull_all(server, store)
    damage(store)

    with pytest.raises(ModelArchiveRefused, match="not what its own lock file says"):
        pull(
            ModelStore(tmp_path / "elsewhere"),
            ["a_det"],
            fetch=from_path(store.directory("a_det")),
            catalogue=OFFICIAL,
        )


def test_a_model_that_no_pull_put_there_is_not_removed(store: ModelStore) -> None:
    own = store.directory("own")
    own.mkdir(parents=True)
    (own / "inference.json").write_bytes(b"mine")

    with pytest.raises(PullFailed, match="left alone"):
        remove(store, ["own"])
    with pytest.raises(ModelMissing):
        remove(store, ["none"])

    assert (own / "inference.json").exists()


def test_of_several_to_be_removed_all_must_be_there(
    server: ArchiveServer, store: ModelStore
) -> None:
    pull_all(server, store)

    with pytest.raises(OcrError):
        remove(store, ["a_det", "none"])
    assert store.names() == ("a_det",)

    remove(store, ["a_det", "a_det"])
    assert left_over(store) == []


def test_the_lock_file_tells_everything_in_json(server: ArchiveServer, store: ModelStore) -> None:
    pull_all(server, store)

    tree = json.loads((store.directory("a_det") / "inkstream.lock.json").read_text())

    assert tree["model"] == "a_det" and tree["trust"] == "first use"
    assert tree["source"] == {
        "from": f"{server.url}/a_det_infer.tar",
        "sha256": sha256(ARCHIVE),
    }
    assert tree["files"]["inference.json"] == {
        "sha256": sha256(b"graph" * 100),
        "size_bytes": 500,
    }
