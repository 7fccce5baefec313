"""``jupyter flowauth storage move``, through the command line: all or nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import keyring
import keyring.errors
import pytest
from click.testing import CliRunner
from keyring.backend import KeyringBackend

from jupyter_flowauth.cli.main import commands
from jupyter_flowauth.errors import StorageError
from jupyter_flowauth.moving import move_accounts
from jupyter_flowauth.storage.file import FileStore
from jupyter_flowauth.storage.keyring import KeyringStore
from jupyter_flowauth.storage.memory import MemoryStore
from tests.torture.homes import TRANSFER_ALL, VIEW_MY_GROUPS, Home


@dataclass
class Keyring(KeyringBackend):
    """A keyring in memory that may refuse to write."""

    priority = 1  # type: ignore[assignment]
    entries: dict[tuple[str, str], str] = field(default_factory=dict)
    writes_left: int = 1000

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.writes_left -= 1
        if self.writes_left < 0:
            raise keyring.errors.KeyringLocked("it was locked")
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def backend():
    before = keyring.get_keyring()
    keyring.set_keyring(backend := Keyring())
    yield backend
    keyring.set_keyring(before)


def move(*arguments: str) -> str:
    result = CliRunner().invoke(commands, ["storage", "move", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_there_and_back_nothing_is_lost_and_nothing_left_behind(home: Home, backend: Keyring) -> None:
    home.keep(home.issue(TRANSFER_ALL), home.issue(VIEW_MY_GROUPS))
    home.seed(user="bob")
    before = home.store.accounts()
    assert "Moved 2 logins to keyring:" in move("--to", "keyring")
    assert (home.store.accounts(), KeyringStore(home.folder).accounts()) == ((), before)
    assert not [path for path in home.folder.iterdir() if "sbxrefresh" in path.read_text()]
    assert "Moved 2 logins to file:" in move("--to", "file")
    assert (home.store.accounts(), backend.entries) == (before, {})


def test_the_configuration_says_where_they_are(home: Home, backend: Keyring, tmp_path: Path) -> None:
    home.seed()
    move("--to", "keyring")
    assert json.loads((tmp_path / "config" / "jupyter_flowauth.json").read_text()) == {"storage": "keyring"}


@pytest.mark.parametrize("writes", [0, 1])
def test_a_failure_on_the_way_leaves_everything_as_it_was(home: Home, backend: Keyring, tmp_path: Path, writes: int) -> None:
    home.seed()
    home.seed(user="bob")
    before, backend.writes_left = home.store.accounts(), writes
    with pytest.raises(StorageError, match="it was locked"):
        move("--to", "keyring")
    assert (home.store.accounts(), backend.entries) == (before, {})
    assert not (tmp_path / "config" / "jupyter_flowauth.json").exists()


def test_a_configuration_that_cannot_be_written_leaves_everything_as_it_was(home: Home, backend: Keyring, tmp_path: Path) -> None:
    home.seed()
    (tmp_path / "config" / "jupyter_flowauth.json").mkdir(parents=True)
    before = home.store.accounts()
    with pytest.raises(Exception, match=r"jupyter_flowauth.json"):
        move("--to", "keyring")
    assert (home.store.accounts(), backend.entries) == (before, {})


def test_who_logs_in_while_it_begins_is_moved_as_well(home: Home, tmp_path: Path) -> None:
    class Watched(FileStore):
        """A store in which bob logs in as soon as its accounts are listed."""

        def accounts(self, registration=None, *, unusable=None):
            found = super().accounts(registration)
            if len(found) == 1:
                home.seed(user="bob")
            return found

    home.seed()
    target = FileStore(tmp_path / "target")
    assert move_accounts(Watched(home.folder), target, commit=lambda: None) == 2
    assert (len(target.accounts()), home.store.accounts()) == (2, ())


def test_to_where_they_are_is_an_error(home: Home) -> None:
    with pytest.raises(StorageError, match=r"rest in .* already"):
        move("--to", "file")


def test_a_storage_of_ones_own_takes_part(home: Home) -> None:
    home.seed()
    before, own = home.store.accounts(), MemoryStore()
    assert move_accounts(home.store, own, commit=lambda: None) == 1
    assert (own.accounts(), home.store.accounts()) == (before, ())
