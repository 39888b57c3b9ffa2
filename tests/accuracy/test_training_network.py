"""What training computes by kernels of its own is what Paddle's operators compute once exported."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(shutil.which("cc") is None, reason="training compiles its kernels with cc"),
    pytest.mark.filterwarnings("ignore::UserWarning"),  # Paddle's, of a compiler's cache and more
    pytest.mark.filterwarnings("ignore:The distutils package:DeprecationWarning"),
]
paddle: Any = pytest.importorskip("paddle")
Tensor = Any  # Paddle has no types


def gradients(layer: Callable[..., Tensor], inputs: Tensor, *weights: Tensor) -> list[Tensor]:
    """The result and the gradients of inputs and weights, for one given gradient of the result."""
    tensors = [paddle.to_tensor(each.numpy(), stop_gradient=False) for each in (inputs, *weights)]
    result = layer(*tensors)
    paddle.seed(5)
    result.backward(paddle.randn(result.shape))
    return [result.numpy(), *(tensor.grad.numpy() for tensor in tensors)]


@pytest.mark.parametrize(
    ("kernel", "stride", "height", "width"),
    [(3, 1, 7, 9), (3, 2, 13, 10), (5, 1, 14, 14), (5, 2, 14, 15)],
)
def test_depthwise_convolution_is_paddles(
    kernel: int, stride: int, height: int, width: int
) -> None:
    from training.networks.kernels import depthwise

    paddle.seed(1)
    inputs, weight = paddle.randn([3, 8, height, width]), paddle.randn([8, 1, kernel, kernel])
    padding = kernel // 2

    own = gradients(lambda x, w: depthwise(x, w, stride, padding), inputs, weight)

    theirs = gradients(
        lambda x, w: paddle.nn.functional.conv2d(x, w, None, stride, padding, groups=8),
        inputs,
        weight,
    )
    for ours, expected in zip(own, theirs, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4)


def test_normalisation_and_swish_are_paddles() -> None:
    from training.networks.kernels import normalised_swish

    paddle.seed(2)
    inputs, scale, shift = paddle.randn([4, 8, 15, 9]) * 3 + 1, paddle.rand([8]), paddle.randn([8])

    own = gradients(lambda x, w, b: normalised_swish(x, w, b, 1e-5)[0], inputs, scale, shift)

    theirs = gradients(
        lambda x, w, b: paddle.nn.functional.hardswish(
            paddle.nn.functional.batch_norm(
                x, paddle.zeros([8]), paddle.ones([8]), w, b, training=True, epsilon=1e-5
            )
        ),
        inputs,
        scale,
        shift,
    )
    for ours, expected in zip(own, theirs, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4)


class _Corners(paddle.nn.Layer):  # type: ignore[misc]  # Paddle is an Any here
    """A network that looks at four pixels, which no turn exchanges for each other."""

    def logits(self, pictures: Tensor) -> Tensor:
        corners = pictures[:, 0, 0, 0], pictures[:, 1, 0, -1], pictures[:, 2, -1, -1]
        return paddle.stack([*corners, pictures[:, 0, 5, 7]], axis=1)


def test_turning_a_picture_turns_the_answer() -> None:
    from training.networks.turning import InAllDirections

    paddle.seed(3)
    model = InAllDirections(_Corners(), reluctance=0.0, tiles_a_row=2)
    picture = paddle.randn([1, 3, 64, 64])
    (upright,) = model(picture).numpy()

    for turns in range(1, 4):
        (turned,) = model(paddle.rot90(picture, -turns, [2, 3])).numpy()  # clockwise

        np.testing.assert_allclose(turned, np.roll(upright, turns), atol=1e-6)
    assert np.ptp(upright) > 0.1


def test_a_picture_that_tells_nothing_is_left_as_it_is() -> None:
    from training.networks.lcnet import LcNet
    from training.networks.turning import InAllDirections

    model = InAllDirections(LcNet(4, scale=0.5, wide_channels=64), reluctance=1.0, tiles_a_row=1)
    model.eval()

    (answer,) = model(paddle.ones([1, 3, 64, 64])).numpy()

    assert answer.argmax() == 0 and answer[0] > 1.5 * answer[1]


def test_the_classes_of_training_are_the_angles_of_the_server() -> None:
    from training.doc_orientation.samples import turned_all_ways

    from inkstream_server.stages import doc_orientation

    generator = np.random.default_rng(4)
    upright = generator.integers(0, 256, (224, 224, 3)).astype(np.uint8)
    tensor, classes = turned_all_ways([upright])
    expected = doc_orientation.prepare([upright])[0]

    for planes, index in zip(tensor, classes.tolist(), strict=True):
        page = planes.transpose(1, 2, 0)
        angle = doc_orientation.ANGLES[index]
        set_upright = np.rot90(page, angle // 90).transpose(2, 0, 1)
        np.testing.assert_array_equal(set_upright, expected)
