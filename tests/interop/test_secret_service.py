"""The keyring on the real SecretService (gnome-keyring), and without one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import keyring.backends.fail
import pytest

from jupyter_flowauth.errors import StorageError
from jupyter_flowauth.storage.keyring import KeyringStore
from tests.torture.homes import Home

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(scope="module")
def secret_service() -> str:
    """The script that runs a command with it."""
    script = str(HERE / "secret_service.sh")
    checked = subprocess.run(["bash", script, "check"], capture_output=True, text=True, check=False, timeout=300)
    if checked.returncode:
        pytest.skip(checked.stderr.strip())
    return script


def run_with(secret_service: str, name: str) -> object:
    command = ["bash", secret_service, sys.executable, str(HERE / "with_keyring.py"), name]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def test_it_is_the_real_one(secret_service: str) -> None:
    assert run_with(secret_service, "backend") == "keyring.backends.SecretService"


def test_tokens_move_there_are_refreshed_there_once_and_move_back(secret_service: str, home: Home) -> None:
    home.seed()
    assert run_with(secret_service, "move_and_use") == [1, 1, [], 1, 0]
    assert home.refreshes() == 1
    assert home.sandbox.is_active(str(home.account().tokens[0].refresh_token))


def test_what_another_process_keeps_there_shows_at_once(secret_service: str, home: Home) -> None:
    home.seed(expired=False)
    assert run_with(secret_service, "see_another_process") == [True, True]


def test_no_write_of_many_processes_is_lost_there(secret_service: str, home: Home) -> None:
    home.seed()
    assert run_with(secret_service, "write_in_many_processes") == [[0, 0, 0, 0], 21]


def test_without_a_session_bus_it_says_so_and_what_to_do(home: Home) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    try:
        with pytest.raises(StorageError, match=r"keyring can't be used \(NoKeyringError: .*; nothing was changed; unlock it, or keep"):
            KeyringStore(home.folder).prepare()
    finally:
        keyring.set_keyring(before)


PREPARES = """
from jupyter_flowauth.storage.keyring import KeyringStore
from tests.torture.homes import store_folder
KeyringStore(store_folder()).prepare()
"""


def test_a_process_without_a_session_bus_gets_that_error(home: Home) -> None:
    without = {name: value for name, value in os.environ.items() if name not in {"DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"}}
    ended = subprocess.run(
        [sys.executable, "-c", PREPARES], cwd=ROOT, env=without, capture_output=True, text=True, check=False, timeout=100
    )
    assert "StorageError: the system's keyring can't be used (NoKeyringError" in ended.stderr
