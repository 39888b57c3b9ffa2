import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.document.page_ranges import PageRanges, parse_page_ranges
from inkstream_server.errors import InvalidField, TooManyPages


def select(text: str, page_count: int, max_pages: int = 1000) -> list[int]:
    return parse_page_ranges(text).select(page_count, max_pages=max_pages)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [1, 2, 3, 4, 5]),
        (" \t", [1, 2, 3, 4, 5]),
        ("2", [2]),
        ("2-4", [2, 3, 4]),
        ("4-", [4, 5]),
        (" 1 - 2 , 4 ", [1, 2, 4]),
        ("4,1-2,2,1", [1, 2, 4]),
        ("1-4,2-3,3-5", [1, 2, 3, 4, 5]),
        ("007", []),
    ],
)
def test_pages_come_in_order_and_once(text: str, expected: list[int]) -> None:
    assert select(text + ",1" if not expected else text, 5) == (expected or [1])


@pytest.mark.parametrize(
    "text",
    ["0", "0-2", "3-1", "-3", "-", "1--2", "1-2-3", "1,,2", ",", "a", "1 2", "1.5", "٣", "1;2"],
)
def test_what_is_no_page_range_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(InvalidField) as caught:
        parse_page_ranges(text)

    assert caught.value.facts["field"] == "pages.ranges"
    assert caught.value.facts["value"] == text


def test_a_range_is_cut_at_the_last_page() -> None:
    assert select("2-99", 3) == [2, 3]
    assert select("1,50", 3) == [1]


@pytest.mark.parametrize(("text", "shown"), [("4", "4"), ("4-5,9-", "4-5,9-")])
def test_a_selection_wholly_beyond_the_end_is_refused(text: str, shown: str) -> None:
    with pytest.raises(InvalidField, match="pages 1 to 3") as caught:
        select(text, 3)

    assert caught.value.facts["value"] == shown


def test_a_document_without_pages_selects_none() -> None:
    assert select("1-3", 0) == []


def test_absurd_numbers_cost_nothing() -> None:
    started = time.perf_counter()

    assert select("1-999999999999", 3) == [1, 2, 3]
    with pytest.raises(InvalidField):
        parse_page_ranges("1-" + "9" * 5000)
    with pytest.raises(InvalidField):
        parse_page_ranges("9" * 30)
    with pytest.raises(TooManyPages):
        select("1-", 10**15)

    assert time.perf_counter() - started < 0.5


def test_a_long_text_is_refused_and_not_echoed() -> None:
    with pytest.raises(InvalidField) as caught:
        parse_page_ranges("1," * 5000)

    assert len(caught.value.facts["value"]) == 64


def test_the_limit_counts_what_is_selected_not_what_the_document_has() -> None:
    assert select("3-4", 100, max_pages=2) == [3, 4]
    with pytest.raises(TooManyPages) as caught:
        select("", 100, max_pages=99)

    assert caught.value.facts["selected_pages"] == "100"


@given(
    spans=st.lists(st.tuples(st.integers(1, 30), st.none() | st.integers(0, 9)), max_size=6),
    page_count=st.integers(1, 20),
)
def test_a_selection_is_the_union_of_its_ranges(
    spans: list[tuple[int, int | None]], page_count: int
) -> None:
    ends = [(first, None if more is None else first + more) for first, more in spans]
    text = ",".join(f"{a}-" if b is None else f"{a}-{b}" for a, b in ends)
    expected = {
        page
        for a, b in ends or [(1, None)]
        for page in range(a, page_count + 1)
        if b is None or page <= b
    }

    ranges = parse_page_ranges(text)

    if expected:
        assert ranges.select(page_count, max_pages=100) == sorted(expected)
    else:
        with pytest.raises(InvalidField):
            ranges.select(page_count, max_pages=100)


def test_no_span_means_every_page() -> None:
    assert PageRanges().select(2, max_pages=5) == [1, 2]
