"""Which accounts a kernel uses, as word that it leaves for the panel of its server: names of files, and nothing that logs in."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path

from ..errors import StorageError
from ..records import PROTOCOL, ProcessStamp
from ..secret import SecretBytes
from ..tokens import AccountKey
from .owned_files import ensure_private_folder, read_private_file, replace_private_file
from .processes import is_alive, is_on_this_boot, this_process

PREFIX = "used-"


class AccountUses:
    """The word that kernels leave in the runtime folder, one file each; it counts for as long as its process lives.

    :param folder: the rendezvous' own.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pid = os.getpid()
        self._path = folder / f"{PREFIX}{secrets.token_hex(16)}.json"
        self._told: set[str] = set()
        self._lock = threading.Lock()

    def add(self, key: AccountKey) -> None:
        """Leave word that this process uses an account; only the first time costs anything. What can't be left isn't missed."""
        if key.digest in self._told or os.getpid() != self._pid:  # a child that was forked speaks for itself
            return
        with self._lock, contextlib.suppress(StorageError, OSError):  # of two threads, the second writes the word of both
            self._told.add(key.digest)
            values = {"protocol": PROTOCOL, "process": dataclasses.asdict(this_process()), "accounts": sorted(self._told)}
            ensure_private_folder(self.folder)
            replace_private_file(self._path, SecretBytes(json.dumps(values).encode()), durable=False)

    def pids(self) -> Mapping[str, frozenset[int]]:
        """Return the processes on this machine that use each account, by the account's digest; remove the word of those that have ended."""
        found: dict[str, set[int]] = {}
        for path in sorted(self.folder.glob(f"{PREFIX}*.json")):
            stamp, digests = _read(path)
            if stamp is not None and is_on_this_boot(stamp) and not is_alive(stamp):
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            elif stamp is not None and is_on_this_boot(stamp):
                for digest in digests:
                    found.setdefault(digest, set()).add(stamp.pid)
        return {digest: frozenset(pids) for digest, pids in found.items()}


def _read(path: Path) -> tuple[ProcessStamp | None, tuple[str, ...]]:
    """Return whose word a file is, and of which accounts; nobody's, if it can't be understood."""
    try:
        values = json.loads(read_private_file(path) or b"null")
        if values["protocol"] != PROTOCOL:
            return None, ()
        return ProcessStamp(**values["process"]), tuple(map(str, values["accounts"]))
    except (KeyError, TypeError, ValueError, StorageError):
        return None, ()
