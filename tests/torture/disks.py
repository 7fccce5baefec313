"""Disks that are full or read-only: real ones where this may mount, a limit of the process or modes where it may not."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a disk of a few kB on a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", str(folder)], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk; run the tests as root, in a container that may mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Take all of the space that is left, and return what holds it."""
    path = folder.parent / f"{folder.name}/filler"
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as file:
        while file.write(b"x" * 512):
            pass
    assert os.statvfs(folder).f_bavail == 0
    return path


def make_read_only(folder: Path) -> None:
    """Mount a folder's disk again, read-only."""
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
