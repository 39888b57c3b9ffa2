"""Counts what is taken of a fixed amount. It refuses and never makes anyone wait."""

from __future__ import annotations


class Budget:
    """An amount that many take from and give back to."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.taken = 0

    def take(self, amount: int) -> bool:
        """Whether there was as much; then it is taken."""
        if amount > self.total - self.taken:
            return False
        self.taken += amount
        return True

    def give_back(self, amount: int) -> None:
        assert 0 <= amount <= self.taken, "nobody gives back what was not taken"
        self.taken -= amount
