"""An access token that was made elsewhere and is given once: a service account's, most often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ProviderError
from ..tokens import Token, TokenResponse
from .id_token import build_identity
from .oauth_answers import LONGEST_SECONDS
from .signed_token import FetchKeys, decode_signed

SERVICE_ACCOUNT_CLAIM = "profile.is_service_account"
# What Keycloak calls tokens in their ``typ`` claim that are no access tokens.
_OTHER_KINDS = {"refresh": "a refresh token", "offline": "an offline token", "id": "an ID token", "logout": "a logout token"}


def validate_service_token(
    access_token: str, *, issuer: str, fetch_keys: FetchKeys, clock_skew_seconds: float, service_account_claim: str, now: float
) -> TokenResponse:
    """Return a given token with whose it is, once signature, issuer and expiry are right.

    :param service_account_claim: the claim that marks a service account, with dots for what is nested.
    :raises ProviderError: with the check that failed.
    """
    claims, _ = decode_signed(
        access_token,
        issuer=issuer,
        audience=None,
        fetch_keys=fetch_keys,
        clock_skew_seconds=clock_skew_seconds,
        required=("iss", "exp", "sub"),
        refuse=refuse_service_token,
    )
    kind = claims.get("typ")
    if isinstance(kind, str) and kind.lower() in _OTHER_KINDS:
        raise refuse_service_token(f"is {_OTHER_KINDS[kind.lower()]}, and an access token is wanted")
    if "nonce" in claims and "scope" not in claims:
        raise refuse_service_token("is an ID token, and an access token is wanted")
    scope = claims.get("scope", "")
    token = Token(
        access_token=access_token,
        scopes=tuple(scope.split()) if isinstance(scope, str) else (),
        expires_at_seconds=float(min(claims["exp"], now + LONGEST_SECONDS)),
        obtained_at_seconds=now,
    )
    is_marked = is_service_account(claims, service_account_claim)
    return TokenResponse((token,), build_identity(claims), kind="service_account" if is_marked else "person")


def is_service_account(claims: Mapping[str, Any], claim: str) -> bool:
    """Tell whether checked claims carry the mark of a service account, under its whole name or nested by its dots."""
    if _is_true(claims.get(claim)):
        return True
    found: object = claims
    for name in claim.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return _is_true(found)


def _is_true(value: object) -> bool:
    return value is True or value == "true"


def validate_is_jwt(access_token: str) -> None:
    """Refuse what no issuer need be asked about.

    :raises ProviderError: if it isn't spelled as a JWT.
    """
    if access_token.count(".") != 2 or any(character.isspace() for character in access_token):
        raise refuse_service_token("isn't a JWT: a service account's token has three parts with dots between them")


def refuse_service_token(reason: str) -> ProviderError:
    """Return the error for a given token that must not be used."""
    return ProviderError(
        f"the token that was given {reason}; nothing was stored; mint another one (jupyter flowauth service-account token)",
        error="invalid_token",
    )
