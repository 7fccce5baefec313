"""A process that forks others, which do one operation and die on the way: forked, so that a crash costs milliseconds."""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Death:
    """How a process ended, and what it had said by then."""

    status: int
    said: list[str]

    @property
    def completed(self) -> bool:
        return self.status == 0

    @property
    def killed(self) -> bool:
        return self.status == -signal.SIGKILL


class Forker:
    """The process, as the test sees it.

    :param modules: what its children need besides, loaded once.
    """

    def __init__(self, *modules: str) -> None:
        self._modules = modules

    def __enter__(self) -> Forker:
        command = [sys.executable, str(Path(__file__)), *self._modules]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.communicate(timeout=LONGEST_SECONDS)

    def run(self, operation: str, *arguments: object, crash_at: int = 0, kill_after: float | None = None) -> Death:
        """Let a new process do an operation (of operations.py), and wait for its end."""
        return self._order(operation, arguments, processes=1, crash_at=crash_at, kill_after=kill_after)[0]

    def together(self, operation: str, *arguments: object, processes: int) -> list[Death]:
        """Let many processes do an operation at the same moment, and wait for all of them; "{index}" is each one's number."""
        return self._order(operation, arguments, processes=processes, crash_at=0, kill_after=None)

    def _order(self, operation: str, arguments: tuple[object, ...], **how: object) -> list[Death]:
        order = {"operation": operation, "arguments": [str(argument) for argument in arguments], **how}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return [Death(**death) for death in json.loads(self._process.stdout.readline())]


def serve() -> None:
    """Be the process: read orders, fork, wait, answer."""
    import globus_sdk  # what all of them need is loaded once
    from globus_sdk.transport import RequestsTransport

    import jupyter_flowauth.auth
    from tests.torture import operations

    assert globus_sdk.NativeAppAuthClient
    assert RequestsTransport
    assert jupyter_flowauth.auth.FlowAuth
    for module in sys.argv[1:]:
        importlib.import_module(module)
    for line in sys.stdin:
        order = json.loads(line)
        held_back, start = os.pipe()
        children = [fork(order, index, held_back, start, operations.perform) for index in range(order["processes"])]
        os.close(start)  # they start when this end is closed
        os.close(held_back)
        print(json.dumps([end_of(*child, order["kill_after"]) for child in children]), flush=True)


def fork(order: dict[str, Any], index: int, held_back: int, start: int, perform: Callable[..., None]) -> tuple[int, int]:
    """Return a new child, which waits for its start, and where to read what it says."""
    readable, writable = os.pipe()
    if (pid := os.fork()) == 0:
        os.close(readable)
        os.close(start)
        os.read(held_back, 1)
        arguments = [argument.replace("{index}", str(index)) for argument in order["arguments"]]
        perform(order["operation"], arguments, crash_at=order["crash_at"], say=writable)
    os.close(writable)
    return pid, readable


def end_of(pid: int, readable: int, kill_after: float | None) -> dict[str, Any]:
    """Wait for a child's end, or bring it about; tell its status, and what it said."""
    status = wait_for(pid, kill_after)
    with os.fdopen(readable, encoding="utf-8") as said:
        # A last line that was cut off was not said.
        return {"status": status, "said": [part[:-1] for part in said if part.endswith("\n")]}


def wait_for(pid: int, kill_after: float | None) -> int:
    """Wait for a child's end, and bring it about when its time is up."""
    descriptor = os.pidfd_open(pid)
    ended, _, _ = select.select([descriptor], [], [], LONGEST_SECONDS if kill_after is None else kill_after)
    if not ended:
        os.kill(pid, signal.SIGKILL if kill_after is not None else signal.SIGABRT)
    os.close(descriptor)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    serve()
