"""Counts how far a text is from another one."""

from __future__ import annotations


def edit_distance(one: str, other: str) -> int:
    """Count the characters to insert, delete or replace to make one text the other."""
    previous = list(range(len(other) + 1))
    for row, left in enumerate(one, 1):
        current = [row]
        for column, right in enumerate(other, 1):
            replaced = previous[column - 1] + (left != right)
            current.append(min(previous[column] + 1, current[-1] + 1, replaced))
        previous = current
    return previous[-1]
