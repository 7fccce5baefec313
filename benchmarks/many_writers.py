"""Processes that write to one account at once, twenty times each; and a reader that looks all the while."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from jupyter_flowauth.errors import FlowAuthError
from jupyter_flowauth.storage.file import FileStore
from jupyter_flowauth.tokens import Account, AccountKey, Identity, Registration, Token

from .figures import Figure
from .processes import run_together, wait_for
from .world import running_world

WRITES = 20
KEY = AccountKey(Registration("https://auth.example.org", "client"), "sub")


def measure() -> list[Figure]:
    """Return a figure for four and for sixteen processes."""
    return [_measure(processes) for processes in (4, 16)]


def _measure(processes: int) -> Figure:
    wanted = processes * WRITES
    with running_world() as (_, root):
        store, start = FileStore(root / "ours"), time.monotonic()
        torn, died = _run("ours", root / "ours", processes, lambda: _read(store))
        account = store.read(KEY)
        survived = len(account.tokens) if account else 0
        seconds = time.monotonic() - start
        theirs = root / "theirs.json"
        their_torn, their_died = _run("theirs", theirs, processes, lambda: _parses(theirs))
    peer = f"{_survivors(theirs)} survive, {their_torn} torn reads, {their_died} processes died"
    return Figure(
        f"{processes} processes × {WRITES} writes",
        f"{wanted} survive, every read whole",
        f"{survived} survive, {torn} torn reads",
        peer,
        survived == wanted and not torn and not died,
        f"{seconds:.1f} s",
    )


def _run(whose: str, path: Path, processes: int, look: Callable[[], bool]) -> tuple[int, int]:
    """Return how many reads were torn, and how many processes died."""
    torn, ended = 0, threading.Event()

    def read() -> None:
        nonlocal torn
        while not ended.wait(0.001):
            torn += not look()

    reader = threading.Thread(target=read)
    reader.start()
    answers = run_together("benchmarks.many_writers", [whose, path], processes=processes)
    ended.set()
    reader.join()
    return torn, sum(answer.startswith("died") for answer in answers)


def _read(store: FileStore) -> bool:
    try:
        store.read(KEY)
    except FlowAuthError:
        return False
    return True


def _parses(path: Path) -> bool:
    try:
        return not path.exists() or bool(json.loads(path.read_text()))
    except (OSError, ValueError):
        return False


def _survivors(path: Path) -> int:
    try:
        return sum(len(servers) for servers in json.loads(path.read_text())["data"].values())
    except (OSError, ValueError, KeyError):
        return 0


def write_ours(path: str, number: int, start: str) -> None:
    """Add one token after the other to the account."""
    store = FileStore(Path(path))
    wait_for(start)
    for count in range(WRITES):
        with store.transaction(KEY, timeout_seconds=60) as transaction:
            before = transaction.account or Account(KEY, Identity("sub", "alice"), "globus")
            transaction.write(before.with_tokens([Token(f"token-{number}-{count}", (f"scope-{number}-{count}",))]))


def write_theirs(path: str, number: int, start: str) -> None:
    """Add one resource server after the other to the SDK's JSON storage."""
    from globus_sdk.token_storage import JSONTokenStorage, TokenStorageData

    storage = JSONTokenStorage(path)
    wait_for(start)
    for count in range(WRITES):
        server = f"server-{number}-{count}"
        token = TokenStorageData(server, "id", "scope", "token", None, 2_000_000_000, "Bearer")
        storage.store_token_data_by_resource_server({server: token})


if __name__ == "__main__":
    number, start, whose, path = sys.argv[1:]
    (write_ours if whose == "ours" else write_theirs)(path, int(number), start)
