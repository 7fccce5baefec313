from __future__ import annotations

import json
import os
import stat
import threading

import pytest
from filelock import FileLock

from jupyter_flowauth.errors import LoginRequired, StorageError
from jupyter_flowauth.storage.file import FileStore
from jupyter_flowauth.tokens import AccountKey, Registration, Token
from tests.fakes.provider import REGISTRATION
from tests.fakes.world import account_of, keep, key_of

ALICE = account_of("alice", Token("SENTINEL", ("a",), refresh_token="SENTINEL"))


@pytest.fixture
def path(store, folder):
    keep(store, ALICE)
    return folder / f"{ALICE.key.digest}.json"


def mode_of(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def test_what_is_kept_is_read_back_by_another_store(store, folder):
    keep(store, ALICE)
    assert FileStore(folder).read(ALICE.key) == ALICE


def test_nothing_held_is_no_folder_made(store, folder):
    assert (store.read(ALICE.key), store.accounts(), store.stamp(), folder.exists()) == (None, (), None, False)


def test_a_file_for_each_account_and_the_latest_login_first(store):
    keep(store, account_of("alice", logged_in_at=1))
    keep(store, account_of("bob", logged_in_at=2))
    assert [account.identity.username for account in store.accounts(REGISTRATION)] == ["bob@example.org", "alice@example.org"]


def test_other_registrations_accounts_are_left_out(store, path):
    assert store.accounts(Registration("https://other.example", "c")) == ()
    assert store.read(AccountKey(Registration("https://other.example", "c"), ALICE.key.sub)) is None


def test_what_is_deleted_is_gone(store, path):
    with store.transaction(ALICE.key, timeout_seconds=5) as transaction:
        transaction.delete()
        assert transaction.account is None
    assert (store.read(ALICE.key), path.exists()) == (None, False)


def test_every_write_changes_the_stamp(store, path):
    before, of_alice = store.stamp(), store.stamp(ALICE.key)
    keep(store, ALICE)
    assert store.stamp(ALICE.key) != of_alice
    assert before is not None


def test_folder_and_files_are_the_owners_alone(store, path, folder):
    """ATTACKS 13."""
    modes = {entry.name.rpartition(".")[2]: mode_of(entry) for entry in folder.iterdir()}
    assert (mode_of(folder), modes) == (0o700, {"json": 0o600, "lock": 0o600})


def test_a_wide_umask_widens_nothing(store, folder):
    before = os.umask(0)
    try:
        keep(store, ALICE)
    finally:
        os.umask(before)
    assert {mode_of(folder), *map(mode_of, folder.iterdir())} == {0o700, 0o600}


def test_the_mode_of_an_old_file_and_folder_is_put_right(store, path, folder):
    path.chmod(0o644)
    folder.chmod(0o755)
    assert store.accounts() == (ALICE,)
    assert (mode_of(path), mode_of(folder)) == (0o600, 0o700)


def test_a_corrupt_file_is_set_aside_and_named(store, path):
    path.write_text("{")
    with pytest.raises(LoginRequired, match=r"set aside as .*corrupt-1; log in again") as caught:
        store.accounts()
    assert path.with_name(f"{path.stem}.corrupt-1").read_text() == "{"
    assert "SENTINEL" not in str(caught.value)
    assert store.accounts() == ()


def test_an_empty_file_is_set_aside_too_and_over_nothing(store, path):
    for number in (1, 2):
        path.write_bytes(b"")
        with pytest.raises(LoginRequired, match=f"corrupt-{number}"):
            store.read(ALICE.key)


def test_a_new_login_beside_one_that_was_set_aside(store, path):
    path.write_text("{")
    with pytest.raises(LoginRequired):
        store.read(ALICE.key)
    keep(store, ALICE)
    assert store.accounts() == (ALICE,)


def test_what_another_process_set_aside_at_the_same_moment_is_not_said_twice(store, path, monkeypatch):
    path.write_text("{")
    replace = os.replace

    def sibling_was_faster(source, target):
        replace(source, target)
        raise FileNotFoundError(2, "gone", str(source))

    monkeypatch.setattr(os, "replace", sibling_was_faster)
    assert store.read(ALICE.key) is None


def test_what_cannot_be_set_aside_is_an_error(store, path, monkeypatch):
    path.write_text("{")

    def refuse(source, target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(StorageError, match="can't set aside"):
        store.read(ALICE.key)
    assert path.read_text() == "{"


def test_a_newer_versions_file_is_left_untouched(store, path):
    content = json.dumps({"format": 99, "more": "of it"})
    path.write_text(content)
    with pytest.raises(StorageError, match=r"newer version .* left untouched; upgrade"):
        store.read(ALICE.key)
    assert path.read_text() == content


def test_what_must_not_be_used_keeps_nobody_from_the_others(store, path, folder):
    bob = account_of("bob")
    keep(store, bob)
    path.write_text('{"format": 99}')
    with pytest.raises(StorageError, match="newer version"):
        store.accounts()
    unusable = []
    assert store.accounts(unusable=unusable) == (bob,)
    assert [error.path for error in unusable] == [str(path)]


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(store, path, folder, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(StorageError, match="No space left"):
        keep(store, account_of("alice"))
    assert store.read(ALICE.key) == ALICE
    assert [entry.name for entry in folder.iterdir() if entry.name.startswith(".tmp")] == []


def test_what_was_reserved_and_not_used_is_given_back(store, path, folder):
    with store.transaction(ALICE.key, timeout_seconds=5) as transaction:
        transaction.reserve()
        transaction.reserve()
        assert sum(entry.stat().st_size > 64 * 1024 for entry in folder.iterdir()) == 1
    assert sorted(entry.suffix for entry in folder.iterdir()) == [".json", ".lock"]


def test_what_was_reserved_is_written_into(store, path, folder):
    with store.transaction(ALICE.key, timeout_seconds=5) as transaction:
        transaction.reserve()
        transaction.write(account_of("alice"))
    assert (store.read(ALICE.key), path.stat().st_size < 2000) == (account_of("alice"), True)


def test_another_threads_transaction_is_waited_for_and_not_for_ever(store, path):
    outcome = []

    def try_it():
        try:
            with store.transaction(ALICE.key, timeout_seconds=0.01):
                pass
        except StorageError as error:
            outcome.append(str(error))

    with store.transaction(ALICE.key, timeout_seconds=1):
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join(60)
    assert len(outcome) == 1
    assert "for too long; nothing was changed" in outcome[0]


@pytest.mark.parametrize("error", [OSError(37, "No locks available"), NotImplementedError("flock")])
def test_where_locks_do_not_work_it_says_where_to_move(store, error, monkeypatch):
    def fail(*_values, **_options):
        raise error

    monkeypatch.setattr(FileLock, "acquire", fail)
    with pytest.raises(StorageError, match=r"file locks don't work .* move the storage"):
        keep(store, ALICE)


def test_the_place_is_named(store, folder):
    assert store.location == f"file:{folder}"


def test_preparing_leaves_nothing_behind(store, folder):
    store.prepare()
    assert list(folder.iterdir()) == []


def test_two_accounts_are_held_at_once_without_waiting(store):
    with (
        store.transaction(key_of("alice"), timeout_seconds=1) as one,
        store.transaction(key_of("bob"), timeout_seconds=1) as other,
    ):
        one.write(account_of("alice"))
        other.write(account_of("bob"))
    assert len(store.accounts()) == 2
