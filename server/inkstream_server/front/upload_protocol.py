"""Decides what each message of a RecognizeStream call means for the documents of that call.

It holds no bytes and does nothing; docs/decisions/020 has the reasons.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from inkstream_server.errors import ContentTooLarge, Fault, InvalidField, OcrError, QueueFull

MAX_ID_LENGTH: Final = 1024


class UploadIncomplete(OcrError):
    """The client has closed its side before the document's last chunk."""

    reason = "UPLOAD_INCOMPLETE"
    fault = Fault.CALLER


class UploadStalled(OcrError):
    """Nothing has come of the document for too long."""

    reason = "UPLOAD_STALLED"
    fault = Fault.LATE


class TooManyDocuments(OcrError):
    """More documents than one call may bring."""

    reason = "TOO_MANY_DOCUMENTS"
    fault = Fault.CALLER


class Action(Enum):
    """What is to be done with a message."""

    DROP = auto()  # its document has failed already, and been told so
    TAKE = auto()  # open the document; add the chunk to it
    COMPLETE = auto()  # as above, and then nothing more comes: read it
    FAIL = auto()  # the document ends with the error
    SPOIL = auto()  # so does one that is being read, unless it has ended


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a message means. `error` is there where a document ends with it."""

    action: Action
    error: OcrError | None = None


class _State(Enum):
    OPEN = auto()
    COMPLETE = auto()
    FAILED = auto()
    FAILED_UNOPENED = auto()  # its chunks came before any header


_DROP: Final = Verdict(Action.DROP)
_TAKE: Final = Verdict(Action.TAKE)
_COMPLETE: Final = Verdict(Action.COMPLETE)


class UploadProtocol:
    """The documents of one call, and how far the upload of each is."""

    def __init__(
        self, *, max_document_bytes: int, max_open_documents: int, max_documents: int
    ) -> None:
        """`max_documents`: every identifier is remembered, so that no second document gets the
        first one's answers.
        """
        self._max_document_bytes = max_document_bytes
        self._max_documents = max_documents
        self._max_open_documents = max_open_documents
        self._states: dict[str, _State] = {}
        self._sizes_bytes: dict[str, int] = {}

    @property
    def open_documents(self) -> list[str]:
        """Those whose last chunk is still to come, in the order of their headers."""
        return list(self._sizes_bytes)

    def header(self, document_id: str, *, has_source: bool) -> Verdict:
        """A header has come. Raises what ends the call: InvalidField or TooManyDocuments."""
        state = self._state_of("header.document_id", document_id)
        if state is _State.FAILED_UNOPENED:
            self._states[document_id] = _State.FAILED
            return _DROP
        if state is not None:
            raise InvalidField.of(
                "header.document_id", document_id, "one that the call has not used"
            )
        if has_source:
            self._states[document_id] = _State.COMPLETE
            return _COMPLETE
        if len(self._sizes_bytes) >= self._max_open_documents:
            self._states[document_id] = _State.FAILED
            return Verdict(Action.FAIL, self._too_many_open())
        self._states[document_id] = _State.OPEN
        self._sizes_bytes[document_id] = 0
        return _TAKE

    def chunk(self, document_id: str, size_bytes: int, *, is_last: bool) -> Verdict:
        """A chunk has come. Raises what ends the call: InvalidField or TooManyDocuments."""
        match self._state_of("chunk.document_id", document_id):
            case _State.OPEN:
                return self._grow(document_id, size_bytes, is_last=is_last)
            case _State.FAILED | _State.FAILED_UNOPENED:
                return _DROP
            case _State.COMPLETE:
                self._states[document_id] = _State.FAILED
                return Verdict(Action.SPOIL, _no_chunk_expected(document_id))
            case None:
                self._states[document_id] = _State.FAILED_UNOPENED
                return Verdict(Action.FAIL, _no_chunk_expected(document_id))

    def fail(self, document_id: str) -> None:
        """The document is ended from this side: what is left of it will be dropped."""
        self._sizes_bytes.pop(document_id, None)
        self._states[document_id] = _State.FAILED

    def _state_of(self, field: str, document_id: str) -> _State | None:
        """None: the call has not named it yet, and it may."""
        if not 1 <= len(document_id) <= MAX_ID_LENGTH:
            raise InvalidField.of(field, document_id, f"1 to {MAX_ID_LENGTH} characters")
        state = self._states.get(document_id)
        if state is None and len(self._states) >= self._max_documents:
            raise TooManyDocuments(
                f"the call has brought {self._max_documents} documents; open another call",
                max_documents=self._max_documents,
            )
        return state

    def _too_many_open(self) -> QueueFull:
        return QueueFull(
            f"{self._max_open_documents} documents of the call are open; complete one first",
            max_open_documents=self._max_open_documents,
        )

    def _grow(self, document_id: str, size_bytes: int, *, is_last: bool) -> Verdict:
        size = self._sizes_bytes[document_id] + size_bytes
        if size > self._max_document_bytes:
            error = ContentTooLarge(
                f"the document has more than {self._max_document_bytes} bytes",
                max_bytes=self._max_document_bytes,
            )
            self.fail(document_id)
            return Verdict(Action.FAIL, error)
        if is_last:
            del self._sizes_bytes[document_id]
            self._states[document_id] = _State.COMPLETE
            return _COMPLETE
        self._sizes_bytes[document_id] = size
        return _TAKE


def _no_chunk_expected(document_id: str) -> InvalidField:
    allowed = "a document whose last chunk is still to come"
    return InvalidField.of("chunk.document_id", document_id, allowed)
