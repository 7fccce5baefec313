"""Fresh Python processes, and how long they take."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

_GO, _GLANCE_SECONDS = "go", 0.005


def run_python(*arguments: str) -> str:
    """Return what a fresh process prints.

    :raises RuntimeError: if it fails, with what it says.
    """
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{arguments[:2]} failed:\n{done.stderr}")
    return done.stdout.strip()


def interleaved_medians(programs: Mapping[str, str], *, rounds: int) -> dict[str, tuple[float, ...]]:
    """Return the medians of the numbers that each program prints, their runs interleaved so that the machine's moods are shared."""
    printed: dict[str, list[list[float]]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            printed[name].append([float(number) for number in run_python("-c", program).split()])
    return {name: tuple(median(column) for column in zip(*rows, strict=True)) for name, rows in printed.items()}


def run_together(module: str, arguments: Sequence[Any], *, processes: int) -> list[str]:
    """Return what so many processes of a module print, all of them starting their work at the same moment: when the last one is ready.

    Each is called with its number, the folder where it says that it is ready, and the arguments.
    """
    with tempfile.TemporaryDirectory(prefix="flowauth-bench-") as start:
        commands = [[sys.executable, "-m", module, str(number), start, *map(str, arguments)] for number in range(processes)]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for command in commands]
        while len(os.listdir(start)) < processes and all(process.poll() is None for process in running):
            time.sleep(_GLANCE_SECONDS)
        (Path(start) / _GO).touch()
        return [_answer_of(process) for process in running]


def _answer_of(process: subprocess.Popen[str]) -> str:
    printed, complaints = process.communicate()
    return printed.strip() if process.returncode == 0 else f"died: {complaints.strip()}"


def wait_for(start: str) -> None:
    """Say that this process is ready, and wait for the common moment."""
    (Path(start) / str(os.getpid())).touch()
    while not (Path(start) / _GO).exists():
        time.sleep(_GLANCE_SECONDS)
