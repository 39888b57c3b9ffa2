from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.workers.free_list import ALIGNMENT_BYTES, FreeList, aligned

BLOCK = ALIGNMENT_BYTES


@pytest.mark.parametrize(
    ("size_bytes", "expected"), [(0, BLOCK), (1, BLOCK), (BLOCK, BLOCK), (BLOCK + 1, 2 * BLOCK)]
)
def test_a_block_takes_up_whole_pages_and_at_least_one(size_bytes: int, expected: int) -> None:
    assert aligned(size_bytes) == expected


def test_blocks_are_given_from_the_lowest_offset_up() -> None:
    free_list = FreeList(4 * BLOCK)

    assert [free_list.allocate(1), free_list.allocate(BLOCK + 1)] == [0, BLOCK]
    assert free_list.taken_bytes == 3 * BLOCK


def test_what_does_not_fit_is_not_given() -> None:
    free_list = FreeList(2 * BLOCK)
    free_list.allocate(1)

    assert free_list.allocate(BLOCK + 1) is None
    assert free_list.allocate(BLOCK) == BLOCK
    assert free_list.allocate(1) is None


def test_the_lowest_hole_that_is_large_enough_is_taken() -> None:
    free_list = FreeList(6 * BLOCK)
    small, _, large, _ = (free_list.allocate(size * BLOCK) for size in (1, 1, 2, 1))
    assert small is not None and large is not None
    free_list.free(small)
    free_list.free(large)

    assert free_list.allocate(2 * BLOCK) == large
    assert free_list.allocate(BLOCK) == small


def test_neighbouring_holes_become_one() -> None:
    free_list = FreeList(3 * BLOCK)
    offsets = [free_list.allocate(BLOCK) for _ in range(3)]

    for offset in (offsets[0], offsets[2], offsets[1]):
        assert offset is not None
        free_list.free(offset)

    assert free_list.allocate(3 * BLOCK) == 0


def test_what_is_less_than_a_page_at_the_end_is_not_used() -> None:
    free_list = FreeList(BLOCK + 17)

    assert free_list.size_bytes == BLOCK
    assert free_list.allocate(1) == 0
    assert free_list.allocate(1) is None


def test_a_range_without_a_page_holds_nothing() -> None:
    assert FreeList(BLOCK - 1).allocate(0) is None


def test_a_block_cannot_be_given_back_twice() -> None:
    free_list = FreeList(BLOCK)
    offset = free_list.allocate(1)
    assert offset is not None
    free_list.free(offset)

    with pytest.raises(KeyError):
        free_list.free(offset)


SIZE_BYTES = 16 * BLOCK
# A size is a block that is asked for; None is one, chosen by the number, that is given back.
STEPS = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(0, 6 * BLOCK)), st.integers(0, 100)), max_size=60
)


@given(steps=STEPS)
def test_blocks_never_overlap_and_everything_comes_back(
    steps: list[tuple[int | None, int]],
) -> None:
    free_list = FreeList(SIZE_BYTES)
    taken: dict[int, int] = {}
    for size, choice in steps:
        if size is not None:
            offset = free_list.allocate(size)
            if offset is None:
                assert max(gaps(taken)) < aligned(size)
            else:
                assert offset % ALIGNMENT_BYTES == 0
                taken[offset] = aligned(size)
        elif taken:
            offset = sorted(taken)[choice % len(taken)]
            free_list.free(offset)
            del taken[offset]
        assert all(gap >= 0 for gap in gaps(taken))
        assert free_list.taken_bytes == sum(taken.values())

    for offset in taken:
        free_list.free(offset)

    assert free_list.taken_bytes == 0
    assert free_list.allocate(SIZE_BYTES) == 0


def gaps(taken: dict[int, int]) -> list[int]:
    """What lies between neighbouring blocks, and before the first and after the last."""
    starts = [*sorted(taken), SIZE_BYTES]
    ends = [0, *(start + taken[start] for start in sorted(taken))]
    return [start - end for start, end in zip(starts, ends, strict=True)]
