"""Why a model cannot be run as asked. All of them stop a start; none is a caller's doing."""

from __future__ import annotations

from inkstream_server.errors import Fault, OcrError


class EngineUnknown(OcrError):
    """No engine has this name."""

    reason = "ENGINE_UNKNOWN"
    fault = Fault.SETUP


class EngineUnusable(OcrError):
    """The engine cannot run this model here; the message says what is missing."""

    reason = "ENGINE_UNUSABLE"
    fault = Fault.SETUP


class DeviceUnknown(OcrError):
    """No such device is known."""

    reason = "DEVICE_UNKNOWN"
    fault = Fault.SETUP


class DeviceMissing(OcrError):
    """The device is of a known kind, and not in this machine, or its driver or package is not."""

    reason = "DEVICE_MISSING"
    fault = Fault.SETUP


class PrecisionUnavailable(OcrError):
    """The engine or the processor does not compute in this precision."""

    reason = "PRECISION_UNAVAILABLE"
    fault = Fault.SETUP


class ModelMismatch(OcrError):
    """The model's files do not belong together, or to the module they are configured for."""

    reason = "MODEL_MISMATCH"
    fault = Fault.SETUP
