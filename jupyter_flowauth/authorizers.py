"""Authorizers keyed by scope, alive to every login and refresh that anybody makes, and the one refresh transaction.

An authorizer is anything with ``get_authorization_header`` and ``handle_missing_authorization``: SDK clients take ours, and our
mapping can hold theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from .errors import ScopesMissing
from .held_tokens import HeldTokens
from .ports import Clock
from .scopes import ScopeLike, scope_key
from .secret import Secret
from .tokens import AccountKey, Token

MIN_VALID_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 1.0
# A service that refuses whatever it gets is not worth a renewal a second either.
SETTLE_SECONDS = 10.0


class AuthorizerLike(Protocol):
    """What an SDK client asks of an authorizer (``globus_sdk.authorizers.GlobusAuthorizer``)."""

    def get_authorization_header(self) -> str | None:
        """Return the value for the ``Authorization`` header."""

    def handle_missing_authorization(self) -> bool:
        """React to a 401; True if it is worth trying again."""


class Authorizer:
    """The authorizer of one scope (None: of the newest token): its header follows every refresh and login, here or in another process.

    :param owner: whose tokens it sends, and nobody else's, however many are held by then; None for a token of the environment.
    """

    __slots__ = ("_clock", "_good_until", "_header", "_held", "_min_valid", "_owner", "_settled_at", "_token", "scope")

    def __init__(
        self, held: HeldTokens, scope: str | None, *, clock: Clock, owner: AccountKey | None = None, min_valid: float = MIN_VALID_SECONDS
    ) -> None:
        self.scope, self._owner = scope, owner
        self._held, self._clock, self._min_valid = held, clock.monotonic, min_valid
        self._good_until = self._settled_at = 0.0
        self._header = ""
        self._token: Token | None = None

    def get_authorization_header(self) -> str:
        """Return ``Bearer …``, good for at least the seconds asked for. Renews the token when it must; looks at the store once a second.

        :raises ScopesMissing: if the scope is not held any more.
        :raises LoginRequired: if its token can't be renewed.
        :raises ProviderError: if the provider can't be reached for that.
        """
        if self._clock() < self._good_until:
            return self._header
        token = self._held.token(self.scope, min_valid=self._min_valid, owner=self._owner)
        if token is not self._token:
            self._token, self._header = token, Secret(f"Bearer {token.access_token}")
        self._good_until = self._clock() + min(LOOK_AGAIN_SECONDS, self._held.seconds_until_renewal(token, self._min_valid))
        return self._header

    def look_again(self) -> None:
        """Look at the store at the next header, whatever was seen a moment ago."""
        self._good_until = 0.0

    def handle_missing_authorization(self) -> bool:
        """Renew the token that a service has just refused, once; True if there is another one to try."""
        refused, self._good_until = self._token, 0.0
        if self._clock() < self._settled_at:
            return refused is not None  # this refusal is most likely of the token before, in another thread
        replaced = refused is not None and self._held.replace_refused(self.scope, refused, owner=self._owner)
        if replaced:
            self._settled_at = self._clock() + SETTLE_SECONDS
        return replaced

    def __repr__(self) -> str:
        """Show the scope, never the header."""
        return f"<Authorizer of {self.scope or 'the newest token'}>"


class AuthorizersByScope(Mapping[str, AuthorizerLike]):
    """A live mapping from bare scope to authorizer. A ``globus_sdk.Scope`` finds what its bare string finds."""

    def __init__(self, held: HeldTokens, *, clock: Clock) -> None:
        self._held, self._clock = held, clock
        self._ours: dict[tuple[str, AccountKey | None], Authorizer] = {}
        self._foreign: dict[str, AuthorizerLike] = {}

    def __getitem__(self, scope: ScopeLike) -> AuthorizerLike:
        """Return the authorizer of a scope.

        :raises ScopesMissing: (a ``KeyError``) if the scope isn't held.
        """
        key = _key_or_raise(scope)
        if self._held.missing((key,)):
            if key in self._foreign:
                return self._foreign[key]
            raise ScopesMissing(missing_sentence((key,)), missing=(key,))
        place = (key, self._held.owner())
        if place not in self._ours:
            self._ours[place] = Authorizer(self._held, key, clock=self._clock, owner=place[1])
        self._ours[place].look_again()  # a token issued a moment ago may be good for what the one before is not
        return self._ours[place]

    def __contains__(self, scope: object) -> bool:
        """Tell whether a scope, in any spelling, is held."""
        try:
            key = scope_key(scope)  # type: ignore[arg-type]  # anything may be looked for
        except (AttributeError, TypeError, ValueError):
            return False
        return key in self._foreign or not self._held.missing((key,))

    def __iter__(self) -> Iterator[str]:
        """Iterate over the bare scopes, sorted."""
        return iter(sorted({*self._held.scopes(), *self._foreign}))

    def __len__(self) -> int:
        """Return how many scopes are held."""
        return len({*self._held.scopes(), *self._foreign})

    def update(self, authorizers: Mapping[str, AuthorizerLike]) -> None:
        """Take other authorizers in, for this process only. Our own are there already, and nothing changes."""
        for scope, authorizer in authorizers.items():
            if not isinstance(authorizer, Authorizer):
                self._foreign[scope_key(scope)] = authorizer

    def __repr__(self) -> str:
        """Show the scopes, never a header."""
        return f"<AuthorizersByScope of {len(self)} scopes: {', '.join(self)}>"


def missing_sentence(missing: tuple[str, ...]) -> str:
    """Return the sentence for scopes that aren't held, with what to type next."""
    scopes = " ".join(missing)
    what = "this scope is" if len(missing) == 1 else "these scopes are"
    return f"{what} not held: {scopes} - everything else still works; log in for it: %login {scopes}"


def _key_or_raise(scope: ScopeLike) -> str:
    try:
        return scope_key(scope)
    except (AttributeError, TypeError, ValueError):
        raise ScopesMissing(f"not a scope: {str(scope)[:200]!r}; nothing is held for it", missing=(str(scope)[:200],)) from None
