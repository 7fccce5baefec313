"""Client secrets, where a configuration names them: a file of their own, or an entry of the system's keyring."""

from __future__ import annotations

from pathlib import Path

from ..errors import ConfigurationError, StorageError
from ..secret import Secret
from .keyring import keep_in_keyring, read_from_keyring
from .owned_files import create_once, replace_private_file

KEYRING_PREFIX = "keyring:"


def read_client_secret(place: str) -> str | None:
    """Return the secret at a place: a file, or ``keyring:NAME``; None if it is empty.

    :raises ConfigurationError: if it can't be read.
    """
    try:
        if place.startswith(KEYRING_PREFIX):
            found = read_from_keyring(place)
        else:
            found = Secret(Path(place).expanduser().read_text(encoding="utf-8").strip())
    except OSError as error:  # a StorageError is one, too
        reason = str(error) if isinstance(error, StorageError) else error.strerror
        raise ConfigurationError(f"client_secret_file {place} can't be read ({reason})") from None
    if found is None:
        raise ConfigurationError(f"client_secret_file {place} can't be read (the keyring has no such entry)")
    return found or None


def reserve_client_secret(place: str) -> None:
    """Make sure that a new secret can be kept, before there is one: a new file of the user's alone, or a keyring that answers.

    :raises StorageError: if it can't, or a secret rests there already.
    """
    if place.startswith(KEYRING_PREFIX):
        if read_from_keyring(place) is not None:
            raise StorageError(f"the keyring has a {place} already; it was left alone; choose another name")
        return
    path = Path(place).expanduser()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not create_once(path):
        raise StorageError(f"{path} is there already; it was left alone; choose another file", path=str(path))


def keep_client_secret(place: str, secret: str) -> None:
    """Keep a secret at a place that was reserved.

    :raises StorageError: if it can't be kept.
    """
    if place.startswith(KEYRING_PREFIX):
        keep_in_keyring(place, secret)
    else:
        replace_private_file(Path(place).expanduser(), secret.encode())


def release_client_secret(place: str) -> None:
    """Give a reserved place back."""
    if not place.startswith(KEYRING_PREFIX):
        Path(place).expanduser().unlink(missing_ok=True)
