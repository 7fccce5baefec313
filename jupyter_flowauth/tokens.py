"""Tokens, identities and accounts as values. Expiry takes ``now``; ``repr`` shows no secret."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from .secret import to_secret

NEVER = float("inf")
Kind = Literal["person", "service_account"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a login belongs to, from a checked ID token.

    :param sub: the subject, unique and never reassigned at its issuer (OpenID Connect Core section 2).
    :param username: the name people know themselves by (``preferred_username``), else the email, else the sub.
    """

    sub: str
    username: str
    name: str | None = None
    email: str | None = None

    def is_called(self, account: str) -> bool:
        """Tell whether a username, an email or a sub means this identity. Names and emails compare without case."""
        wanted = account.casefold()
        return account == self.sub or wanted in {self.username.casefold(), (self.email or self.username).casefold()}


@dataclass(frozen=True, slots=True)
class Registration:
    """One client at one issuer, and the instance it is used for: what an account belongs to.

    :param instance: the normalized base URL of the instance (``instances.normalize_instance``), or None.
    """

    issuer: str
    client_id: str
    instance: str | None = None

    @property
    def digest(self) -> str:
        """A short name for files: 16 hexadecimal characters, the same in every process."""
        return _digest(self.issuer, self.client_id, self.instance or "")


@dataclass(frozen=True, slots=True)
class AccountKey:
    """The key under which tokens rest: (issuer, client_id, instance, identity)."""

    registration: Registration
    sub: str

    @property
    def digest(self) -> str:
        """A short name for files: the registration's digest, a dash, and 16 hexadecimal characters of the subject's."""
        return f"{self.registration.digest}-{_digest(self.sub)}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Token:
    """One access token as it was issued, with what is needed to renew it.

    :param scopes: the bare scopes that were granted with it (not those that were asked for).
    :param expires_at_seconds: POSIX time, or None if the provider didn't say.
    :param obtained_at_seconds: POSIX time; of two tokens that cover a scope the newer serves it.
    :param refresh_started: POSIX time at which its refresh token was last sent with no answer stored yet (a process died in between).
    :param refresh_failure: why the last attempt to renew it failed, and ``refresh_failed_at_seconds`` when: who waited for it shares it.
    :param covers_all: it was given for whatever is asked for: the environment's token of an OIDC service.
    """

    access_token: str = field(repr=False)
    scopes: tuple[str, ...]
    resource_server: str | None = None
    expires_at_seconds: float | None = None
    obtained_at_seconds: float = 0.0
    refresh_token: str | None = field(default=None, repr=False)
    token_type: str = "Bearer"
    refresh_started: float | None = None
    refresh_failure: str | None = None
    refresh_failed_at_seconds: float = 0.0
    covers_all: bool = False

    def __post_init__(self) -> None:
        """Mask the secrets wherever a traceback might print them."""
        object.__setattr__(self, "access_token", to_secret(self.access_token))
        object.__setattr__(self, "refresh_token", to_secret(self.refresh_token))

    def covers(self, scope: str) -> bool:
        """Tell whether this token was granted with a bare scope."""
        return self.covers_all or scope in self.scopes

    def seconds_left(self, now: float) -> float:
        """Return how many seconds the access token is still good for; infinite where the provider didn't say."""
        return NEVER if self.expires_at_seconds is None else self.expires_at_seconds - now

    @property
    def lifetime_seconds(self) -> float:
        """How long the access token was good for when it was issued; infinite where the provider didn't say."""
        return self.seconds_left(self.obtained_at_seconds)

    @property
    def fingerprint(self) -> str:
        """A sha256 of the access token, to tell two apart in logs and comparisons."""
        return hashlib.sha256(self.access_token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """What a token endpoint answered, checked: the tokens, and whom the ID token is about (None where none was issued).

    :param kind: whether a person logged in, or a program got tokens of its own.
    """

    tokens: tuple[Token, ...]
    identity: Identity | None = None
    id_token: str | None = field(default=None, repr=False)
    kind: Kind = "person"


@dataclass(frozen=True, slots=True)
class Account:
    """Everything held for one identity at one registration.

    :param tokens: every token that still serves a scope, oldest first.
    :param logged_in_at_seconds: POSIX time of the latest login; the most recent account is the default one.
    :param declined: scopes that were asked for and not granted at the latest login that asked for them.
    :param kind: ``person``, or ``service_account``: a program's own (client credentials, or a token that was given once).
    """

    key: AccountKey
    identity: Identity
    provider: str
    tokens: tuple[Token, ...] = ()
    logged_in_at_seconds: float = 0.0
    id_token: str | None = field(default=None, repr=False)
    declined: tuple[str, ...] = ()
    kind: Kind = "person"

    @property
    def is_clients_own(self) -> bool:
        """Whether it is the client's itself (client credentials), and no login that a person uses."""
        return self.kind == "service_account" and self.identity.sub == self.key.registration.client_id

    @property
    def scopes(self) -> tuple[str, ...]:
        """Every scope that some token covers, sorted."""
        return tuple(sorted({scope for token in self.tokens for scope in token.scopes}))

    def token_for(self, scope: str | None) -> Token | None:
        """Return the newest token that covers a bare scope (None: the newest one of all), or None."""
        return next((token for token in reversed(self.tokens) if scope is None or token.covers(scope)), None)

    def scopes_at(self, resource_server: str) -> tuple[str, ...]:
        """Return every scope held at one resource server, sorted."""
        return tuple(sorted({s for token in self.tokens if token.resource_server == resource_server for s in token.scopes}))

    def with_tokens(self, issued: Iterable[Token]) -> Account:
        """Return the account with new tokens added; an older one goes only if one newer token covers all of its scopes."""
        kept: list[Token] = list(self.tokens)
        for new in issued:
            kept = [old for old in kept if not set(old.scopes) <= set(new.scopes)]
            kept.append(new)
        return replace(self, tokens=tuple(kept))

    def with_refreshed(self, old: Token, new: Token) -> Account:
        """Return the account with one token in another's place, at the same age as far as serving scopes goes."""
        return replace(self, tokens=tuple(new if token.fingerprint == old.fingerprint else token for token in self.tokens))

    def without(self, dropped: Token) -> Account:
        """Return the account without one token."""
        return replace(self, tokens=tuple(token for token in self.tokens if token.fingerprint != dropped.fingerprint))
