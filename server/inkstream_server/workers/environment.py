"""The environment variables that worker processes start with: threads, and what is kept."""

from __future__ import annotations

from typing import Final

# glibc may give large blocks back to the kernel as soon as they are freed, and take them anew, page
# by page, for the next batch. Never set one of the two alone; see docs/decisions/011.
KEEP_MEMORY: Final = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
}

# oneDNN keeps primitives of its own beside those that OpenVINO and Paddle keep, 1024 by default, so
# that what these give up stays. A few are enough to share code between shapes of equal area; see
# docs/decisions/022.
KEEP_FEW_PRIMITIVES: Final = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "256"}


def worker_environment(threads: int) -> dict[str, str]:
    """For a process whose libraries may use this many threads each."""
    count = str(threads)
    return {
        **KEEP_MEMORY,
        **KEEP_FEW_PRIMITIVES,
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        # Processes that pin their threads all pin them to the same first cores.
        "KMP_AFFINITY": "disabled",
    }
