"""What it takes to keep something where it is while a worker uses it."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self


class Hold(Protocol):
    """A right to use memory or a file; it is given back when the last holder releases it."""

    def hold(self) -> Self:
        """One holder more. Leaving a `with` block of it is one less."""

    def release(self) -> None:
        """One holder less."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
