"""How long one login waits, and how it is called off."""

from __future__ import annotations

import threading
from typing import Literal

from .errors import LoginDenied, LoginTimeout
from .ports import Clock

LONGEST_TIMEOUT_SECONDS = 900.0


class Deadline:
    """The patience of one login: a deadline, and a way to call it off from another thread."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock, self._seconds = clock, seconds
        self._cancelled = threading.Event()
        self.restart()
        self._how: Literal["cancelled", "interrupted"] = "cancelled"

    def restart(self) -> None:
        """Count the seconds from now on."""
        self._end = self._clock.monotonic() + self._seconds

    def end_within(self, seconds: float) -> None:
        """End sooner, if it wouldn't have ended by then: what the person was shown is good for no longer."""
        self._end = min(self._end, self._clock.monotonic() + seconds)

    def cancel(self, *, how: Literal["cancelled", "interrupted"] = "cancelled") -> None:
        """Call the wait off."""
        self._how = how
        self._cancelled.set()

    def pause(self, seconds: float) -> None:
        """Wait a moment.

        :raises LoginTimeout: when the deadline has passed.
        :raises LoginDenied: with ``error="cancelled"`` or ``"interrupted"`` once the login was called off.
        """
        left = self._end - self._clock.monotonic()
        if left <= 0:
            raise LoginTimeout("nobody answered the login in time; what was held before is still held; run it again to be asked again")
        if self._cancelled.wait(min(seconds, left)):
            raise LoginDenied(
                f"the login was {self._how}; what was held before is still held; run it again to be asked again", error=self._how
            )
