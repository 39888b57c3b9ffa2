from __future__ import annotations

import logging

import pytest
from tests.unit.app.models import NAMES, PLAN, model

from inkstream_server.app.batching import BatchPolicies, limits
from inkstream_server.config import BatchingConfig
from inkstream_server.models.files import Module
from inkstream_server.scheduling.cost_table import CostTable, Measurement
from inkstream_server.scheduling.policy import BatchPolicy, BatchWishes
from inkstream_server.workers.model_tasks import ModelBucket

LINES = ModelBucket("rec", (320,))


def table() -> CostTable:
    """Every batch takes as long: the larger the better, up to four."""
    return CostTable(
        Measurement(name, shape, count, 1.0)
        for name, shape in (("det", (320, 320)), ("rec", (320,)), ("cls", (48, 192)))
        for count in (1, 2, 4)
    )


def test_until_times_are_known_batches_are_those_of_a_cpu() -> None:
    policies = BatchPolicies(BatchingConfig(), PLAN.models)

    assert policies.of(LINES).max_count == 8
    assert policies.of(ModelBucket("det", (640, 960))).max_count == 1


def test_then_they_are_what_was_measured() -> None:
    policies = BatchPolicies(BatchingConfig(), PLAN.models)

    policies.measured(table())

    assert policies.of(LINES) == BatchPolicy(max_count=4, max_pixels=4 * 48 * 320)
    assert policies.of(ModelBucket("det", (640, 960))).max_count == 4


@pytest.mark.parametrize("is_measured", [False, True])
def test_what_is_configured_goes_over_both(is_measured: bool) -> None:
    wishes = BatchWishes(max_count=3, max_wait_s=0.5)
    policies = BatchPolicies(BatchingConfig(text_recognition=wishes), PLAN.models)
    if is_measured:
        policies.measured(table())

    policy = policies.of(LINES)

    assert (policy.max_count, policy.max_wait_s) == (3, 0.5)
    assert policy.max_pixels == (4 if is_measured else 8) * 48 * 320


def test_the_policies_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    BatchPolicies(BatchingConfig(), PLAN.models).log()

    assert len(caplog.messages) == len(NAMES)
    assert (
        "rec: batches of up to 8 items in powers of two and 122,880 padded pixels"
        in caplog.messages
    )


def test_limits_that_do_not_bind_are_not_told() -> None:
    assert limits(BatchPolicy(max_count=1, max_pixels=100)) == "1 item"
    assert limits(BatchPolicy(max_count=4)) == "4 items"


def test_modules_that_are_not_served_need_no_times() -> None:
    policies = BatchPolicies(BatchingConfig(), [model(Module.TEXT_RECOGNITION)])

    policies.measured(CostTable([Measurement("rec", (320,), 1, 1.0)]))

    assert policies.of(LINES).max_count == 1


def test_each_recogniser_has_batches_by_its_own_times() -> None:
    models = [model(Module.TEXT_RECOGNITION, name=name) for name in ("gains", "loses")]
    policies = BatchPolicies(BatchingConfig(), models)

    policies.measured(
        CostTable(
            Measurement(name, (320,), count, 1.0 if name == "gains" else float(count))
            for name in ("gains", "loses")
            for count in (1, 2, 4)
        )
    )

    assert policies.of(ModelBucket("gains", (320,))).max_count == 4
    assert policies.of(ModelBucket("loses", (320,))).max_count == 1
