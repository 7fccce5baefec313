"""How much is done for whom: so that one user, or one page that opens addresses in a loop, doesn't take the relay from the others."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class RateLimit:
    """A bucket of tries for each key, refilled steadily.

    It is the only thing that is remembered between requests, and no answer depends on it: a replica that starts anew forgives.
    """

    def __init__(self, *, burst: int, per_second: float, monotonic: Callable[[], float], most_keys: int = 10_000) -> None:
        self._burst, self._per_second, self._monotonic, self._most_keys = burst, per_second, monotonic, most_keys
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, key: str) -> bool:
        """Take one try, and tell whether there was one."""
        now = self._monotonic()
        left, seen = self._left.pop(key, (float(self._burst), now))
        left = min(float(self._burst), left + (now - seen) * self._per_second)
        self._left[key] = (left - 1 if left >= 1 else left, now)
        while len(self._left) > self._most_keys:
            self._left.popitem(last=False)
        return left >= 1


class Busy(Exception):
    """There is more to do at once than there may be."""


class InFlight:
    """How many questions to the Hub may be open at once."""

    def __init__(self, most: int) -> None:
        self._most, self.now = most, 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count one for as long as the block runs.

        :raises Busy: if there are as many as there may be.
        """
        if self.now >= self._most:
            raise Busy
        self.now += 1
        try:
            yield
        finally:
            self.now -= 1
