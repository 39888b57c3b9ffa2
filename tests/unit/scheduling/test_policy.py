import pytest
from pydantic import ValidationError

from inkstream_server.scheduling.policy import BatchPolicy


def test_by_default_nobody_waits_for_company() -> None:
    assert BatchPolicy().max_wait_s == 0.0


@pytest.mark.parametrize(
    "values",
    [
        {"max_count": 0},
        {"max_count": 4097},
        {"max_cost": 0},
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
    ("count", "allowed"), [(0, 0), (1, 1), (2, 2), (3, 2), (4, 4), (7, 4), (8, 8), (9, 8)]
)
def test_batches_can_be_kept_to_powers_of_two(count: int, allowed: int) -> None:
    assert BatchPolicy(powers_of_two=True).allowed_count(count) == allowed


def test_any_count_is_allowed_otherwise() -> None:
    assert BatchPolicy().allowed_count(7) == 7
