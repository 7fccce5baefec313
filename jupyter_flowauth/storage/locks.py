"""One holder at a time, among the threads of this process and the processes of this machine."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import StorageError

MOVE_THE_STORAGE = 'move the storage to a local folder ("storage" in jupyter_flowauth.json)'
_POLL_SECONDS = 0.02


@dataclass(slots=True)
class _ThreadLock:
    """A lock among the threads of this process, and how often the thread that holds it has taken it."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    depth: int = 0


# One lock per file in this process: file locks of one process don't exclude its own threads on every system.
_THREAD_LOCKS: defaultdict[str, _ThreadLock] = defaultdict(_ThreadLock)
if hasattr(os, "register_at_fork"):
    # A child has none of the threads that may hold them at this moment, and would wait for ever.
    os.register_at_fork(after_in_child=_THREAD_LOCKS.clear)


@contextlib.contextmanager
def exclusive(path: Path, *, timeout_seconds: float, remedy: str = MOVE_THE_STORAGE) -> Iterator[None]:
    """Hold a lock: one among this process's threads, then one file lock among processes, which dies with its process.

    A thread that holds it may take it again: file and keyring share the lock of an account, and a move holds both.

    :param remedy: what to do where locks don't work.
    :raises StorageError: if it wasn't to be had in time, or locks don't work in this folder.
    """
    ours = _THREAD_LOCKS[str(path)]
    if not ours.lock.acquire(timeout=timeout_seconds):
        raise _busy(path)
    try:
        with contextlib.nullcontext() if ours.depth else _file_lock(path, timeout_seconds, remedy):
            ours.depth += 1
            try:
                yield
            finally:
                ours.depth -= 1
    finally:
        ours.lock.release()


@contextlib.contextmanager
def _file_lock(path: Path, timeout_seconds: float, remedy: str) -> Iterator[None]:
    # Without fallback_to_soft=False a file system without locks would get, in silence, one that outlives its process.
    lock = FileLock(path, timeout=timeout_seconds, mode=0o600, fallback_to_soft=False)
    try:
        lock.acquire(poll_interval=_POLL_SECONDS)
    except Timeout:
        raise _busy(path) from None
    except (OSError, NotImplementedError) as error:
        if path.is_symlink() or path.is_dir():
            raise StorageError(f"{path} is a link or a folder, and no lock; nothing was changed; remove it", path=str(path)) from None
        raise StorageError(
            f"file locks don't work in {path.parent} ({error}); nothing was changed; {remedy}", path=str(path.parent)
        ) from None
    try:
        yield
    finally:
        lock.release()


def _busy(path: Path) -> StorageError:
    return StorageError(
        f"another process held {path.name} for too long; nothing was changed here; try again, or end the process that hangs",
        path=str(path),
    )
