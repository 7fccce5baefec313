"""Accounts in this process's memory: gone when it ends."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Hashable, Iterator

from ..errors import StorageError
from ..tokens import Account, AccountKey, Registration


class MemoryStore:
    """Accounts that rest nowhere but in this process."""

    def __init__(self) -> None:
        self._accounts: dict[AccountKey, Account] = {}
        self._lock = threading.RLock()
        self._writes = 0

    @property
    def location(self) -> str:
        """This process and this store."""
        return f"memory:{os.getpid()}:{id(self)}"

    def prepare(self) -> None:
        """Do nothing: memory is there."""

    def stamp(self, key: AccountKey | None = None) -> Hashable:
        """Return the number of writes so far."""
        return self._writes

    def read(self, key: AccountKey) -> Account | None:
        """Return an account, or None."""
        return self._accounts.get(key)

    def accounts(self, registration: Registration | None = None, *, unusable: list[StorageError] | None = None) -> tuple[Account, ...]:
        """Return every account held (for one registration), the most recent login first. All of them can be used."""
        found = [a for a in self._accounts.values() if registration in (None, a.key.registration)]
        return tuple(sorted(found, key=lambda account: -account.logged_in_at_seconds))

    @contextlib.contextmanager
    def transaction(self, key: AccountKey, *, timeout_seconds: float) -> Iterator[MemoryTransaction]:
        """Hold the store exclusively among this process's threads.

        :raises StorageError: if the lock wasn't to be had in time.
        """
        if not self._lock.acquire(timeout=timeout_seconds):
            raise StorageError("another thread held the tokens for too long; nothing was changed; try again")
        try:
            yield MemoryTransaction(self, key)
        finally:
            self._lock.release()

    def _put(self, key: AccountKey, account: Account | None) -> None:
        self._accounts.pop(key, None)
        if account is not None:
            self._accounts[key] = account
        self._writes += 1


class MemoryTransaction:
    """One account, held exclusively."""

    def __init__(self, store: MemoryStore, key: AccountKey) -> None:
        self._store, self._key = store, key

    @property
    def account(self) -> Account | None:
        """The account as it is now."""
        return self._store.read(self._key)

    def reserve(self) -> None:
        """Do nothing: memory that runs out ends the process, and the tokens with it."""

    def write(self, account: Account) -> None:
        """Keep the account."""
        self._store._put(self._key, account)

    def delete(self) -> None:
        """Forget the account."""
        self._store._put(self._key, None)
