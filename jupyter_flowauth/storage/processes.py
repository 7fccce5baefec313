"""Which process this is, and whether another one still lives."""

from __future__ import annotations

import contextlib
import functools
import os
import platform
import sys
from pathlib import Path

from ..records import ProcessStamp

_SAME_START_SECONDS = 2.0
_COUNTS_FROM_BOOT = sys.platform == "linux"


@functools.cache
def boot_id() -> str:
    """Return a name for this boot of this machine."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    import psutil

    return str(round(psutil.boot_time() / 10))


def this_process() -> ProcessStamp:
    """Return the stamp of this process."""
    return ProcessStamp(platform.node(), boot_id(), os.getpid(), _started(os.getpid()) or 0.0)


def is_on_this_boot(stamp: ProcessStamp) -> bool:
    """Tell whether a process was started on this machine since it was booted, so that its pid can be judged from here."""
    return (stamp.host, stamp.boot_id) == (platform.node(), boot_id())


def is_alive(stamp: ProcessStamp) -> bool:
    """Tell whether a process still runs. One on another host, which can't be judged from here, counts as running."""
    if not is_on_this_boot(stamp):
        return stamp.host != platform.node()
    started = _started(stamp.pid)
    return started is not None and abs(started - stamp.started_seconds) < _SAME_START_SECONDS


def _started(pid: int) -> float | None:
    """Return when a process started, in seconds since the boot where the system tells that: they don't move when its clock is set."""
    if _COUNTS_FROM_BOOT:
        return _started_since_boot(pid)
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def _started_since_boot(pid: int) -> float | None:
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # proc(5): "pid (comm) state ppid ... starttime"; the name may hold spaces and parentheses.
    state, *fields = status.rpartition(b")")[2].split()
    return None if state == b"Z" else int(fields[18]) / os.sysconf("SC_CLK_TCK")
