"""Links, other owners, full and read-only disks: what stands there is neither read nor changed (ATTACKS 13)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from jupyter_flowauth.errors import StorageError
from jupyter_flowauth.storage.file import FileStore
from jupyter_flowauth.storage.owned_files import LARGEST_FILE_BYTES, create_once, reserve_space, storage_errors, sync_folder
from jupyter_flowauth.tokens import Token
from tests.fakes.world import account_of, keep
from tests.storage.children import run

ALICE = account_of("alice", Token("SENTINEL", ("a",)))
NOBODY = 65534


@pytest.fixture
def path(store, folder):
    keep(store, ALICE)
    return folder / f"{ALICE.key.digest}.json"


def give_away(path, monkeypatch):
    """Let a path belong to another user: really where we may, else by being another user ourselves."""
    if os.getuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    else:
        monkeypatch.setattr(os, "getuid", lambda: NOBODY)


def check_refused(store, match):
    with pytest.raises(StorageError, match=match) as caught:
        store.read(ALICE.key)
    assert "remove it" in str(caught.value)


def test_a_symbolic_link_is_not_followed(store, path, tmp_path):
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    check_refused(store, "is a symbolic link")


def test_a_dangling_link_is_refused_and_nothing_is_made_where_it_points(store, path, tmp_path):
    path.unlink()
    path.symlink_to(tmp_path / "made")
    check_refused(store, "is a symbolic link")
    assert not (tmp_path / "made").exists()


def test_a_hard_link_is_refused(store, path, tmp_path):
    os.link(path, tmp_path / "other-name")
    check_refused(store, "has other names")


def test_another_owners_file_is_refused(store, path, monkeypatch):
    give_away(path, monkeypatch)
    with pytest.raises(StorageError, match="belongs to another user"):
        store.read(ALICE.key)


def test_another_owners_folder_is_refused(store, path, folder, monkeypatch):
    give_away(folder, monkeypatch)
    with pytest.raises(StorageError, match="belongs to another user"):
        keep(store, account_of("alice"))


def test_a_link_in_the_folders_place_is_refused(store, folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    folder.parent.mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="is a link or a file"):
        keep(store, ALICE)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_file_in_the_folders_place_is_refused(store, folder):
    folder.parent.mkdir()
    folder.write_text("mine")
    with pytest.raises(StorageError, match="and no folder"):
        keep(store, ALICE)
    assert folder.read_text() == "mine"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_regular_file_is_refused_without_hanging(store, path, make):
    path.unlink()
    make(path)
    check_refused(store, "not a regular file")


def test_a_file_that_is_too_large_is_left_alone(store, path):
    os.truncate(path, LARGEST_FILE_BYTES)
    check_refused(store, "too large")


def test_a_link_planted_as_the_temporary_file_is_not_written_through(store, path, folder, tmp_path):
    for name in ("lock", "json"):
        (folder / f".tmp-{name}").symlink_to(tmp_path / "target")
    keep(store, account_of("alice"))
    assert not (tmp_path / "target").exists()


def test_a_read_only_home_is_said_with_the_folder():
    home = Path(tempfile.mkdtemp())
    try:
        home.chmod(0o555)
        assert f"can't make the folder {home}/flowauth: Permission denied" in run("write_as_nobody", home / "flowauth")
    finally:
        shutil.rmtree(home)


def test_a_file_size_limit_is_said_and_leaves_nothing(folder):
    first, second = run("write_with_small_files", folder, 8192).splitlines()
    assert "can't reserve space" in first
    assert "can't write" in second
    assert [entry.name for entry in folder.iterdir() if entry.suffix != ".lock"] == []


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 128 kB, or (where none can be mounted) the nearest thing: a test of its own covers the limit of a file's size."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=128k,mode=700", "tmpfs", str(mounted)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        yield None
        return
    yield mounted
    subprocess.run(["umount", str(mounted)], check=True)


def fill(disk, *, leave):
    free = shutil.disk_usage(disk).free
    (disk / "ballast").write_bytes(b"x" * max(0, free - leave))


def test_a_full_disk_is_found_before_anybody_is_asked_and_the_old_tokens_stay(small_disk):
    if small_disk is None:
        return  # test_a_file_size_limit_is_said_and_leaves_nothing covers the same paths
    store = FileStore(small_disk / "flowauth")
    keep(store, ALICE)
    fill(small_disk, leave=16 * 1024)
    with pytest.raises(StorageError, match="No space left"):
        store.prepare()
    with pytest.raises(StorageError, match="No space left"):
        keep(store, account_of("alice", Token("y" * 64 * 1024, ("b",))))
    assert store.read(ALICE.key) == ALICE
    assert [entry.name for entry in store.folder.iterdir() if entry.name.startswith(".tmp")] == []


def test_what_was_reserved_is_there_when_the_disk_is_full_since(small_disk):
    if small_disk is None:
        return  # as above
    store = FileStore(small_disk / "flowauth")
    with store.transaction(ALICE.key, timeout_seconds=5) as transaction:
        transaction.reserve()
        fill(small_disk, leave=0)
        transaction.write(account_of("alice", Token("y" * 32 * 1024, ("b",))))
    assert store.read(ALICE.key).scopes == ("b",)


def test_space_that_is_had_only_in_part_is_not_reserved(tmp_path, monkeypatch):
    """A disk that is nearly full takes the first part of a write, and says nothing."""
    write, calls = os.write, []

    def nearly_full(descriptor, content):
        calls.append(len(content))
        if len(calls) == 1:
            return write(descriptor, content[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", nearly_full)
    with pytest.raises(StorageError, match="No space left"):
        reserve_space(tmp_path, 1000)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_created_once(tmp_path):
    assert [create_once(tmp_path / "x"), create_once(tmp_path / "x")] == [True, False]


def test_a_folder_that_cannot_be_synced_is_no_error(tmp_path):
    assert sync_folder(tmp_path / "absent") is None  # type: ignore[func-returns-value]


def test_an_error_of_ours_passes_as_it_is(tmp_path):
    with pytest.raises(StorageError, match=r"^ours$"), storage_errors(tmp_path, "x"):
        raise StorageError("ours")


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_what_stands_in_a_locks_place_is_named(store, path, folder, kind):
    lock = folder / f"{ALICE.key.digest}.lock"
    lock.unlink(missing_ok=True)
    target = folder.parent / "elsewhere"
    target.write_text("theirs")
    lock.mkdir() if kind == "folder" else lock.symlink_to(target)
    with pytest.raises(StorageError, match=r"\.lock is a link or a folder, and no lock; nothing was changed; remove it"):
        keep(store, ALICE)
    assert target.read_text() == "theirs"
