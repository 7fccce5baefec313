"""Client secrets: in a file of their own, or in the keyring; never overwritten, and never shown by an error."""

from __future__ import annotations

import traceback

import keyring
import keyring.backend
import keyring.backends.fail
import pytest

from jupyter_flowauth.errors import ConfigurationError, StorageError
from jupyter_flowauth.storage.client_secrets import keep_client_secret, read_client_secret, release_client_secret, reserve_client_secret


class Memory(keyring.backend.KeyringBackend):
    """A keyring that ends with its test."""

    priority = 1

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password


@pytest.fixture
def use_keyring():
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


@pytest.fixture(params=["file", "keyring"])
def place(request, tmp_path, use_keyring):
    use_keyring(Memory())
    return str(tmp_path / "folder" / "secret") if request.param == "file" else "keyring:ci"


def test_what_is_kept_is_what_is_read_and_shows_itself_nowhere(place):
    reserve_client_secret(place)
    keep_client_secret(place, "s3cret")
    found = read_client_secret(place)
    assert (found, "s3cret" in repr(found)) == ("s3cret", False)


def test_a_file_in_another_encoding_is_said_to_be_that_and_shows_nothing(tmp_path):
    """What PowerShell's ``>`` writes."""
    path = tmp_path / "secret"
    path.write_text("SENTINEL", encoding="utf-16")
    with pytest.raises(ConfigurationError, match=r"can't be read \(it isn't UTF-8\)") as caught:
        read_client_secret(str(path))
    assert caught.value.__context__ is None
    assert "N\\x00" not in repr([frame.f_locals for frame, _ in traceback.walk_tb(caught.value.__traceback__)][1:])


def test_the_mark_that_some_editors_put_in_front_is_no_part_of_the_secret(tmp_path):
    path = tmp_path / "secret"
    path.write_text("s3cret\n", encoding="utf-8-sig")
    assert read_client_secret(str(path)) == "s3cret"


def test_a_secret_that_is_there_is_not_overwritten(place):
    reserve_client_secret(place)
    keep_client_secret(place, "s3cret")
    with pytest.raises(StorageError, match="already; it was left alone"):
        reserve_client_secret(place)
    assert read_client_secret(place) == "s3cret"


def test_a_place_that_was_given_back_can_be_taken_again(place):
    reserve_client_secret(place)
    release_client_secret(place)
    reserve_client_secret(place)
    keep_client_secret(place, "s3cret")
    assert read_client_secret(place) == "s3cret"


def test_a_file_is_the_users_alone_from_the_start(tmp_path):
    path = tmp_path / "folder" / "secret"
    reserve_client_secret(str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    keep_client_secret(str(path), "s3cret")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_secret_that_is_not_there_is_an_error_that_names_the_place(place):
    with pytest.raises(ConfigurationError, match="can't be read"):
        read_client_secret(place)


def test_a_machine_without_a_keyring_says_so(use_keyring):
    use_keyring(keyring.backends.fail.Keyring())
    with pytest.raises(ConfigurationError, match=r"keyring:ci can't be read \(the system's keyring can't be used"):
        read_client_secret("keyring:ci")
    with pytest.raises(StorageError):
        reserve_client_secret("keyring:ci")
