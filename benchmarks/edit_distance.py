"""Counts how far a text is from another one."""

from __future__ import annotations


def edit_distance(one: str, other: str) -> int:
    """Count the characters to insert, delete or replace to make one text the other.

    Takes time as length times distance, so that whole pages which are nearly right are quick.
    """
    band = abs(len(one) - len(other)) + 1
    while (distance := _distance_within(one, other, band)) > band:
        band *= 2
    return distance


def _distance_within(one: str, other: str, band: int) -> int:
    """The distance, where it is at most `band`; else something above that.

    A cell further than `band` from the diagonal cannot be on such a path.
    """
    beyond = band + 1
    previous = {column: column for column in range(min(band, len(other)) + 1)}
    for row, left in enumerate(one, 1):
        current: dict[int, int] = {}
        for column in range(max(row - band, 0), min(row + band, len(other)) + 1):
            if column == 0:
                current[0] = row
                continue
            replaced = previous.get(column - 1, beyond) + (left != other[column - 1])
            shifted = min(previous.get(column, beyond), current.get(column - 1, beyond)) + 1
            current[column] = min(replaced, shifted)
        previous = current
    return previous.get(len(other), beyond)
