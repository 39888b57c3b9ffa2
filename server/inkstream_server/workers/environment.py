"""The environment variables that worker processes start with: threads, and the C allocator."""

from __future__ import annotations

from typing import Final

# glibc may give large blocks back to the kernel as soon as they are freed, and take them anew, page
# by page, for the next batch. Never set one of the two alone; see docs/decisions/011.
KEEP_MEMORY: Final = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
}


def worker_environment(threads: int) -> dict[str, str]:
    """For a process whose libraries may use this many threads each."""
    count = str(threads)
    return {
        **KEEP_MEMORY,
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        # Processes that pin their threads all pin them to the same first cores.
        "KMP_AFFINITY": "disabled",
    }
