"""Processes that write at once, and processes that are killed."""

from __future__ import annotations

import signal

import pytest

from jupyter_flowauth import refresh
from jupyter_flowauth.errors import StorageError
from jupyter_flowauth.providers.bounded_http import REQUEST_SECONDS
from jupyter_flowauth.storage.file import FileStore
from tests.fakes.provider import LIFETIME
from tests.fakes.world import World, key_of
from tests.storage.children import child

PROCESSES, WRITES = 4, 20


def test_no_write_is_lost_among_processes(store, folder):
    with child("write_many", folder, WRITES, count=PROCESSES) as running:
        for process in running:
            assert process.wait(90) == 0
    assert len(store.read(key_of("alice")).scopes) == PROCESSES * WRITES


def test_every_read_is_whole_while_others_write(store, folder):
    with child("write_many", folder, WRITES, count=2) as running:
        while any(process.poll() is None for process in running):
            store.accounts()
    assert not list(folder.glob("*corrupt*"))


@pytest.mark.parametrize("milliseconds", [1, 7, 23, 40, 71])
def test_a_writer_that_is_killed_leaves_the_old_file_or_the_new_one(folder, milliseconds):
    with child("write_forever", folder) as (writer,):
        assert writer.stdout is not None
        writer.stdout.readline()
        with pytest.raises(Exception, match="timed out"):
            writer.wait(milliseconds / 1000)
        writer.kill()
        writer.wait(60)
    store = FileStore(folder)
    assert store.read(key_of("alice")) is not None
    with store.transaction(key_of("alice"), timeout_seconds=5):
        assert not list(folder.glob("*corrupt*"))


def test_a_lock_dies_with_its_process(store, folder):
    with child("hold_lock", folder) as (holder,):
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(StorageError, match="another process held"), store.transaction(key_of("alice"), timeout_seconds=0.05):
            pass
        holder.kill()
        holder.wait(60)
        with store.transaction(key_of("alice"), timeout_seconds=5) as transaction:
            assert transaction.account is None


def test_a_process_that_hangs_in_a_refresh_is_waited_for_no_longer_than_its_request_may_take_and_then_named(store, folder, monkeypatch):
    assert REQUEST_SECONDS < refresh.LOCK_TIMEOUT_SECONDS <= REQUEST_SECONDS + 5
    monkeypatch.setattr(refresh, "LOCK_TIMEOUT_SECONDS", 0.1)
    world = World(store=store)
    world.login("transfer:all")
    world.clock.advance(LIFETIME)
    world.provider.sent.clear()
    with child("hold_lock", folder) as (holder,):
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.send_signal(signal.SIGSTOP)
        with pytest.raises(StorageError, match=r"nothing was changed here; .* end the process that hangs"):
            world.held.token("transfer:all", min_valid=60)
        assert world.provider.sent == []
        holder.kill()
        holder.wait(60)
        assert world.held.token("transfer:all", min_valid=60).seconds_left(world.clock.now()) > 60
