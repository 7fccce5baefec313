"""What is held and what is around here, for whoever has no FlowAuth at hand."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from . import wiring
from .clean_errors import CleanErrors
from .errors import StorageError
from .logout import LogoutOutcome, forget_account
from .status import HeldAccount, build_held_account

if TYPE_CHECKING:
    import os

    from .ports import Provider, TokenStore
    from .records import ServerAnnouncement


def accounts(storage: str | os.PathLike[str] | TokenStore | None = None) -> tuple[HeldAccount, ...]:
    """Return every login held in a storage (None: the configured one), the most recent first. Holds no token.

    One that is there and must not be used (a newer version's, say) is left out, with a warning that names it.

    :raises StorageError: if there are only such ones, or they can't be listed.
    """
    with CleanErrors():
        unusable: list[StorageError] = []
        found = tuple(build_held_account(account) for account in wiring.open_store(storage).accounts(unusable=unusable))
        if unusable and not found:
            raise unusable[0]
    for error in unusable:
        warnings.warn(error.message, stacklevel=2)
    return found


def log_out_everywhere(*, revoke: bool = True, server: bool = True) -> tuple[LogoutOutcome, ...]:
    """Log out every account that is held, of every provider and instance, and return how each went.

    One whose provider isn't known here any more is forgotten all the same.

    One that must not be used (a newer version's, say) stays, with a warning that names it.

    :raises StorageError: if tokens can't be removed here.
    """
    unusable: list[StorageError] = []
    with CleanErrors():
        settings, store = wiring.current_settings(), wiring.open_store()
        outcomes = tuple(
            forget_account(wiring.provider_of(account, settings, store), store, account, revoke=revoke, server=server)
            for account in store.accounts(unusable=unusable)
        )
    for error in unusable:
        warnings.warn(error.message, stacklevel=2)
    return outcomes


def find_jupyter_server() -> ServerAnnouncement | None:
    """Return the Jupyter server that this process belongs to, if it runs our extension."""
    return wiring.find_server(wiring.open_rendezvous())[0]


def describe_ladder(provider: str | Provider | None = None) -> str:
    """Return how a person would be asked from here, and why not otherwise: a line for each way."""
    return wiring.describe_ladder(provider)


def known_scopes() -> tuple[str, ...]:
    """Return the scopes that have words here, for completion."""
    return wiring.known_scopes()
