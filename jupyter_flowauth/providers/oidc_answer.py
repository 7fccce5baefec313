"""What an OpenID provider answers to a person's login, and its scopes in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..code_grant import AuthorizationRequest
from ..records import ScopeLine
from ..secret import to_secret
from ..tokens import TokenResponse
from .id_token import validate_id_token
from .oauth_answers import build_token
from .oidc_discovery import Metadata
from .oidc_userinfo import with_userinfo
from .signed_token import FetchKeys

_WORDS = {
    "openid": "Know that it is you",
    "profile": "See your name",
    "email": "See your email address",
    "offline_access": "Stay logged in while you are away",
}


def describe_scope(scope: str, service: str) -> ScopeLine:
    """Return a bare scope in words people know; one that is not known here speaks for itself."""
    return ScopeLine(scope, _WORDS.get(scope, scope), service)


def read_login_answer(
    answer: Mapping[str, Any],
    metadata: Metadata,
    request: AuthorizationRequest,
    *,
    nonce: str | None,
    fetch_keys: FetchKeys,
    clock_skew_seconds: float,
    now: float,
) -> TokenResponse:
    """Return the token of a person's login, with whose it is.

    :param request: what was asked for.
    :param nonce: the login's, or None for a grant that has none.
    :raises ProviderError: if the answer is no bearer token, or the ID token is not for this login.
    """
    token, id_token = build_token(answer, now=now, asked=tuple(request.scope.split())), answer.get("id_token")
    if not isinstance(id_token, str):
        return TokenResponse((token,))
    identity = validate_id_token(
        id_token,
        issuer=metadata.issuer,
        client_id=request.client_id,
        nonce=nonce,
        fetch_keys=fetch_keys,
        clock_skew_seconds=clock_skew_seconds,
        access_token=token.access_token,
    )
    return TokenResponse((token,), with_userinfo(identity, metadata, token), to_secret(id_token))
