from __future__ import annotations

import pytest

from inkstream_server.pipeline.blame import Blame, Verdict
from inkstream_server.workers.loss import Cause


def after(*causes: Cause, blame: Blame | None = None) -> Blame:
    blame = blame or Blame()
    for cause in causes:
        blame = blame.after(cause)
    return blame


@pytest.mark.parametrize(
    ("cause", "count"),
    [(Cause.CRASHED, 3), (Cause.KILLED, 8), (Cause.SILENT, 2), (Cause.OVERDUE, 1)],
)
def test_a_lone_item_is_refused_after_as_many_losses_as_their_cause_deserves(
    cause: Cause, count: int
) -> None:
    assert after(*[cause] * count).verdict(1) is Verdict.REFUSE
    if count > 1:
        assert after(*[cause] * (count - 1)).verdict(1) is Verdict.AGAIN


def test_losses_of_several_causes_add_up() -> None:
    crashes = after(Cause.CRASHED, Cause.CRASHED)

    assert after(*[Cause.KILLED] * 2, blame=crashes).verdict(1) is Verdict.AGAIN
    assert after(*[Cause.KILLED] * 3, blame=crashes).verdict(1) is Verdict.REFUSE


@pytest.mark.parametrize("cause", [Cause.CRASHED, Cause.KILLED])
def test_a_batch_is_run_again_once_and_then_halved(cause: Cause) -> None:
    assert after(cause).verdict(8) is Verdict.AGAIN
    assert after(cause, cause).verdict(8) is Verdict.HALVE


@pytest.mark.parametrize("cause", [Cause.SILENT, Cause.OVERDUE])
def test_a_batch_that_cost_much_time_is_halved_at_once(cause: Cause) -> None:
    assert after(cause).verdict(8) is Verdict.HALVE


def test_a_part_of_a_batch_is_halved_at_its_first_loss() -> None:
    half = after(Cause.CRASHED, Cause.CRASHED).of_half()

    assert after(Cause.CRASHED, blame=half).verdict(4) is Verdict.HALVE


def test_what_was_lost_with_its_neighbours_is_not_held_against_an_item() -> None:
    alone = after(Cause.CRASHED, Cause.CRASHED).of_half()

    assert after(Cause.CRASHED, Cause.CRASHED, blame=alone).verdict(1) is Verdict.AGAIN
    assert after(*[Cause.CRASHED] * 3, blame=alone).verdict(1) is Verdict.REFUSE
