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
        in_keyring = place.startswith(KEYRING_PREFIX)
        found = read_from_keyring(place) if in_keyring else _decode(Path(place).expanduser().read_bytes())
    except OSError as error:  # a StorageError is one, too
        reason = str(error) if isinstance(error, StorageError) else error.strerror
        raise ConfigurationError(f"client_secret_file {place} can't be read ({reason})") from None
    if found is None:
        why = "the keyring has no such entry" if in_keyring else "it isn't UTF-8"
        raise ConfigurationError(f"client_secret_file {place} can't be read ({why})")
    return found or None


def _decode(content: bytes) -> Secret | None:
    """Return a file's text, without the mark that some editors put in front, or None if it is none.

    It raises nothing: the decoder's error holds what it couldn't decode, and a debugger finds it behind whatever is raised from there.
    """
    try:
        return Secret(content.decode("utf-8-sig").strip())
    except UnicodeDecodeError:
        return None


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
