"""Says which workers are confined, and how far, from the configuration."""

from __future__ import annotations

from typing import Final

from inkstream_server.config import ServerConfig
from inkstream_server.document.limits import DocumentLimits
from inkstream_server.workers.confinement import Confinement, Confining
from inkstream_server.workers.role import RoleSpec
from inkstream_server.workers.role_specs import CpuRoleSpec

# A decoder may hold a picture several times over, in wide samples, and native libraries reserve
# more than they touch.
_PIXEL_BYTES: Final = 48
_BASE_BYTES: Final = 4 << 30
# The server ends a batch after `limits.max_page_s` of the clock; this holds where it cannot.
_SLACK_S: Final = 10.0


def confinement_of(config: ServerConfig, spec: RoleSpec, *, is_first: bool) -> Confinement | None:
    """None: not at all. Of a pool the first worker tells what cannot be had."""
    confining = config.workers.confinement
    if confining is Confining.OFF or not isinstance(spec, CpuRoleSpec):
        return None
    return Confinement(
        spare_address_bytes=config.workers.max_decode_bytes or _spare_bytes(config.limits),
        max_batch_cpu_s=config.limits.max_page_s + _SLACK_S,
        is_required=confining is Confining.REQUIRED,
        is_telling=is_first,
    )


def _spare_bytes(limits: DocumentLimits) -> int:
    pixels = max(limits.max_image_pixels, limits.max_page_pixels)
    return _BASE_BYTES + _PIXEL_BYTES * pixels
