"""Says which promises a benchmark saw kept, and makes its exit status of that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Promises:
    """What was promised, what was seen, and whether that is enough."""

    broken: list[str] = field(default_factory=list)

    def at_most(self, what: str, seen: float, limit: float, unit: str = "") -> None:
        self._note(f"{what}: {seen:.4g}{unit}, promised at most {limit:g}{unit}", seen <= limit)

    def at_least(self, what: str, seen: float, limit: float, unit: str = "") -> None:
        self._note(f"{what}: {seen:.4g}{unit}, promised at least {limit:g}{unit}", seen >= limit)

    def none(self, what: str, seen: Sequence[str]) -> None:
        """Nothing of this kind may be seen; the first of what was is shown."""
        shown = "; ".join(seen[:3]) + (" …" if len(seen) > 3 else "")  # noqa: PLR2004 - some
        self._note(f"{what}: {len(seen)}, promised 0" + (f" ({shown})" if seen else ""), not seen)

    @property
    def exit_status(self) -> int:
        return 1 if self.broken else 0

    def _note(self, line: str, is_kept: bool) -> None:
        print(f"{'kept  ' if is_kept else 'BROKEN'}  {line}", flush=True)
        if not is_kept:
            self.broken.append(line)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed; not a number where there are none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan
