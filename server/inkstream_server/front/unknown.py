"""What a call may ask for that is not there: a method, or a service's health."""

from __future__ import annotations

from typing import Final

from inkstream_server.errors import Fault, OcrError

UNKNOWN_METHOD: Final = "unknown"
"""Whatever else a caller asks for, metrics and logs have this one name for it."""


class MethodUnknown(OcrError):
    """No method of this name is served over gRPC."""

    reason = "METHOD_UNKNOWN"
    fault = Fault.UNSERVED


class ServiceUnknown(OcrError):
    """The health of a service is asked for that is not served."""

    reason = "SERVICE_UNKNOWN"
    fault = Fault.UNSERVED
