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
    """What is left of kinds that go over the whole picture with one number, or with several."""
    program = parse(*files)
    kinds = {"elementwise_mul", "elementwise_add", "scale"}
    biases = {name for name, weight in program.weights.items() if weight.size == CHANNELS}
    return Counter(
        each.kind
        for each in program.operators
        if each.kind in kinds
        and not (each.kind == "elementwise_add" and each.tensor("Y") in biases)
    )


def assert_it_computes_the_same(chain: Chain, files: tuple[bytes, bytes]) -> None:
    expected, computed = results(chain.files(), PICTURE), results(files, PICTURE)

    assert len(computed) == len(expected) > 0
    for ours, theirs in zip(computed, expected, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * max(1, np.abs(theirs).max()))


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


def after_a_bias_that_is_a_result(chain: Chain) -> Chain:
    return chain.convolution().result().affine()


def after_a_convolution_that_is_a_result(chain: Chain) -> Chain:
    chain.convolution(bias=False).result()
    return chain.plus(chain.weight((CHANNELS,)), axis=1).affine()


def with_filters_used_twice(chain: Chain) -> Chain:
    filters = chain.weight((CHANNELS, CHANNELS, 1, 1))
    twice = {"Filter": filters}
    chain.convolution(inputs=twice).affine()
    return chain.convolution(inputs=twice | {"Input": chain.last})


def before_a_bias_of_columns(chain: Chain) -> Chain:
    chain.activation().affine().convolution(bias=False)
    return chain.plus(chain.weight((CHANNELS,)), axis=-1)


def before_channels_that_come_last(chain: Chain) -> Chain:
    chain.activation().affine().convolution(bias=False, layout="NHWC")
    return chain.plus(chain.weight((1, CHANNELS, 1, 1)))


def of_a_tensor_that_is_overwritten(chain: Chain) -> Chain:
    overwritten = chain.activation().last
    chain.affine()
    chain.operator("relu", {"X": overwritten}, {"Out": overwritten}, {})
    return chain.convolution()


def whose_result_is_overwritten(chain: Chain) -> Chain:
    before = chain.activation().last
    chain.affine()
    chain.operator("relu", {"X": before}, {"Out": chain.last}, {})
    return chain.convolution()


@pytest.mark.parametrize(
    "build",
    [
        without_a_bias,
        after_a_bias_that_is_a_result,
        after_a_convolution_that_is_a_result,
        with_filters_used_twice,
        before_a_bias_of_columns,
        before_channels_that_come_last,
        of_a_tensor_that_is_overwritten,
        whose_result_is_overwritten,
    ],
)
def test_an_affine_that_no_convolution_can_take_stays(build: Callable[[Chain], Chain]) -> None:
    chain = build(Chain()).result()

    files = folded(chain)

    left = passes(files)
    assert left in ({"scale": 1}, {"elementwise_mul": 1, "elementwise_add": 1})
    assert_it_computes_the_same(chain, files)


def with_a_result_within_it(chain: Chain) -> Chain:
    factor, shift = chain.weight((1,)), chain.weight((1,))
    return chain.convolution().times(factor).result().plus(shift)


def with_a_product_that_is_overwritten(chain: Chain) -> Chain:
    before = chain.convolution().last
    chain.times(chain.weight((1,)))
    chain.operator("relu", {"X": before}, {"Out": chain.last}, {})
    return chain.plus(chain.weight((1,)))


def with_a_factor_for_each_channel(chain: Chain) -> Chain:
    return chain.convolution().times(chain.weight((1, CHANNELS, 1, 1))).plus(chain.weight((1,)))


def with_a_number_of_many_axes(chain: Chain) -> Chain:
    return chain.convolution().times(chain.weight((1,) * 5)).plus(chain.weight((1,)))


@pytest.mark.parametrize(
    "build",
    [
        with_a_result_within_it,
        with_a_product_that_is_overwritten,
        with_a_factor_for_each_channel,
        with_a_number_of_many_axes,
    ],
)
def test_what_is_no_affine_of_two_numbers_is_left_as_it_is(
    build: Callable[[Chain], Chain],
) -> None:
    chain = build(Chain()).result()

    assert folded(chain) == chain.files()


def test_only_the_input_of_a_convolution_is_taken_for_one() -> None:
    chain = Chain()
    picture = chain.activation().last
    added = chain.affine().last
    chain.convolution(inputs={"Input": picture, "ResidualData": added}).result()

    assert passes(folded(chain)) == {"scale": 1}


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
