"""What is done where the real SecretService runs: ``python with_keyring.py NAME``; each prints what a test compares, and never a token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from jupyter_flowauth.held_tokens import HeldTokens
from jupyter_flowauth.moving import move_accounts
from jupyter_flowauth.storage.file import FileStore
from jupyter_flowauth.storage.keyring import KeyringStore
from jupyter_flowauth.storage.system_clock import SystemClock
from tests.torture.homes import TRANSFER_ALL, Home


def backend() -> object:
    """Name the backend that is used."""
    import keyring

    return type(keyring.get_keyring()).__module__


def move_and_use() -> object:
    """Move what the test has left in a file into the keyring, use it there in many threads, and move it back."""
    home = Home()
    store = KeyringStore(home.folder)
    moved = move_accounts(home.store, store, commit=lambda: None)
    held = HeldTokens(home.provider, store, clock=SystemClock)  # type: ignore[arg-type]
    got = set[str]()
    threads = [threading.Thread(target=lambda: got.add(held.token(TRANSFER_ALL, min_valid=60).fingerprint)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    in_files = [path.name for path in home.folder.iterdir() if "sbxrefresh" in path.read_text()]
    return [moved, len(got), in_files, move_accounts(store, home.store, commit=lambda: None), len(store.accounts())]


def see_another_process() -> object:
    """Watch a login being moved into the keyring by another process."""
    home = Home()
    held = HeldTokens(home.provider, KeyringStore(home.folder), clock=SystemClock)  # type: ignore[arg-type]
    before = held.missing([TRANSFER_ALL])
    move = "from tests.torture.homes import Home; from jupyter_flowauth.storage.keyring import KeyringStore as K;"
    move += "from jupyter_flowauth.moving import move_accounts as m; h = Home(); m(h.store, K(h.folder), commit=lambda: None)"
    subprocess.run([sys.executable, "-c", move], check=True, cwd=Path(__file__).parents[2])
    return [before == (TRANSFER_ALL,), held.missing([TRANSFER_ALL]) == ()]


def write_in_many_processes() -> object:
    """Add tokens to one account in the keyring from several processes, and count what survived."""
    from tests.torture.homes import store_folder

    home = Home()
    move_accounts(FileStore(store_folder()), KeyringStore(home.folder), commit=lambda: None)
    code = "import os; from tests.interop.with_keyring import add; add(os.getpid())"
    running = [subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2]) for _ in range(4)]
    ended = [process.wait(100) for process in running]
    found = KeyringStore(home.folder).read(home.key())
    return [ended, len(found.scopes) if found else 0]


def add(name: int) -> None:
    """Add five tokens."""
    from jupyter_flowauth.tokens import Token

    home = Home()
    for number in range(5):
        with KeyringStore(home.folder).transaction(home.key(), timeout_seconds=60) as transaction:
            assert transaction.account is not None
            transaction.write(transaction.account.with_tokens([Token("x", (f"{name}:{number}",))]))


if __name__ == "__main__":
    sys.path.insert(0, os.fspath(Path(__file__).parents[2]))
    print(json.dumps(globals()[sys.argv[1]]()))
