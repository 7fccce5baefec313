"""What a login was issued: judged by whose it is, then kept."""

from __future__ import annotations

from dataclasses import replace

from .errors import IdentityMismatch, ProviderError
from .held_tokens import HeldTokens
from .refresh import LOCK_TIMEOUT_SECONDS
from .secret import to_secret
from .tokens import Account, AccountKey, Identity, TokenResponse


def keep_issued(issued: TokenResponse, held: HeldTokens, *, asked: tuple[str, ...], now: float) -> Identity:
    """Keep the tokens of a login beside those held before, use them from now on, and return whose they are.

    :param asked: the bare scopes that were missing; those that weren't granted are recorded as declined.
    :raises ProviderError: if the provider didn't say whose they are.
    :raises IdentityMismatch: if they are somebody else's than this account's; then nothing is kept.
    :raises StorageError: if they can't be kept.
    """
    identity = _require_identity(issued)
    _refuse_other_identity(issued, identity, held)
    held.settle(_keep(issued, identity, held, asked=asked, now=now))
    return identity


def _require_identity(issued: TokenResponse) -> Identity:
    if issued.identity is None:
        raise ProviderError("the provider didn't say who logged in (no ID token); nothing was kept; ask for the scope 'openid'")
    return issued.identity


def _keep(issued: TokenResponse, identity: Identity, held: HeldTokens, *, asked: tuple[str, ...], now: float) -> AccountKey:
    key = AccountKey(held.provider.registration, identity.sub)
    granted = {scope for token in issued.tokens for scope in token.scopes}
    with held.store.transaction(key, timeout_seconds=LOCK_TIMEOUT_SECONDS) as transaction:
        before = transaction.account or Account(key, identity, held.provider.name)
        transaction.write(
            replace(
                before.with_tokens(issued.tokens),
                identity=identity,
                id_token=issued.id_token,
                kind=issued.kind,
                logged_in_at_seconds=now,
                declined=tuple(sorted(({*before.declined, *asked}) - granted)),
            )
        )
    return key


def keep_given(token: str, held: HeldTokens, *, now: float) -> Identity:
    """Keep a token that was made elsewhere and is given once, beside what is held, and use it from now on; return whose it is.

    :raises ProviderError: if it isn't an access token of this provider that is still good.
    :raises IdentityMismatch: if another account was asked for by name.
    :raises StorageError: if it can't be kept.
    """
    held.store.prepare()
    issued = held.provider.read_service_token(to_secret(token.strip()) or "", now=now)
    identity = _require_identity(issued)
    if held.wanted is not None and not identity.is_called(held.wanted):
        raise IdentityMismatch(
            f"the token is {identity.username}'s, and {held.wanted} was asked for; nothing was stored; leave the account out to use it",
            expected=held.wanted,
            received=identity.username,
        )
    held.settle(_keep(issued, identity, held, asked=(), now=now))
    return identity


def _refuse_other_identity(issued: TokenResponse, identity: Identity, held: HeldTokens) -> None:
    """Refuse tokens of somebody else than whose account this is, and give them back.

    :raises IdentityMismatch: naming both.
    """
    account = held.account()
    expected = account.identity.username if account else held.wanted or ""
    if (account is None or account.identity.sub == identity.sub) and (held.wanted is None or identity.is_called(held.wanted)):
        return
    if all(other.identity.sub != identity.sub for other in held.accounts()):
        _give_back(issued, held)
    raise IdentityMismatch(
        f"you came back as {identity.username}, and this notebook uses the account of {expected}; nothing of theirs was replaced; "
        f"to use both side by side: %login --account {identity.username}; to change over: %logout, then %login",
        expected=expected,
        received=identity.username,
    )


def _give_back(issued: TokenResponse, held: HeldTokens) -> None:
    for token in issued.tokens:
        try:
            held.provider.revoke(token)
        except ProviderError:
            return  # best effort, and bounded: they were never stored, and expire by themselves
