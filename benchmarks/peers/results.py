"""What the rounds amount to: rates, ratios and errors, as values and as a table. Pure."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from edit_distance import edit_distance
from peers.variant import Lines
from peers.workloads import Picture


@dataclass(frozen=True, slots=True)
class Round:
    """`idle_cpu_share`: what the most restless of the others used meanwhile, of one core."""

    pages_per_s: float
    cpu_s_per_page: float
    idle_cpu_share: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Blanks are left out: the models drop many, whoever runs them. No truth: no characters."""

    line_count: int
    character_count: int
    error_count: int

    @classmethod
    def of(cls, pictures: Sequence[Picture], pages: Sequence[Lines]) -> Accuracy:
        known = [
            (_text(picture.truth), _text(lines))
            for picture, lines in zip(pictures, pages, strict=True)
            if picture.truth is not None
        ]
        return cls(
            line_count=sum(len(lines) for lines in pages),
            character_count=sum(len(truth) for truth, _ in known),
            error_count=sum(edit_distance(text, truth) for truth, text in known),
        )

    @property
    def error_rate(self) -> float | None:
        return self.error_count / self.character_count if self.character_count else None


@dataclass(frozen=True, slots=True)
class Column:
    """All that was measured of one variant on one workload."""

    name: str
    about: str
    accuracy: Accuracy
    rounds: tuple[Round, ...]

    @property
    def median_pages_per_s(self) -> float:
        return statistics.median(each.pages_per_s for each in self.rounds)


def ratio(ours: Column, theirs: Column) -> float:
    """The median of the rounds' ratios: rounds of one number were next to each other."""
    return statistics.median(
        mine.pages_per_s / other.pages_per_s
        for mine, other in zip(ours.rounds, theirs.rounds, strict=True)
    )


def table(workload: str, columns: Sequence[Column]) -> str:
    """Every variant in one line; how many times as fast as each peer every Inkstream is."""
    peers = [column for column in columns if not _is_ours(column)]
    heads = [f"x {peer.name}" for peer in peers]
    lines = [
        f"{workload:22}{'pages/s':>9}{'least':>8}{'most':>8}{'CPU s/page':>12}"
        f"{'errors':>9}{'lines':>7}" + "".join(f"{head:>{len(head) + 2}}" for head in heads)
    ]
    for column in columns:
        rates = [each.pages_per_s for each in column.rounds]
        cpu_s = statistics.median(each.cpu_s_per_page for each in column.rounds)
        error_rate = column.accuracy.error_rate
        ratios = [f"{ratio(column, peer):.2f}" if _is_ours(column) else "" for peer in peers]
        lines.append(
            f"{column.name:22}{column.median_pages_per_s:9.3f}{min(rates):8.3f}{max(rates):8.3f}"
            f"{cpu_s:12.3f}{'-' if error_rate is None else f'{error_rate:.2%}':>9}"
            f"{column.accuracy.line_count:7}"
            + "".join(f"{r:>{len(h) + 2}}" for r, h in zip(ratios, heads, strict=True))
        )
    restless = max(each.idle_cpu_share for column in columns for each in column.rounds)
    lines.append(f"idle variants used {restless:.1%} of a core at most while another one ran")
    return "\n".join(line.rstrip() for line in lines)


def tree(columns: Sequence[Column]) -> list[dict[str, object]]:
    """For JSON."""
    return [
        asdict(column)
        | {
            "median_pages_per_s": column.median_pages_per_s,
            "error_rate": column.accuracy.error_rate,
            "ratios": {
                peer.name: ratio(column, peer)
                for peer in columns
                if _is_ours(column) and not _is_ours(peer)
            },
        }
        for column in columns
    ]


def _is_ours(column: Column) -> bool:
    return column.name.startswith("inkstream")


def _text(lines: Lines) -> str:
    return re.sub(r"\s", "", "".join(lines))
