"""What can go wrong, as types that know no transport. The front alone maps them to statuses."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar, Self


class Fault(Enum):
    """Who has to act; each front maps this to its own status code."""

    CALLER = "caller"  # fix the request
    STRANGER = "stranger"  # say who calls, in a way that this server knows
    UNSERVED = "unserved"  # this server is not set up for it; ask its operator
    BUSY = "busy"  # retry later, with back-off
    LATE = "late"  # it took longer than allowed
    AWAY = "away"  # this server is not there yet, or going away; try again or another one
    SETUP = "setup"  # this installation lacks something; the message names the command that helps
    SERVER = "server"  # our bug; details go to the log only


class OcrError(Exception):
    """Any failure with a stable, machine-readable reason.

    `message` is for people, `reason` and `facts` are for programs. Instances travel between
    processes, so a subclass adds no constructor argument.
    """

    reason: ClassVar[str] = "INTERNAL"
    fault: ClassVar[Fault] = Fault.SERVER

    def __init__(self, message: str, **facts: str | float) -> None:
        super().__init__(message)
        self.message = message
        self.facts = {name: str(value) for name, value in facts.items()}

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.facts))


def shortened(text: str, length: int) -> str:
    """The text, cut to `length` characters. Errors tell of values that may be of any length."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _rebuild(kind: type[OcrError], message: str, facts: dict[str, str]) -> OcrError:
    return kind(message, **facts)


class InvalidField(OcrError):
    """A request field holds a value that it may not hold."""

    reason = "INVALID_FIELD"
    fault = Fault.CALLER

    @classmethod
    def of(cls, field: str, value: object, allowed: str) -> Self:
        return cls(
            f"{field} is {value!r}; allowed: {allowed}",
            field=field,
            value=str(value),
            allowed=allowed,
        )


class EmptyInput(OcrError):
    """The input holds no byte."""

    reason = "EMPTY_INPUT"
    fault = Fault.CALLER


class UnsupportedMediaType(OcrError):
    """The bytes are of no type that is read."""

    reason = "UNSUPPORTED_MEDIA_TYPE"
    fault = Fault.CALLER


class ImageDamaged(OcrError):
    """The bytes say they are an image, and cannot be decoded."""

    reason = "IMAGE_DAMAGED"
    fault = Fault.CALLER


class ImageTooLarge(OcrError):
    """The image's header declares more pixels than are allowed."""

    reason = "IMAGE_TOO_LARGE"
    fault = Fault.CALLER


class ContentTooLarge(OcrError):
    """The input has more bytes than are allowed."""

    reason = "CONTENT_TOO_LARGE"
    fault = Fault.CALLER


class PdfDamaged(OcrError):
    """The PDF, or one page of it, cannot be opened or drawn."""

    reason = "PDF_DAMAGED"
    fault = Fault.CALLER


class PdfPasswordRequired(OcrError):
    """The PDF is encrypted and no password came with it."""

    reason = "PDF_PASSWORD_REQUIRED"
    fault = Fault.CALLER


class PdfPasswordWrong(OcrError):
    """The PDF is encrypted and the password does not open it."""

    reason = "PDF_PASSWORD_WRONG"
    fault = Fault.CALLER


class DocumentEmpty(OcrError):
    """The document has no page."""

    reason = "DOCUMENT_EMPTY"
    fault = Fault.CALLER


class TooManyPages(OcrError):
    """More pages are selected than one request may read."""

    reason = "TOO_MANY_PAGES"
    fault = Fault.CALLER


class TooManyLines(OcrError):
    """More crops than one request may bring."""

    reason = "TOO_MANY_LINES"
    fault = Fault.CALLER


class PageTooLarge(OcrError):
    """The page would be rasterised to more pixels than are allowed."""

    reason = "PAGE_TOO_LARGE"
    fault = Fault.CALLER


class PageTimeout(OcrError):
    """One step of a page took longer than allowed."""

    reason = "PAGE_TIMEOUT"
    fault = Fault.LATE


class ModuleNotServed(OcrError):
    """The request asks for a pipeline module that this server has no model for."""

    reason = "MODULE_NOT_SERVED"
    fault = Fault.UNSERVED


class ModelNotServed(OcrError):
    """The request names a model that this server does not serve."""

    reason = "MODEL_NOT_SERVED"
    fault = Fault.UNSERVED


class UriNotAllowed(OcrError):
    """The server fetches no such URL."""

    reason = "URI_NOT_ALLOWED"
    fault = Fault.UNSERVED


class QueueFull(OcrError):
    """More work waits than the server will hold."""

    reason = "QUEUE_FULL"
    fault = Fault.BUSY


class RequestQuotaFull(OcrError):
    """This client has as many requests in flight as it may."""

    reason = "REQUEST_QUOTA_FULL"
    fault = Fault.BUSY


class PageQuotaFull(OcrError):
    """This client has as many pages in flight as it may."""

    reason = "PAGE_QUOTA_FULL"
    fault = Fault.BUSY


class ByteQuotaFull(OcrError):
    """This client has as many bytes of documents in flight as it may."""

    reason = "BYTE_QUOTA_FULL"
    fault = Fault.BUSY


class DeadlineTooShort(OcrError):
    """The caller's deadline would pass before the work could be done.

    It has a `retry_after_s` only where the work alone would be done in time.
    """

    reason = "DEADLINE_TOO_SHORT"
    fault = Fault.BUSY


class TokenMissing(OcrError):
    """The call brings no bearer token, and this server asks for one."""

    reason = "TOKEN_MISSING"
    fault = Fault.STRANGER


class TokenWrong(OcrError):
    """The call's bearer token is none that this server knows; no more is said of it."""

    reason = "TOKEN_WRONG"
    fault = Fault.STRANGER


class CertificateMissing(OcrError):
    """The connection brings no certificate that names its client, and this server asks for one."""

    reason = "CERTIFICATE_MISSING"
    fault = Fault.STRANGER


class StartingUp(OcrError):
    """The server's workers are not warm yet."""

    reason = "STARTING_UP"
    fault = Fault.AWAY


class ShuttingDown(OcrError):
    """The server finishes what it has and takes nothing new."""

    reason = "SHUTTING_DOWN"
    fault = Fault.AWAY


class WorkerCrashed(OcrError):
    """The input killed the worker process that read it, again and again."""

    reason = "WORKER_CRASHED"
    fault = Fault.SERVER


class ModelUnknown(OcrError):
    """No model of this name is known here, or the name cannot be one."""

    reason = "MODEL_UNKNOWN"
    fault = Fault.SETUP


class ModelMissing(OcrError):
    """A model, or one of its files, is not on this machine."""

    reason = "MODEL_MISSING"
    fault = Fault.SETUP


class ModelDamaged(OcrError):
    """A model's file is there and does not say what it must."""

    reason = "MODEL_DAMAGED"
    fault = Fault.SETUP


class ModelNotSupported(OcrError):
    """A model's files ask for a step, or a value of one, that is not implemented."""

    reason = "MODEL_NOT_SUPPORTED"
    fault = Fault.SETUP


class ModelArchiveRefused(OcrError):
    """The archive that should hold models is another one, or holds what it must not."""

    reason = "MODEL_ARCHIVE_REFUSED"
    fault = Fault.SETUP


class ModelChanged(OcrError):
    """What a source gives now is not what it gave when the model was first pulled."""

    reason = "MODEL_CHANGED"
    fault = Fault.SETUP


class PullFailed(OcrError):
    """Models could not be fetched, or not be written where they belong."""

    reason = "PULL_FAILED"
    fault = Fault.SETUP


class InternalError(OcrError):
    """A bug of ours. The message is for the log, never for the caller."""

    reason = "INTERNAL"
    fault = Fault.SERVER
