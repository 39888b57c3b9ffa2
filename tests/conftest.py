"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# A property is right or wrong, not fast or slow: the machine may be busy.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
