"""Accounts in the system's keyring (SecretService, macOS Keychain, Windows Credential Locker), through the ``keyring`` library.

A keyring can't list what it holds, and says nothing when it changes: a small file beside the locks lists the accounts' digests, which
are no secret, and is replaced at every write, so that other processes notice.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from ..errors import LoginRequired, StorageError
from ..secret import Secret, SecretBytes, to_secret
from ..tokens import Account, AccountKey, Registration
from .account_json import NewerFormat, from_json, to_json
from .locks import exclusive
from .owned_files import ensure_private_folder, read_private_file, replace_private_file, stamp_of

SERVICE = "jupyter_flowauth"
_INDEX_SECONDS = 10.0
# A keyring that asks the person to unlock it takes as long as they do.
_ACCESS_SECONDS = 60.0
Answer = TypeVar("Answer")


class KeyringStore:
    """The keyring, with its index and its locks in a folder.

    :param folder: for the index and the locks; no token rests there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index = folder / "keyring-index.json"

    @property
    def location(self) -> str:
        """The keyring, with the folder of its index."""
        return f"keyring:{self.folder}"

    def prepare(self) -> None:
        """Make sure that an account can be kept here.

        :raises StorageError: if there is no keyring, or it is locked.
        """
        ensure_private_folder(self.folder)
        self._ask(lambda keyring: keyring.get_password(SERVICE, "probe"))

    def stamp(self, key: AccountKey | None = None) -> Hashable:
        """Return the index's time of change: it is replaced at every write."""
        return stamp_of(self._index)

    def read(self, key: AccountKey) -> Account | None:
        """Return an account, or None.

        :raises StorageError: if the keyring can't be read.
        :raises LoginRequired: if what it holds is no account; it is left where it is until the next login replaces it.
        """
        return self._read_digest(key.digest)

    def accounts(self, registration: Registration | None = None, *, unusable: list[StorageError] | None = None) -> tuple[Account, ...]:
        """Return every account held (for one registration), the most recent login first.

        :raises StorageError: at the first entry that it doesn't give: a keyring that is locked would ask for each of them again.
        """
        wanted = registration.digest + "-" if registration else ""
        found = [self._read_digest(digest) for digest in self._read_index() if digest.startswith(wanted)]
        return tuple(sorted(filter(None, found), key=lambda account: -account.logged_in_at_seconds))

    @contextlib.contextmanager
    def transaction(self, key: AccountKey, *, timeout_seconds: float) -> Iterator[KeyringTransaction]:
        """Hold one account exclusively, among threads and processes.

        :raises StorageError: if the lock wasn't to be had in time, or the keyring can't be read.
        """
        ensure_private_folder(self.folder)
        with exclusive(self.folder / f"{key.digest}.lock", timeout_seconds=timeout_seconds):
            yield KeyringTransaction(self, key)

    def _ask(self, ask: Callable[[Any], Answer]) -> Answer:
        """Talk to the keyring, one process at a time: gnome-keyring has been seen to die of several at once, and to come back locked."""
        ensure_private_folder(self.folder)
        with exclusive(self.folder / "keyring-access.lock", timeout_seconds=_ACCESS_SECONDS):
            return _ask_keyring(ask)

    def _read_digest(self, digest: str) -> Account | None:
        content = to_secret(self._ask(lambda keyring: keyring.get_password(SERVICE, digest)))
        if content is None:
            return None
        try:
            return from_json(SecretBytes(content.encode()))
        except NewerFormat as error:
            raise StorageError(f"the keyring's entry {digest} {error}; it was left untouched; upgrade jupyter_flowauth here") from None
        except ValueError:
            raise LoginRequired(f"the keyring's entry {SERVICE}/{digest} could not be read; remove it, then log in again") from None

    def _read_index(self) -> tuple[str, ...]:
        with contextlib.suppress(ValueError, TypeError, KeyError):
            return tuple(map(str, json.loads(read_private_file(self._index) or b"null")["accounts"]))
        return ()

    def _keep(self, digest: str, account: Account | None) -> None:
        """Write or remove an entry, and the index with it: the entry first when one comes, the index first when one goes."""
        content = Secret(to_json(account).decode()) if account else None
        if content is not None:
            self._ask(lambda keyring: keyring.set_password(SERVICE, digest, content))
        with exclusive(self.folder / "keyring-index.lock", timeout_seconds=_INDEX_SECONDS):
            others = [known for known in self._read_index() if known != digest]
            listed = sorted([*others, digest] if content is not None else others)
            replace_private_file(self._index, json.dumps({"accounts": listed}).encode())
        if content is None:
            self._ask(lambda keyring: _delete_if_there(keyring, digest))


class KeyringTransaction:
    """One entry of the keyring, held exclusively."""

    def __init__(self, store: KeyringStore, key: AccountKey) -> None:
        self._store, self._key = store, key
        self.account = store.read(key)

    def reserve(self) -> None:
        """Do nothing: a keyring offers no way to."""

    def write(self, account: Account) -> None:
        """Keep the account.

        :raises StorageError: if the keyring refuses.
        """
        self._store._keep(self._key.digest, account)
        self.account = account

    def delete(self) -> None:
        """Forget the account.

        :raises StorageError: if the keyring refuses.
        """
        self._store._keep(self._key.digest, None)
        self.account = None


def _ask_keyring(ask: Callable[[Any], Answer]) -> Answer:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise StorageError("the keyring library is not installed: pip install 'jupyter_flowauth[keyring]'; nothing was changed") from None
    try:
        return ask(keyring)
    except (keyring.errors.KeyringError, RuntimeError, OSError) as error:
        raise StorageError(
            f"the system's keyring can't be used ({type(error).__name__}: {str(error)[:200]}); nothing was changed; "
            'unlock it, or keep the tokens in files ("storage": "file" in jupyter_flowauth.json)'
        ) from None


def _delete_if_there(keyring: Any, digest: str) -> None:
    if keyring.get_password(SERVICE, digest) is not None:
        keyring.delete_password(SERVICE, digest)


def read_from_keyring(name: str) -> Secret | None:
    """Return an entry of ours that is no account, such as a client secret; None if there is none.

    :raises StorageError: if the keyring can't be read.
    """
    return to_secret(_ask_keyring(lambda keyring: keyring.get_password(SERVICE, name)))


def keep_in_keyring(name: str, secret: str) -> None:
    """Keep an entry of ours that is no account.

    :raises StorageError: if the keyring refuses.
    """
    kept = Secret(secret)
    _ask_keyring(lambda keyring: keyring.set_password(SERVICE, name, kept))
