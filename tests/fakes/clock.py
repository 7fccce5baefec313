"""A clock that stands still until a test moves it."""

from __future__ import annotations


class FixedClock:
    """POSIX and monotonic time, both told by the test."""

    def __init__(self, seconds: float = 1_000_000.0) -> None:
        self.seconds = seconds

    def now(self) -> float:
        return self.seconds

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
