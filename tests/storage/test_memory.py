from __future__ import annotations

import threading

from jupyter_flowauth.errors import StorageError
from jupyter_flowauth.storage.memory import MemoryStore
from jupyter_flowauth.tokens import Registration
from tests.fakes.provider import REGISTRATION
from tests.fakes.world import account_of, keep, key_of


def test_what_is_kept_is_there_and_what_is_deleted_is_gone():
    store = MemoryStore()
    store.prepare()
    keep(store, account_of("alice"))
    assert store.read(key_of("alice")) == account_of("alice")
    with store.transaction(key_of("alice"), timeout_seconds=1) as transaction:
        transaction.reserve()
        transaction.delete()
        assert transaction.account is None
    assert store.accounts() == ()


def test_accounts_come_by_registration_and_the_latest_first():
    store = MemoryStore()
    keep(store, account_of("alice", logged_in_at=1))
    keep(store, account_of("bob", logged_in_at=2))
    assert [account.identity.username for account in store.accounts(REGISTRATION)] == ["bob@example.org", "alice@example.org"]
    assert store.accounts(Registration("other", "c")) == ()


def test_every_write_changes_the_stamp():
    store = MemoryStore()
    before = store.stamp()
    keep(store, account_of("alice"))
    assert store.stamp(key_of("alice")) != before


def test_another_threads_transaction_is_waited_for_and_not_for_ever():
    store, outcome = MemoryStore(), []

    def try_it():
        try:
            keep_with(0.01)
        except StorageError as error:
            outcome.append(str(error))

    def keep_with(seconds):
        with store.transaction(key_of("alice"), timeout_seconds=seconds):
            pass

    with store.transaction(key_of("alice"), timeout_seconds=1):
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join(60)
    assert outcome == ["another thread held the tokens for too long; nothing was changed; try again"]
    keep_with(1)


def test_two_stores_are_two_places():
    one, other = MemoryStore(), MemoryStore()
    assert one.location.startswith("memory:")
    assert one.location != other.location
