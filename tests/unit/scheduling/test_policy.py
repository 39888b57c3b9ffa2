import pytest
from pydantic import ValidationError

from inkstream_server.scheduling.policy import BatchPolicy, BatchWishes


def test_by_default_nobody_waits_for_company() -> None:
    assert BatchPolicy().max_wait_s == 0.0


@pytest.mark.parametrize(
    "values",
    [
        {"max_count": 0},
        {"max_count": 4097},
        {"max_pixels": 0},
        {"max_wait_s": -0.1},
        {"max_wait_s": 10.1},
        {"max_waits": 1.0},
    ],
)
def test_a_policy_that_could_not_work_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        BatchPolicy.model_validate(values)


def test_a_policy_cannot_be_changed() -> None:
    policy = BatchPolicy()

    with pytest.raises(ValidationError):
        policy.max_count = 2  # type: ignore[misc] # that is what is tried


@pytest.mark.parametrize(
    ("waiting", "together"), [(1, 1), (2, 2), (3, 2), (4, 4), (7, 4), (8, 8), (9, 8), (99, 8)]
)
def test_batches_can_be_kept_to_powers_of_two(waiting: int, together: int) -> None:
    assert BatchPolicy(max_count=9, powers_of_two=True).count_of(waiting, 1) == together


def test_any_count_is_allowed_otherwise() -> None:
    assert BatchPolicy().count_of(7, 1) == 7


@pytest.mark.parametrize(
    ("size", "limit"), [(0, 8), (1, 8), (12, 8), (13, 7), (50, 2), (51, 1), (100, 1), (900, 1)]
)
def test_a_batch_keeps_its_budget_but_for_an_item_that_exceeds_it_alone(
    size: int, limit: int
) -> None:
    assert BatchPolicy(max_count=8, max_pixels=100).largest_count(size) == limit


def test_powers_of_two_hold_for_the_largest_batch_too() -> None:
    policy = BatchPolicy(max_count=8, max_pixels=100, powers_of_two=True)

    assert policy.largest_count(13) == 4


def test_what_is_wished_goes_over_what_was_measured() -> None:
    measured = BatchPolicy(max_count=8, max_pixels=100, powers_of_two=True)

    assert BatchWishes().over(measured) == measured
    assert BatchWishes(max_count=2, powers_of_two=False).over(measured) == BatchPolicy(
        max_count=2, max_pixels=100, powers_of_two=False
    )


@pytest.mark.parametrize(
    "values", [{"max_count": 0}, {"max_pixels": 0}, {"max_wait_s": 11.0}, {"max_waits": 1.0}]
)
def test_a_wish_that_could_not_work_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        BatchWishes.model_validate(values)
