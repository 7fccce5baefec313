"""The word that kernels leave of the accounts that they use: it dies with them, and holds nothing that logs in."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from jupyter_flowauth.storage import account_uses
from jupyter_flowauth.storage.account_uses import AccountUses
from jupyter_flowauth.storage.processes import this_process
from jupyter_flowauth.storage.rendezvous import SWEEP_SECONDS, FolderRendezvous
from jupyter_flowauth.tokens import AccountKey, Registration

ALICE = AccountKey(Registration("https://auth.example.org", "client-1"), "alice-sub")
BOB = AccountKey(Registration("https://auth.example.org", "client-1"), "bob-sub")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "flowauth"


def test_what_a_process_uses_is_known_to_another(folder: Path) -> None:
    uses = AccountUses(folder)
    uses.add(ALICE)
    uses.add(BOB)
    assert AccountUses(folder).pids() == {key.digest: {os.getpid()} for key in (ALICE, BOB)}


def test_the_word_is_one_file_that_names_nobody_and_is_written_once(folder: Path) -> None:
    uses = AccountUses(folder)
    uses.add(ALICE)
    (path,) = folder.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text()) == {
        "protocol": 1,
        "process": dataclasses.asdict(this_process()),
        "accounts": [ALICE.digest],
    }
    path.unlink()
    uses.add(ALICE)
    assert list(folder.iterdir()) == []


def test_two_threads_that_use_two_accounts_at_once_leave_word_of_both(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uses, replace, slow = AccountUses(folder), account_uses.replace_private_file, threading.Event()

    def replace_late(*arguments: Any, **options: Any) -> None:
        if not slow.is_set():
            slow.set()
            threading.Event().wait(0.2)
        replace(*arguments, **options)

    monkeypatch.setattr(account_uses, "replace_private_file", replace_late)
    first = threading.Thread(target=uses.add, args=(ALICE,))
    first.start()
    assert slow.wait(60)
    uses.add(BOB)
    first.join()
    assert set(uses.pids()) == {ALICE.digest, BOB.digest}


def test_the_word_of_a_process_that_has_ended_is_removed(folder: Path) -> None:
    AccountUses(folder).add(ALICE)
    (path,) = folder.iterdir()
    values = json.loads(path.read_text())
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True)
    values["process"]["pid"] = int(ended.stdout)
    path.write_text(json.dumps(values))
    assert AccountUses(folder).pids() == {}
    assert list(folder.iterdir()) == []


def test_the_word_of_another_machine_is_left_alone_and_counts_for_nothing(folder: Path) -> None:
    AccountUses(folder).add(ALICE)
    (path,) = folder.iterdir()
    values = json.loads(path.read_text())
    values["process"]["host"] = "another"
    path.write_text(json.dumps(values))
    assert AccountUses(folder).pids() == {}
    assert path.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"protocol": 2}', '{"protocol": 1, "process": {}, "accounts": []}'])
def test_a_file_that_cannot_be_understood_is_nobodys_word(folder: Path, content: str) -> None:
    folder.mkdir(mode=0o700)
    (folder / "used-0.json").write_text(content)
    assert AccountUses(folder).pids() == {}


def test_a_folder_that_cannot_be_used_costs_nothing(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    AccountUses(blocked / "flowauth").add(ALICE)
    assert AccountUses(blocked / "flowauth").pids() == {}


def test_a_sweep_leaves_the_word_of_a_kernel_that_lives_long(folder: Path) -> None:
    AccountUses(folder).add(ALICE)
    (path,) = folder.iterdir()
    os.utime(path, (0, path.stat().st_mtime - SWEEP_SECONDS - 60))
    with FolderRendezvous(folder).exclusive():
        pass
    assert path.exists()
