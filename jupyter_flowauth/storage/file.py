"""Accounts as one JSON file each, in a folder that only the user can enter."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Hashable, Iterator
from pathlib import Path

from ..errors import LoginRequired, StorageError
from ..tokens import Account, AccountKey, Registration
from .account_json import NewerFormat, from_json, to_json
from .locks import exclusive
from .owned_files import (
    ensure_private_folder,
    read_private_file,
    replace_private_file,
    reserve_space,
    stamp_of,
    storage_errors,
    sweep_temporaries,
    sync_folder,
)

# Nothing else in the folder is ours to judge: the keyring's index rests there too.
_ACCOUNT_FILE = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}\.json")
_RESERVED_BYTES = 64 * 1024
_LOCK_SECONDS = 10.0
# Another host, whose locks don't reach here, may still be writing a younger one.
_ABANDONED_SECONDS = 15 * 60.0


class FileStore:
    """A folder of accounts: 0700, its files 0600, written whole, one lock per account beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def location(self) -> str:
        """The folder, as ``file:/path``."""
        return f"file:{self.folder}"

    def prepare(self) -> None:
        """Make sure that an account can be kept here.

        :raises StorageError: if the folder can't be made or used, locks don't work there, or the disk is full.
        """
        ensure_private_folder(self.folder)
        probe = self.folder / "probe"
        with exclusive(probe.with_suffix(".lock"), timeout_seconds=_LOCK_SECONDS):
            sweep_temporaries(probe)
            reserve_space(probe, _RESERVED_BYTES).unlink()
        probe.with_suffix(".lock").unlink(missing_ok=True)

    def stamp(self, key: AccountKey | None = None) -> Hashable:
        """Return the folder's time of change, and the account file's identity: every write of ours renames, and so changes both."""
        return (stamp_of(self.folder), stamp_of(self._path(key))) if key else stamp_of(self.folder)

    def read(self, key: AccountKey) -> Account | None:
        """Return an account, or None.

        :raises StorageError: if the file must not be used (a link, another owner, a newer format).
        :raises LoginRequired: if it was corrupt, and so was set aside; the message names where.
        """
        if not self.folder.is_dir():
            return None
        return self._read_file(self._path(key))

    def accounts(self, registration: Registration | None = None, *, unusable: list[StorageError] | None = None) -> tuple[Account, ...]:
        """Return every account held (for one registration), the most recent login first. A file that was set aside is left out.

        :param unusable: takes an error for every file that must not be used; without it the first of them is raised.
        """
        if not self.folder.is_dir():
            return ()
        ensure_private_folder(self.folder)
        with storage_errors(self.folder, "list"):
            names = sorted(filter(_ACCOUNT_FILE.fullmatch, os.listdir(self.folder)))
        wanted = registration.digest + "-" if registration else ""
        found = [self._read_listed(self.folder / name, unusable) for name in names if name.startswith(wanted)]
        return tuple(sorted(filter(None, found), key=lambda account: -account.logged_in_at_seconds))

    def _read_listed(self, path: Path, unusable: list[StorageError] | None) -> Account | None:
        try:
            return self._read_file(path)
        except StorageError as error:
            if unusable is None:
                raise
            unusable.append(error.with_traceback(None))
            return None

    @contextlib.contextmanager
    def transaction(self, key: AccountKey, *, timeout_seconds: float) -> Iterator[FileTransaction]:
        """Hold one account exclusively, among threads and processes.

        :raises StorageError: if the lock wasn't to be had in time, or locks don't work here.
        """
        ensure_private_folder(self.folder)
        path = self._path(key)
        with exclusive(path.with_suffix(".lock"), timeout_seconds=timeout_seconds):
            sweep_temporaries(path, older_than_seconds=_ABANDONED_SECONDS)
            transaction = FileTransaction(self, key, self._read_file(path))
            try:
                yield transaction
            finally:
                transaction.release()

    def _path(self, key: AccountKey) -> Path:
        return self.folder / f"{key.digest}.json"

    def _read_file(self, path: Path) -> Account | None:
        content = read_private_file(path)
        if content is None:
            return None
        try:
            return from_json(content)
        except NewerFormat as error:
            raise StorageError(f"{path} {error}; it was left untouched; upgrade jupyter_flowauth here", path=str(path)) from None
        except ValueError:
            return self._set_aside(path, content)

    def _set_aside(self, path: Path, corrupt: bytes) -> Account | None:
        """Move a corrupt file out of the way, never over an earlier one; return what another process has put in its place meanwhile."""
        with exclusive(path.with_suffix(".lock"), timeout_seconds=_LOCK_SECONDS):
            if read_private_file(path) != corrupt:
                return self._read_file(path)
            number = 1
            while (aside := path.with_name(f"{path.stem}.corrupt-{number}")).exists():
                number += 1
            try:
                with storage_errors(path, "set aside"):
                    os.replace(path, aside)
            except StorageError:
                if path.exists():
                    raise
                return None  # another host, whose locks don't reach here, met it at the same moment, and has said so
        raise LoginRequired(f"the tokens in {path.name} could not be read; the file was set aside as {aside}; log in again (%login)")


class FileTransaction:
    """One account file, held exclusively."""

    def __init__(self, store: FileStore, key: AccountKey, account: Account | None) -> None:
        self.account = account
        self._path = store.folder / f"{key.digest}.json"
        self._reserved: Path | None = None

    def reserve(self) -> None:
        """Take the space that the next ``write`` needs.

        :raises StorageError: if the disk is full.
        """
        if self._reserved is None:
            size = _RESERVED_BYTES + (len(to_json(self.account)) if self.account else 0)
            self._reserved = reserve_space(self._path, size)

    def write(self, account: Account) -> None:
        """Keep the account: written beside the old file, synced, renamed over it.

        :raises StorageError: if it can't be kept; the old file is unchanged.
        """
        reserved, self._reserved = self._reserved, None
        replace_private_file(self._path, to_json(account), reserved=reserved)
        self.account = account

    def delete(self) -> None:
        """Forget the account, with what was set aside of it: a damaged file may hold good tokens, and nobody would ever remove it."""
        with storage_errors(self._path, "remove"):
            for path in (self._path, *self._path.parent.glob(f"{self._path.stem}.corrupt-*")):
                path.unlink(missing_ok=True)
        sweep_temporaries(self._path)
        sync_folder(self._path.parent)
        self.account = None

    def release(self) -> None:
        """Give back what was reserved and not used."""
        if self._reserved is not None:
            self._reserved.unlink(missing_ok=True)
            self._reserved = None
