"""The checks of an ID token (OpenID Connect Core section 3.1.3.7): PyJWT does them, this says which."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from ..code_grant import printable
from ..errors import ProviderError
from ..tokens import Identity
from .signed_token import CLOCK_SKEW_SECONDS, FetchKeys, decode_signed


def validate_id_token(
    id_token: str,
    *,
    issuer: str,
    client_id: str,
    nonce: str | None,
    fetch_keys: FetchKeys,
    clock_skew_seconds: float = CLOCK_SKEW_SECONDS,
    access_token: str | None = None,
) -> Identity:
    """Return whom an ID token is about, once signature, issuer, audience, time and nonce are right.

    :param nonce: the login's; None for a grant that has none (RFC 8628).
    :param fetch_keys: returns the issuer's JWKS document; called again with True, once, if the key isn't in it (it may have been rotated).
    :param access_token: what came with it: its hash is compared where the ID token holds one (``at_hash``).
    :raises ProviderError: with the check that failed.
    """
    claims, algorithm = decode_signed(
        id_token,
        issuer=issuer,
        audience=client_id,
        fetch_keys=fetch_keys,
        clock_skew_seconds=clock_skew_seconds,
        required=("iss", "aud", "exp", "iat", "sub"),
        refuse=_refusal,
    )
    _validate_claims(claims, client_id=client_id, nonce=nonce)
    if access_token is not None and claims.get("at_hash") is not None:
        _validate_at_hash(claims["at_hash"], algorithm, access_token)
    return build_identity(claims)


def _validate_claims(claims: dict[str, Any], *, client_id: str, nonce: str | None) -> None:
    received = claims.get("nonce")
    if nonce is not None and not (isinstance(received, str) and _is_same(received, nonce)):
        raise _refusal("belongs to another login (its nonce is another)")
    # "If the ID Token contains multiple audiences, the Client SHOULD verify that an azp Claim is present" and that it is its own.
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != client_id:
        raise _refusal("was issued to another client")


def _validate_at_hash(at_hash: object, algorithm: str, access_token: str) -> None:
    """Compare "the left-most half of the hash of the octets of the ASCII representation of the access_token value" (section 3.1.3.6)."""
    import jwt

    try:
        digest = jwt.get_algorithm_by_name(algorithm).compute_hash_digest(access_token.encode())
    except NotImplementedError:  # EdDSA names no hash; Ed25519 is made of SHA-512, and that is what is used for it
        digest = hashlib.sha512(access_token.encode()).digest()
    expected = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if not isinstance(at_hash, str) or not _is_same(at_hash, expected):
        raise _refusal("came with another access token (its at_hash is another)")


def _is_same(received: str, expected: str) -> bool:
    return hmac.compare_digest(received.encode("utf-8", "replace"), expected.encode())


def build_identity(claims: Mapping[str, Any]) -> Identity:
    """Return the identity in checked claims (or a userinfo answer)."""
    text = {name: value for name, value in claims.items() if isinstance(value, str) and value}
    username = text.get("preferred_username") or text.get("email") or text["sub"]
    # They are shown in terminals too, where a control character is an order.
    username, name, email = (printable(value[:320], longest=320) for value in (username, text.get("name", ""), text.get("email", "")))
    return Identity(text["sub"], username, name or None, email or None)


def _refusal(reason: str) -> ProviderError:
    return ProviderError(f"the provider's ID token {reason}; nothing was kept; log in again", error="invalid_id_token")
