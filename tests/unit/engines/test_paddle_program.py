from __future__ import annotations

import numpy as np
import pytest
from tests.unit.engines.paddle_programs import Chain, form

from inkstream_server.engines.paddle_program import NotUnderstood, parse


def a_model() -> tuple[bytes, bytes]:
    return Chain().convolution().affine().result().files()


def test_what_was_not_changed_is_written_as_it_was_read() -> None:
    files = a_model()

    assert parse(*files).serialised() == files


def test_weights_that_none_uses_any_longer_are_not_written() -> None:
    program = parse(*a_model())
    whole = len(program.serialised()[1])

    program.replace(tuple(each for each in program.operators if each.kind == "conv2d"), None)

    assert len(program.serialised()[1]) < whole


def test_a_replacement_stands_where_the_first_stood() -> None:
    program = parse(*a_model())
    feed, convolution, bias, factor, shift, fetch = program.operators

    program.replace((factor, shift), convolution)

    assert program.operators == [feed, convolution, bias, convolution, fetch]


def test_who_reads_or_writes_a_tensor_is_told_only_of_one() -> None:
    chain = Chain()
    program = chain.activation().result().result().program()
    feed, activation, *_ = program.operators

    assert program.writer("x") is feed
    assert program.reader("x") is activation
    assert program.reader(chain.last) is None
    assert program.writer("no such tensor") is None


def with_two_blocks(graph: bytes) -> bytes:
    program = form.ProgramDesc.FromString(graph)
    program.blocks.add(idx=1, parent_idx=0)
    return bytes(program.SerializeToString())


def test_a_program_of_several_blocks_is_not_understood() -> None:
    graph, weights = a_model()

    with pytest.raises(NotUnderstood, match="2 blocks"):
        parse(with_two_blocks(graph), weights)


def test_a_program_that_lacks_what_it_must_have_is_not_understood() -> None:
    graph, weights = a_model()
    program = form.ProgramDesc.FromString(graph)
    program.blocks[0].ops[1].ClearField("type")

    with pytest.raises(NotUnderstood, match="does not know"):
        parse(program.SerializePartialToString(), weights)


def test_no_program_at_all_is_not_understood() -> None:
    with pytest.raises(NotUnderstood, match="no program"):
        parse(b"\xff\xff", b"")


@pytest.mark.parametrize("missing", [1, 3, 17, 40])
def test_weights_that_end_too_early_are_not_understood(missing: int) -> None:
    graph, weights = a_model()

    with pytest.raises(NotUnderstood, match="weight"):
        parse(graph, weights[:-missing])


def test_weights_that_go_on_too_long_are_not_understood() -> None:
    graph, weights = a_model()

    with pytest.raises(NotUnderstood, match="5 bytes more"):
        parse(graph, weights + bytes(5))


def test_weights_of_another_version_or_type_are_not_understood() -> None:
    graph, weights = a_model()
    fp32, bf16 = (bytes([0x08, getattr(form.VarType, name)]) for name in ("FP32", "BF16"))

    with pytest.raises(NotUnderstood, match=r"version 1\.0"):
        parse(graph, b"\x01" + weights[1:])
    with pytest.raises(NotUnderstood, match="type BF16"):
        parse(graph, weights.replace(fp32, bf16, 1))


def test_weights_keep_their_types() -> None:
    chain = Chain()
    chain.weights = {"weight": np.arange(3, dtype=np.int64)}
    chain.tensor("weight", (3,), persistable=True)

    (weight,) = chain.program().weights.values()

    assert weight.dtype == np.int64
    assert weight.tolist() == [0, 1, 2]
