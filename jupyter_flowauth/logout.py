"""The use case: forget an account here, always; then end its sessions and revoke its tokens there, as far as anybody can be reached."""

from __future__ import annotations

from dataclasses import dataclass

from .endings import SessionEnding
from .errors import ProviderError
from .hub_tokens import is_from_hub
from .ports import Provider, TokenStore
from .refresh import LOCK_TIMEOUT_SECONDS
from .tokens import Account, Token


@dataclass(frozen=True, slots=True)
class LogoutOutcome:
    """What a logout did.

    :param cleared: the tokens are gone here.
    :param revoked: they were revoked at the provider: all of them, or not all, or (None) that wasn't asked for.
    :param message: the same in a sentence or two.
    :param server: the sessions at the instance and the provider were ended, or not all, or (None) none was asked for, or they offer no way
        to (Globus: only in a browser).
    :param endings: how each went.
    """

    cleared: bool
    revoked: bool | None
    message: str
    server: bool | None = None
    endings: tuple[SessionEnding, ...] = ()

    def __str__(self) -> str:
        """Return the sentence."""
        return self.message

    __repr__ = __str__


def forget_account(
    provider: Provider | None, store: TokenStore, account: Account | None, *, revoke: bool, server: bool = False
) -> LogoutOutcome:
    """Forget an account, then end its sessions and revoke its tokens, in this order: what ends a session takes a token that is still good.

    :param provider: None if it isn't known any more: then the account is forgotten here, and that is all.

    What is forgotten is read under the lock, so that a refresh elsewhere can't bring it back.

    :raises StorageError: if the tokens can't be removed here.
    """
    if account is None:
        return LogoutOutcome(True, None, "Nobody was logged in; there was nothing to forget.")
    with store.transaction(account.key, timeout_seconds=LOCK_TIMEOUT_SECONDS) as transaction:
        account = transaction.account or account
        transaction.delete()
    tokens = account.tokens
    gone = f"{account.identity.username} is logged out: {len(tokens)} token{'' if len(tokens) == 1 else 's'} gone from here"
    if provider is None:
        why = f"not revoked, for the provider {account.provider!r} isn't configured here any more"
        return LogoutOutcome(True, False if revoke else None, f"{gone}, and {why}.")
    endings = provider.end_sessions(account) if server else ()
    said = "".join(f" {ending.message}" for ending in endings)
    ended = all(ending.done for ending in endings) if endings else None
    if not revoke:
        return LogoutOutcome(True, None, f"{gone}, and not revoked at {provider.title}.{said}", ended, endings)
    failed = _revoke_all(provider, tokens)
    if failed is None:
        revocation = SessionEnding("revocation", True, f"They are revoked at {provider.title}.")
        return LogoutOutcome(True, True, f"{gone}, and revoked at {provider.title}.{said}", ended, (*endings, revocation))
    why = f"They could not all be revoked there: {failed}. They end by themselves when they expire."
    return LogoutOutcome(True, False, f"{gone}. {why}{said}", ended, (*endings, SessionEnding("revocation", False, why)))


def _revoke_all(provider: Provider, tokens: tuple[Token, ...]) -> ProviderError | None:
    """Revoke every token; stop at the first failure, so that a provider that is down costs one time-out and not many.

    Our own first: those of a Hub's login aren't ours to revoke, and that is a failure to say.
    """
    for token in sorted(tokens, key=is_from_hub):
        try:
            provider.revoke(token)
        except ProviderError as error:
            return error
    return None
