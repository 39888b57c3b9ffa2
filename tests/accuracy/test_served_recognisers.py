"""Two real recognisers on one server: each reads with its own dictionary, whoever reads beside."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest
import yaml
from tests.accuracy.golden import RECOGNISER, needs_models
from tests.reference_data import needs_reference_data, reference_file

from inkstream import Client, InkstreamError
from served import running_server

pytestmark = [pytest.mark.models, needs_models, needs_reference_data]

# All with small letters, which tell the two dictionaries apart.
PICTURES: Final = ("rapidocr__en.jpg", "mmocr__demo_kie.jpeg", "tesseract__eurotext.tif")
OWN: Final = RECOGNISER.name
OTHER: Final = "capitals_rec"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    other = tmp_path_factory.mktemp("models") / "anything"
    _write_capitals(other)
    with (
        running_server(
            "--tuning=off", "--precision=fp32", f"--set=models.text_recognition=[{OWN}, {other}]"
        ) as server,
        Client(server.target, timeout_s=300) as client,
    ):
        yield client


def _write_capitals(folder: Path) -> None:
    """A copy of the recogniser whose dictionary says A where the original's says a."""
    folder.mkdir()
    for file in ("inference.pdmodel", "inference.pdiparams"):
        shutil.copy(RECOGNISER / file, folder)
    tree = yaml.safe_load((RECOGNISER / "inference.yml").read_text(encoding="utf-8"))
    characters = tree["PostProcess"]["character_dict"]
    tree["PostProcess"]["character_dict"] = [_capital(character) for character in characters]
    tree["Global"]["model_name"] = OTHER
    (folder / "inference.yml").write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")


def _capital(text: str) -> str:
    return "".join(letter.upper() if letter.isascii() else letter for letter in text)


def read(client: Client, job: tuple[str, str]) -> list[str]:
    picture, model = job
    page = client.recognize(
        reference_file(f"data/images/{picture}"),
        text_rec_model=model,
        use_doc_orientation_classify=False,
    )
    assert page.settings is not None
    assert page.settings.text_rec_model == model
    return [line.text for line in page.lines]


def test_the_servers_list_has_both(client: Client) -> None:
    told = {model.name: model for model in client.list_models()}

    assert (told[OWN].is_default, told[OTHER].is_default) == (True, False)
    assert told[OWN].character_count == told[OTHER].character_count


def test_each_reads_with_its_own_dictionary_though_both_read_at_once(client: Client) -> None:
    jobs = [(picture, model) for picture in PICTURES for model in (OWN, OTHER)] * 3

    with ThreadPoolExecutor(len(jobs)) as callers:
        texts = dict(zip(jobs, callers.map(lambda job: read(client, job), jobs), strict=True))

    for picture in PICTURES:
        own, other = texts[picture, OWN], texts[picture, OTHER]
        assert other == [_capital(text) for text in own]
        assert own != other, "the picture has small letters"


def test_one_that_is_not_served_is_refused_with_both_names(client: Client) -> None:
    with pytest.raises(InkstreamError) as refused:
        read(client, (PICTURES[0], "neither"))

    assert refused.value.reason == "MODEL_NOT_SERVED"
    assert refused.value.facts["served"] == f"{OWN}, {OTHER}"
