"""The pipeline object: `predict` with PaddleX's arguments, by way of the ordinary client."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias, cast

from inkstream.access import PLAIN, Access
from inkstream.client import Client
from inkstream.documents import Document
from inkstream.errors import InkstreamError
from inkstream.options import Options, encode_options
from inkstream.paddlex.inputs import Inputs, inputs_of
from inkstream.paddlex.local import start_local_server
from inkstream.paddlex.reading import Unreadable, read_in_order
from inkstream.paddlex.result import OCRResult
from inkstream.sources import Source

_log = logging.getLogger(__name__)

PIPELINE_NAME: Final = "OCR"
# Enough to keep two workers busy while pictures are decoded and answers drawn.
_INPUTS_AT_ONCE: Final = 8
_MAX_SIDE_LIMIT: Final = 4000
# PaddleX's names of engines that have another one here.
_ENGINES: Final = {"paddle_static": "paddle"}

_INVALID_FIELD: Final = "INVALID_FIELD"
_NOT_SERVED: Final = frozenset({"MODULE_NOT_SERVED", "MODEL_NOT_SERVED"})

OnError: TypeAlias = Literal["raise", "skip"] | Callable[[Unreadable], None]


@dataclass(frozen=True, slots=True)
class PipelineWishes:
    """What a pipeline is asked to be; None means: as it is by default."""

    pipeline: str | Mapping[str, object] | None = None
    device: str | None = None
    engine: str | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    # Arguments that were given and mean nothing here.
    without_effect: tuple[str, ...] = ()

    def check_for_server(self) -> None:
        """Raises ValueError for what only a server's own configuration can say."""
        given = {"device": self.device, "engine": self.engine, "settings": self.settings or None}
        named = [name for name, value in given.items() if value is not None]
        if self.pipeline not in (None, PIPELINE_NAME):
            named.append("pipeline, other than 'OCR',")
        if named:
            raise ValueError(
                f"{' and '.join(named)} cannot be given together with server: start that with "
                "inkstream serve --pipeline, --device, --engine"
            )

    def keys(self) -> list[tuple[str, object]]:
        """What the configuration of a server of our own says."""
        keys = list(self.settings.items())
        if self.device is not None:
            keys.append(("inference.device", self.device))
        if self.engine is not None:
            keys.append(("inference.engine", _ENGINES.get(self.engine, self.engine)))
        return keys


class OcrPipeline:
    """Reads what it is given, in order. Safe to share between threads.

    It ends with `close`, with the `with` block, or with the program. A pipeline without a server is
    to be made anew in a process that was forked.
    """

    def __init__(self, client: Client, close_all: Callable[[], None]) -> None:
        """`close_all` ends the client and whatever else was started for it."""
        self._client = client
        self._close = weakref.finalize(self, _close_where_opened, os.getpid(), close_all)

    @property
    def target(self) -> str:
        """The address of the server that reads."""
        return self._client.target

    @classmethod
    def open(cls, wishes: PipelineWishes, server: str | None, access: Access = PLAIN) -> Self:
        """With the server at that address; None: with one in this process."""
        if wishes.pipeline is None:
            raise ValueError("pipeline and config are both None; say pipeline='OCR'")
        for name in wishes.without_effect:
            _log.warning("%s has no effect here", name)
        if server is not None:
            wishes.check_for_server()
            client = Client(
                server,
                tls=access.tls,
                token=access.token,
                allow_plaintext_token=access.allow_plaintext_token,
            )
            return cls(client, client.close)
        local = start_local_server(wishes.pipeline, wishes.keys())
        client = Client(local.target, max_message_bytes=local.max_message_bytes)
        return cls(client, partial(_close_in_turn, client.close, local.stop))

    def predict(  # noqa: PLR0913, PLR0917 - PaddleX's own arguments, in its order
        self,
        input: Inputs,  # noqa: A002 - likewise
        use_doc_orientation_classify: bool | None = None,
        use_doc_unwarping: bool | None = None,
        use_textline_orientation: bool | None = None,
        text_det_limit_side_len: int | None = None,
        text_det_limit_type: Literal["min", "max"] | None = None,
        text_det_max_side_limit: int | None = None,
        text_det_thresh: float | None = None,
        text_det_box_thresh: float | None = None,
        text_det_unclip_ratio: float | None = None,
        text_rec_score_thresh: float | None = None,
        return_word_box: bool | None = None,
        *,
        text_rec_model: str | None = None,
        visualize: bool = True,
        on_error: OnError = "raise",
    ) -> Iterator[OCRResult]:
        """Reads the input and gives a result for every page, in order, as each is ready.

        What is left None is as the pipeline has it. Several inputs are read at once, a few ahead of
        the result that is waited for. Where `visualize` is False results have no pictures, which
        saves drawing them. What cannot be read is raised in its place, InkstreamError or OSError
        or TypeError. With `on_error` "skip" a warning is logged instead; a function is called with
        what is skipped; the rest goes on.

        Arguments that cannot be raise TypeError or ValueError at once. What only the server can
        tell of them, such as a value's range, is raised as InkstreamError by the first input,
        whatever `on_error` is: every other would fail of it too.
        """
        if not self._close.alive:
            raise RuntimeError("this pipeline is closed")
        if text_det_max_side_limit not in (None, _MAX_SIDE_LIMIT):
            raise ValueError(f"text_det_max_side_limit is always {_MAX_SIDE_LIMIT} here")
        if on_error not in ("raise", "skip") and not callable(on_error):
            raise ValueError(f"on_error is {on_error!r}; allowed: raise, skip, or a function")
        may_prepare = use_doc_orientation_classify is not False or use_doc_unwarping is not False
        wishes: dict[str, object] = {
            "use_doc_orientation_classify": use_doc_orientation_classify,
            "use_doc_unwarping": use_doc_unwarping,
            "use_textline_orientation": use_textline_orientation,
            "text_det_limit_side_len": text_det_limit_side_len,
            "text_det_limit_type": text_det_limit_type,
            "text_det_thresh": text_det_thresh,
            "text_det_box_thresh": text_det_box_thresh,
            "text_det_unclip_ratio": text_det_unclip_ratio,
            "text_rec_score_thresh": text_rec_score_thresh,
            "return_word_box": return_word_box,
            "text_rec_model": text_rec_model,
            "visualize": visualize,
            "frame": "read",  # PaddleX tells places on the page as it was read
            "return_page_images": visualize and may_prepare,
        }
        given = {name: value for name, value in wishes.items() if value is not None}
        options = cast("Options", given)  # the names are its own
        encode_options(options)  # raises for what cannot be
        return self._results(input, options, on_error)

    __call__ = predict

    def _results(self, given: Inputs, options: Options, on_error: OnError) -> Iterator[OCRResult]:
        inputs = inputs_of(given, self._client.max_message_bytes)
        opened = partial(self._open_document, options)
        for outcome in read_in_order(inputs, opened, _INPUTS_AT_ONCE):
            if isinstance(outcome, Unreadable):
                _tell(outcome, on_error)
            else:
                yield OCRResult(outcome, return_word_box=options.get("return_word_box", False))

    def _open_document(self, options: Options, source: Source, pages: str) -> Document:
        return self._client.recognize_document(source, pages=pages, **options)

    def close(self) -> None:
        """Ends what is being read, and the workers, if they are this pipeline's own."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _tell(unreadable: Unreadable, on_error: OnError) -> None:
    if on_error == "raise" or _is_for_all_inputs(unreadable.error):
        raise unreadable.error
    if on_error == "skip":
        _log.warning("skipped %s: %s", unreadable.input_path or "an input", unreadable.error)
    else:
        on_error(unreadable)


def _is_for_all_inputs(error: Exception) -> bool:
    """Whether the server refused the options, not what was to be read."""
    if not isinstance(error, InkstreamError):
        return False
    is_wrong = error.reason == _INVALID_FIELD and error.facts.get("field", "").startswith(
        "options."
    )
    return is_wrong or error.reason in _NOT_SERVED


def _close_where_opened(process_id: int, close_all: Callable[[], None]) -> None:
    """A process that was forked must not end what its parent still uses."""
    if os.getpid() == process_id:
        close_all()


def _close_in_turn(*closings: Callable[[], None]) -> None:
    for close in closings:
        close()
