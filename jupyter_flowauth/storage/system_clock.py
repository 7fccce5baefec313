"""The machine's clocks."""

from __future__ import annotations

import time


class SystemClock:
    """POSIX time and monotonic time, as the system tells them."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
