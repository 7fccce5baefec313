"""The Hub's own login, reused: what a JupyterHub was issued when its user logged in there seeds the account, with no other prompt.

What the Hub hands over is JSON, and is read as no more than that. Its tokens belong to the Hub's session: they are renewed by asking the
Hub again, never with a refresh token of our own, and are not revoked by a logout here.

The ID token's signature is not checked here, and its audience isn't either: that is the Hub's client, which nobody here knows. It was the
Hub that got it, from the token endpoint and over TLS, where OpenID Connect Core section 3.1.3.7 lets "TLS server validation" stand for
the signature; by now it may have expired besides, for not every provider issues another one when a token is renewed. And whoever could
forge the Hub's answers could start this very server with other code. What is checked is that nothing got mixed up: whose answer it is,
which issuer's, and that it speaks of one person only.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from .code_grant import printable
from .errors import FlowAuthError, IdentityMismatch, ProviderError
from .held_tokens import HeldTokens
from .keeping import keep_issued
from .ports import Provider
from .refresh import is_due
from .tokens import Account, Identity, Token, TokenResponse

# Stands where a token of our own has its refresh token: it is one of the Hub's, who renews it. The subject's follows: whose it must be.
HUB_RENEWAL = "the JupyterHub renews this one for "
# The Hub may hand out a token with seconds to live. Clamped to half of a token's lifetime, as every such wish is.
LEEWAY_SECONDS = 60.0
_LONGEST_TOKEN = 16_384
_LATEST = 1e11
_NOTHING_NEWER = "the JupyterHub, whose login it is, holds nothing newer; log out of the Hub and in again, or be asked here"


class HubState(Protocol):
    """The Hub, as far as it tells what its login was issued."""

    def read_auth_state(self) -> Mapping[str, Any] | None:
        """Return the user's ``auth_state``, or None if the Hub keeps none, or doesn't let this server see it.

        :raises ProviderError: if it can't be asked.
        """


def parse_auth_state(state: Mapping[str, Any], *, issuer: str, now: float) -> TokenResponse:
    """Return the tokens in an ``auth_state`` of oauthenticator's that haven't ended: Globus' by resource server, or one of the others'.

    :param issuer: the provider's: the Hub has to have logged in there.
    :raises ProviderError: if it is shaped otherwise, of another provider, or of two people.
    """
    given = state.get("token_response")
    answer: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    claims = _id_token_claims(_first_text(state.get("id_token"), answer.get("id_token")), issuer)
    identity = _identity(state, claims)
    listed = state.get("tokens")
    if isinstance(listed, Mapping):
        found = [values for values in listed.values() if isinstance(values, Mapping)]
    else:
        found = [{**answer, **{name: value for name, value in state.items() if name in ("access_token", "scope")}}]
    tokens = [_build_token(values, claims.get("iat"), identity.sub) for values in found]
    return TokenResponse(tuple(token for token in tokens if token is not None and token.seconds_left(now) > 0), identity)


def _id_token_claims(id_token: str, issuer: str) -> Mapping[str, Any]:
    """Return the claims of the ID token, if there is one.

    :raises ProviderError: if it isn't the issuer's.
    """
    claims = read_claims(id_token)
    if id_token and claims.get("iss") != issuer:
        raise ProviderError("the Hub logs in at another provider than this one; nothing of its login was taken")
    return claims


def _build_token(values: Mapping[str, Any], issued_at: object, sub: str) -> Token | None:
    """Return a token whose end is known, else None: one of unknown age would fail at a service, and not here."""
    access_token = values.get("access_token")
    if not isinstance(access_token, str) or not 0 < len(access_token) <= _LONGEST_TOKEN or not access_token.isprintable():
        return None
    names, life, server = _scopes(values.get("scope")), read_life(values, issued_at), values.get("resource_server")
    if not names or life is None:
        return None
    return Token(access_token, names, server if isinstance(server, str) else None, life[1], life[0], f"{HUB_RENEWAL}{sub}")


def read_life(values: Mapping[str, Any], issued_at: object) -> tuple[float, float] | None:
    """Return when a token was issued and when it ends, or None if that isn't known.

    Both are its own claims if it is a JWT; else they are reckoned from the login.

    :param values: a token endpoint's answer, or one token of it.
    :param issued_at: the ``iat`` of the ID token that came with it, as it was given.
    """
    claims, lifetime = read_claims(_first_text(values.get("access_token"))), _number(values.get("expires_in"))
    start, end = _number(claims.get("iat")), _number(claims.get("exp"))
    start = _number(issued_at) if start is None else start
    if end is None and start is not None and lifetime is not None:
        end = start + lifetime
    return None if end is None else (end - (lifetime or LEEWAY_SECONDS) if start is None else start, end)


def _number(value: object) -> float | None:
    """Return a number that a time can be; JSON's true and NaN are none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LATEST else None


def _scopes(given: object) -> tuple[str, ...]:
    """Return the scopes in a list, or in a string as OAuth has it."""
    names = given.split() if isinstance(given, str) else given
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list | tuple) else ()


def _identity(state: Mapping[str, Any], claims: Mapping[str, Any]) -> Identity:
    """Return who logged in: from the ID token, or what the provider told the Hub of its user (``oauth_user``, ``globus_user``).

    :raises ProviderError: if neither says it, or they don't say the same ("the UserInfo Response values MUST NOT be used": OpenID
        Connect Core section 5.3.2).
    """
    users = (value for name, value in state.items() if name.endswith("_user") and isinstance(value, Mapping))
    user = next(users, {})
    if claims and "sub" in user and user["sub"] != claims.get("sub"):
        raise ProviderError("what the Hub holds is of two people (its ID token is another's than its user); nothing of its login was taken")
    texts = {name: value for name, value in {**user, **claims}.items() if isinstance(value, str) and value}
    if "sub" not in texts:
        raise ProviderError("the Hub doesn't say who logged in (neither an ID token nor a user with a sub); nothing of its login was taken")
    username = texts.get("preferred_username") or texts.get("email") or texts["sub"]
    username, name, email = (printable(text[:320], longest=320) for text in (username, texts.get("name", ""), texts.get("email", "")))
    return Identity(texts["sub"], username, name or None, email or None)


def read_claims(token: str) -> Mapping[str, Any]:
    """Return the claims of a JWT, with its signature unchecked; an empty mapping for anything else."""
    parts = token.split(".") if len(token) <= _LONGEST_TOKEN else ()
    try:
        values = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))) if len(parts) == 3 else {}
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _first_text(*values: object) -> str:
    return next((value for value in values if isinstance(value, str)), "")


def seed_account(hub: HubState, held: HeldTokens, *, now: float, say: Callable[[str], None]) -> None:
    """Take over the tokens of the Hub's login, if it has any of this provider that are good for a while; how that went is said."""
    try:
        issued = _read_issued(hub, held.provider, now=now)
        lasting = tuple(token for token in issued.tokens if not is_due(token, LEEWAY_SECONDS, now=now)) if issued else ()
        if issued and lasting:
            identity = keep_issued(replace(issued, tokens=lasting), held, asked=(), now=now)
            scopes = sorted({scope for token in lasting for scope in token.scopes})
            say(f"✓ You are {identity.username} by the JupyterHub's own login, with {' '.join(scopes)}; nothing had to be asked for that.")
    except IdentityMismatch as error:
        say(f"The Hub's login isn't used: {error}")
    except FlowAuthError as error:
        say(f"The Hub's login can't be used: {error}")


def _read_issued(hub: HubState, provider: Provider, *, now: float) -> TokenResponse | None:
    state = hub.read_auth_state()
    return None if state is None else parse_auth_state(state, issuer=provider.registration.issuer, now=now)


def is_from_hub(token: Token) -> bool:
    """Tell whether a token is of the Hub's login."""
    return (token.refresh_token or "").startswith(HUB_RENEWAL)


class HubRenewed:
    """A provider among whose tokens there are some of the Hub's: those are renewed by asking the Hub again."""

    def __init__(self, provider: Provider, hub: HubState) -> None:
        self._provider, self._hub = provider, hub

    def __getattr__(self, name: str) -> Any:
        """Return everything else of the provider's."""
        return getattr(self._provider, name)

    def refresh(self, token: Token, *, now: float) -> Token:
        """Return the token that the Hub holds now in the place of one of its own; any other is the provider's to renew.

        :raises ProviderError: with ``error="invalid_grant"`` if the Hub holds none that is still good, otherwise if it can't be asked.
        """
        if not is_from_hub(token):
            return self._provider.refresh(token, now=now)
        issued = _read_issued(self._hub, self._provider, now=now)
        fitting = [one for one in (issued.tokens if issued else ()) if _replaces(one, token)]
        if not fitting:
            raise ProviderError("the JupyterHub holds no token of this login", error="invalid_grant", reason=_NOTHING_NEWER)
        return max(fitting, key=lambda one: one.seconds_left(now))

    def revoke(self, token: Token) -> None:
        """Revoke a token of our own.

        :raises ProviderError: for one of the Hub's: its session isn't ours to end.
        """
        if is_from_hub(token):
            raise ProviderError("they belong to the Hub's login; log out of the Hub to end that")
        self._provider.revoke(token)

    def end_sessions(self, account: Account) -> tuple[Any, ...]:
        """End our own sessions; the Hub's is left alone."""
        return () if any(map(is_from_hub, account.tokens)) else self._provider.end_sessions(account)


def _replaces(fresh: Token, stale: Token) -> bool:
    """Tell whether a token is for the same person and service as another; the provider may have granted less by now."""
    is_same = (fresh.refresh_token, fresh.resource_server) == (stale.refresh_token, stale.resource_server)
    return is_same and bool(set(fresh.scopes) & set(stale.scopes))
