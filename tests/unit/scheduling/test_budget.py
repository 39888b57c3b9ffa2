from __future__ import annotations

import pytest

from inkstream_server.scheduling.budget import Budget


def test_what_is_there_can_be_taken_and_no_more() -> None:
    budget = Budget(10)

    assert budget.take(6)
    assert not budget.take(5)
    assert budget.take(4)
    assert budget.taken == 10


def test_what_is_given_back_can_be_taken_again() -> None:
    budget = Budget(10)
    budget.take(10)

    budget.give_back(3)

    assert budget.take(3)
    assert not budget.take(1)


def test_nobody_gives_back_what_was_not_taken() -> None:
    budget = Budget(10)
    budget.take(2)

    with pytest.raises(AssertionError):
        budget.give_back(3)
