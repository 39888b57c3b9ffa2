"""What one request may set, as keyword arguments that a type checker knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, TypedDict, TypeVar

from inkstream.v1 import ocr_pb2, settings_pb2

PageOrder: TypeAlias = Literal["document", "completion"]
T = TypeVar("T")


class Options(TypedDict, total=False):
    """How to read. What is left out takes the server's default (`Client.server_info().defaults`).

    Meanings and ranges: `RecognizeOptions` in protos/inkstream/v1/settings.proto.
    """

    use_doc_orientation_classify: bool
    use_doc_unwarping: bool
    use_textline_orientation: bool
    text_det_limit_side_len: int
    text_det_limit_type: Literal["min", "max"]
    text_det_thresh: float
    text_det_box_thresh: float
    text_det_unclip_ratio: float
    text_rec_score_thresh: float
    text_rec_model: str
    return_word_box: bool
    visualize: bool
    return_page_images: bool
    priority: Literal["interactive", "batch"]
    frame: Literal["source", "read"]


_CHOICES: Final[Mapping[str, Mapping[str, int]]] = {
    "text_det_limit_type": {
        "min": settings_pb2.LIMIT_TYPE_MIN,
        "max": settings_pb2.LIMIT_TYPE_MAX,
    },
    "priority": {
        "interactive": settings_pb2.PRIORITY_INTERACTIVE,
        "batch": settings_pb2.PRIORITY_BATCH,
    },
    "frame": {"source": settings_pb2.FRAME_SOURCE, "read": settings_pb2.FRAME_READ},
}
_ORDERS: Final[Mapping[str, ocr_pb2.PageOrder.ValueType]] = {
    "document": ocr_pb2.PAGE_ORDER_DOCUMENT,
    "completion": ocr_pb2.PAGE_ORDER_COMPLETION,
}


def encode_options(options: Options) -> settings_pb2.RecognizeOptions:
    """Raises TypeError for an unknown name or a wrong type, ValueError for an unknown choice.

    Ranges are the server's to check: it alone knows them.
    """
    message = settings_pb2.RecognizeOptions()
    for name, value in options.items():
        if name not in Options.__annotations__:
            raise TypeError(f"unknown option {name!r}; known: {', '.join(Options.__annotations__)}")
        choices = _CHOICES.get(name)
        _set(message, name, value if choices is None else _pick(name, value, choices))
    return message


def encode_order(order: PageOrder) -> ocr_pb2.PageOrder.ValueType:
    return _pick("order", order, _ORDERS)


def _set(message: settings_pb2.RecognizeOptions, name: str, value: object) -> None:
    try:
        setattr(message, name, value)
    except (TypeError, ValueError) as error:  # in words that name no option
        raise type(error)(f"{name} is {value!r}: {error}") from error


def _pick(name: str, value: object, choices: Mapping[str, T]) -> T:
    if isinstance(value, str) and value in choices:
        return choices[value]
    raise ValueError(f"{name} is {value!r}; allowed: {', '.join(choices)}")
