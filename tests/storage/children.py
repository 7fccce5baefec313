"""What other processes do in these tests: run as ``python children.py NAME ARGUMENTS``; ready when a line was printed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def child(name: str, *arguments: object, count: int = 1) -> Iterator[list[subprocess.Popen[str]]]:
    """Run a function of this file in processes of its own; kill what is left of them in the end."""
    command = [sys.executable, __file__, name, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(count)]
    try:
        yield running
    finally:
        for process in running:
            process.kill()
            process.communicate()


def run(name: str, *arguments: object) -> str:
    """Run a function of this file to its end and return what it printed."""
    with child(name, *arguments) as (process,):
        printed = process.communicate(timeout=60)[0]
        assert process.returncode == 0
        return printed.strip()


def write_many(folder: str, number: str) -> None:
    """Add tokens to one account, each in a transaction of its own."""
    from jupyter_flowauth.storage.file import FileStore
    from jupyter_flowauth.tokens import Token
    from tests.fakes.world import account_of, key_of

    store = FileStore(Path(folder))
    for index in range(int(number)):
        with store.transaction(key_of("alice"), timeout_seconds=60) as transaction:
            before = transaction.account or account_of("alice")
            transaction.write(before.with_tokens([Token("x" * 200, (f"{os.getpid()}:{index}",))]))


def write_forever(folder: str) -> None:
    """Write one account over and over."""
    from jupyter_flowauth.storage.file import FileStore
    from jupyter_flowauth.tokens import Token
    from tests.fakes.world import account_of, keep

    store, index = FileStore(Path(folder)), 0
    keep(store, account_of("alice"))
    print("ready", flush=True)
    while True:
        index += 1
        keep(store, account_of("alice", Token("x" * 3000 * (1 + index % 7), (f"s{index}",))))


def hold_lock(folder: str) -> None:
    """Hold an account until the end."""
    from jupyter_flowauth.storage.file import FileStore
    from tests.fakes.world import key_of

    with FileStore(Path(folder)).transaction(key_of("alice"), timeout_seconds=5):
        print("ready", flush=True)
        sys.stdin.read()


def take_once(folder: str, login_id: str) -> None:
    """Take a state when told to."""
    from jupyter_flowauth.storage.rendezvous import FolderRendezvous

    rendezvous = FolderRendezvous(Path(folder))
    print("ready", flush=True)
    sys.stdin.readline()
    print(rendezvous.take(login_id), flush=True)


def write_as_nobody(folder: str) -> None:
    """Try to keep an account as a user who may not, and print the error."""
    from jupyter_flowauth.errors import StorageError
    from jupyter_flowauth.storage.file import FileStore
    from tests.fakes.world import account_of, keep

    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    try:
        keep(FileStore(Path(folder)), account_of("alice"))
    except StorageError as error:
        print(error)


def write_with_small_files(folder: str, size: str) -> None:
    """Try to keep an account where no file may grow beyond so many bytes, and print the error."""
    import resource

    from jupyter_flowauth.errors import StorageError
    from jupyter_flowauth.storage.file import FileStore
    from jupyter_flowauth.tokens import Token
    from tests.fakes.world import account_of, keep

    resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), int(size)))
    store = FileStore(Path(folder))
    for action in (store.prepare, lambda: keep(store, account_of("alice", Token("x" * 2 * int(size), ("a",))))):
        try:
            action()
        except StorageError as error:
            print(error)


def open_request(folder: str) -> None:
    """Leave a request in a rendezvous, and live until told to end."""
    from jupyter_flowauth.storage.rendezvous import FolderRendezvous
    from tests.storage.login_requests import build_request

    request = build_request()
    FolderRendezvous(Path(folder)).open_request(request)
    print(request.login_id, flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
