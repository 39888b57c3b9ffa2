from __future__ import annotations

import itertools
from collections import Counter

import pytest

from inkstream.load.mix import File, Source, draws, parse_weight


def source(name: str, weight: float, file_count: int = 1) -> Source:
    files = (File(f"{name}{n}", b"content", is_document=False) for n in range(file_count))
    return Source(name, weight, tuple(files))


def drawn(*sources: Source, seed: int = 1, count: int = 10_000) -> list[str]:
    return [draw.file.name for draw in itertools.islice(draws(sources, seed), count)]


def test_sources_are_sent_by_their_weights() -> None:
    counts = Counter(drawn(source("a", 9), source("b", 1)))

    assert counts["a0"] == pytest.approx(9000, rel=0.02)


def test_the_files_of_a_folder_share_its_weight() -> None:
    counts = Counter(drawn(source("folder", 1, file_count=4), source("file", 1)))

    assert counts["file0"] == pytest.approx(5000, rel=0.04)
    assert counts["folder3"] == pytest.approx(1250, rel=0.1)


def test_a_draw_tells_the_source_of_its_file() -> None:
    sources = [source("a", 1, file_count=2), source("b", 1)]

    numbers = {(draw.source, draw.file.name) for draw in itertools.islice(draws(sources, 1), 99)}

    assert numbers == {(0, "a0"), (0, "a1"), (1, "b0")}


def test_a_seed_repeats_a_mix_and_another_one_does_not() -> None:
    sources = [source("a", 1), source("b", 1)]

    assert drawn(*sources, seed=7) == drawn(*sources, seed=7)
    assert drawn(*sources, seed=7) != drawn(*sources, seed=8)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "", "often"])
def test_a_weight_is_a_number_above_0(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_weight(text)


def test_a_weight_need_not_be_whole() -> None:
    assert parse_weight("0.5") == 0.5
