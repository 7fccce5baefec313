"""Processes that write at once, and processes that are killed."""

from __future__ import annotations

import pytest

from jupyter_flowauth.errors import StorageError
from jupyter_flowauth.storage.file import FileStore
from tests.fakes.world import key_of
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
