"""Points at which a process may die: before each of its lowest calls, in the middle of a write, before a request and before its answer."""

from __future__ import annotations

import http.client
import io
import os
import signal
from collections.abc import Callable
from typing import Any


class CrashPoints:
    """Counts the points that are reached, and kills the process at one of them.

    :param crash_at: the number of the point, from 1; 0 for none.
    """

    def __init__(self, crash_at: int) -> None:
        self.crash_at, self.reached = crash_at, 0

    def reach(self) -> None:
        """Be at a point: as with ``kill -9``, nothing of this process runs after it."""
        self.reached += 1
        if self.reached == self.crash_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        """Put a point before each of the calls."""
        for name in ("open", "fsync", "replace", "unlink", "write"):
            setattr(os, name, self._before(getattr(os, name)))
        for name in ("request", "getresponse"):
            setattr(http.client.HTTPConnection, name, self._before(getattr(http.client.HTTPConnection, name)))
        open_descriptor = os.fdopen

        def fdopen(descriptor: int, mode: str) -> Any:
            file = open_descriptor(descriptor, mode)
            return TornFile(file, self) if "w" in mode else file

        os.fdopen = fdopen  # type: ignore[assignment]
        open_path = io.open

        def open_file(file: Any, mode: str = "r", *values: Any, **options: Any) -> Any:
            opened = open_path(file, mode, *values, **options)
            return TornFile(opened, self) if "w" in mode else opened

        io.open = open_file  # type: ignore[assignment]  # what pathlib writes with: nothing of ours should

    def _before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*values: Any, **options: Any) -> Any:
            self.reach()
            return call(*values, **options)

        return wrapped


class TornFile:
    """A file whose writes come in two halves, each of them on the disk."""

    def __init__(self, file: Any, points: CrashPoints) -> None:
        self._file, self._points = file, points

    def write(self, content: bytes) -> None:
        for half in (content[: len(content) // 2], content[len(content) // 2 :]):
            self._points.reach()
            self._file.write(half)
            self._file.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> TornFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._points.reach()
        self._file.close()
