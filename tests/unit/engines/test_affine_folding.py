from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.engines.paddle_programs import CHANNELS, SHAPE, Chain, results

from inkstream_server.engines.affine_folding import fold_affines
from inkstream_server.engines.paddle_program import parse

PICTURE = np.random.default_rng(7).uniform(-2, 2, SHAPE).astype(np.float32)


def folded(chain: Chain) -> tuple[bytes, bytes]:
    program = chain.program()
    fold_affines(program)
    return program.serialised()


def passes(files: tuple[bytes, bytes]) -> Counter[str]:
    """What is left of kinds that go over the whole picture, but for biases of convolutions."""
    counts = Counter(operator.kind for operator in parse(*files).operators)
    counts["elementwise_add"] -= counts["conv2d"] + counts["depthwise_conv2d"]
    return +Counter(
        {kind: counts[kind] for kind in ("elementwise_mul", "elementwise_add", "scale")}
    )


def assert_it_computes_the_same(chain: Chain, files: tuple[bytes, bytes]) -> None:
    expected, computed = results(chain.files(), PICTURE), results(files, PICTURE)

    assert len(computed) == len(expected) > 0
    for ours, theirs in zip(computed, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def depthwise(chain: Chain) -> Chain:
    return chain.convolution(3, padding=1, groups=CHANNELS)


@pytest.mark.parametrize(
    ("chain", "left"),
    [
        (depthwise(Chain()).affine().activation(), {}),
        (Chain().convolution(3, padding=1).affine(), {}),
        (Chain().activation().affine().convolution(), {}),
        (Chain().activation().affine().convolution(3), {}),
        (Chain().convolution().affine().affine().activation().affine().convolution(), {}),
        (depthwise(Chain().activation().affine()), {"scale": 1}),
        (Chain().activation().affine().convolution(3, padding=1), {"scale": 1}),
        (Chain().activation().affine().convolution(groups=2), {"scale": 1}),
        (Chain().activation().affine(), {"scale": 1}),
        (Chain().affine().convolution(), {}),
    ],
)
def test_an_affine_goes_into_a_convolution_where_that_changes_nothing(
    chain: Chain, left: dict[str, int]
) -> None:
    chain.result()

    files = folded(chain)

    assert passes(files) == Counter(left)
    assert_it_computes_the_same(chain, files)


def without_a_bias(chain: Chain) -> Chain:
    return chain.convolution(bias=False).affine()


def with_a_result_before_the_bias(chain: Chain) -> Chain:
    bias = chain.weight((1, CHANNELS, 1, 1))
    return chain.convolution(bias=False).result().plus(bias).affine()


def with_a_tensor_that_is_overwritten(chain: Chain) -> Chain:
    overwritten = chain.activation().last
    chain.affine()
    chain.operator("relu", {"X": overwritten}, {"Out": overwritten}, {})
    return chain.convolution()


def with_a_result_before_it(chain: Chain) -> Chain:
    return chain.convolution().result().affine()


def with_a_result_within_it(chain: Chain) -> Chain:
    factor, shift = chain.weight((1,)), chain.weight((1,))
    return chain.convolution().times(factor).result().plus(shift)


def with_filters_used_twice(chain: Chain) -> Chain:
    filters = chain.weight((CHANNELS, CHANNELS, 1, 1))
    return chain.convolution(filters=filters).affine().convolution(filters=filters)


def with_a_factor_for_each_channel(chain: Chain) -> Chain:
    factors, shift = chain.weight((1, CHANNELS, 1, 1)), chain.weight((1,))
    return chain.convolution().times(factors).plus(shift)


@pytest.mark.parametrize(
    "build",
    [
        without_a_bias,
        with_a_result_before_the_bias,
        with_a_tensor_that_is_overwritten,
        with_a_result_before_it,
        with_a_result_within_it,
        with_filters_used_twice,
        with_a_factor_for_each_channel,
    ],
)
def test_what_cannot_be_folded_computes_the_same(
    build: Callable[[Chain], Chain],
) -> None:
    chain = build(Chain()).result()

    files = folded(chain)

    assert passes(files).total() > 0
    assert_it_computes_the_same(chain, files)


STEPS = st.sampled_from(["conv 1x1", "conv 3x3", "depthwise", "bare", "act", "affine", "result"])


@settings(max_examples=40, deadline=None)
@given(st.lists(STEPS, min_size=2, max_size=9), st.integers(0, 2**32 - 1))
def test_any_chain_computes_the_same(steps: list[str], seed: int) -> None:
    chain = Chain(seed)
    for step in steps:
        match step:
            case "conv 1x1":
                chain.convolution()
            case "conv 3x3":
                chain.convolution(3, padding=1)
            case "depthwise":
                depthwise(chain)
            case "bare":
                chain.convolution(bias=False)
            case "act":
                chain.activation()
            case "affine":
                chain.affine()
            case _:
                chain.result()
    chain.activation().result()

    assert_it_computes_the_same(chain, folded(chain))
