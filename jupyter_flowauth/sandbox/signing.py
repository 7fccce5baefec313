"""Keys, ID tokens (right and, for tests, wrong ones) and what discovery says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from .catalogue import User
from .ledger import Grant
from .settings import SandboxSettings

_ID_TOKEN_LIFETIME = 172_800
_DAY = 86_400
KEY_ID = "sandbox"
ORGANISATION, IDENTITY_PROVIDER_ID, IDENTITY_PROVIDER = "Sandbox", "5a9db0c5-0e5a-4b0c-9d0c-5a9db0c5d001", "Sandbox (pretend)"


@cache
def signing_key(key_id: str) -> RSAPrivateKey:
    """Return the key of that name, made once for the process: a new one for each sandbox would slow every test."""
    return generate_private_key(public_exponent=65537, key_size=2048)


def build_jwks() -> dict[str, Any]:
    """Return the public half of the signing key as /jwk.json shows it."""
    jwk: dict[str, Any] = RSAAlgorithm.to_jwk(signing_key(KEY_ID).public_key(), as_dict=True)
    jwk.pop("key_ops", None)
    return {"keys": [{**jwk, "alg": "RS512", "kid": KEY_ID, "use": "sig"}]}


def build_discovery(issuer: str, settings: SandboxSettings) -> dict[str, Any]:
    """Return the document at /.well-known/openid-configuration."""
    document: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/v2/oauth2/authorize",
        "token_endpoint": f"{issuer}/v2/oauth2/token",
        "userinfo_endpoint": f"{issuer}/v2/oauth2/userinfo",
        "revocation_endpoint": f"{issuer}/v2/oauth2/token/revoke",
        "introspection_endpoint": f"{issuer}/v2/oauth2/token/introspect",
        "jwks_uri": f"{issuer}/jwk.json",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS512"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "at_hash", "name", "preferred_username", "email"],
        "authorization_response_iss_parameter_supported": settings.advertise_iss,
    }
    if settings.offers_device:
        document["device_authorization_endpoint"] = f"{issuer}/v2/oauth2/device"
        document["grant_types_supported"] = [*document["grant_types_supported"], "urn:ietf:params:oauth:grant-type:device_code"]
    return document


def build_claims(user: User, scopes: tuple[str, ...], settings: SandboxSettings) -> dict[str, Any]:
    """Return who somebody is, as far as the scopes allow it to be said."""
    claims: dict[str, Any] = {"sub": user.sub}
    if "profile" in scopes:
        claims |= {
            "name": settings.display_names.get(user.login, user.name),
            "preferred_username": user.username,
            "organization": ORGANISATION,
            "identity_provider": IDENTITY_PROVIDER_ID,
            "identity_provider_display_name": IDENTITY_PROVIDER,
        }
    return claims | ({"email": user.username} if "email" in scopes else {})


def build_id_token(
    grant: Grant, user: User, access_token: str, issuer: str, settings: SandboxSettings, *, now: float, nonce: str | None
) -> str:
    """Return the signed ID token of a grant, with the faults that the settings ask for."""
    claims = build_claims(user, grant.scopes, settings)
    claims |= {"iss": issuer, "aud": grant.client_id, "iat": int(now), "exp": int(now) + _ID_TOKEN_LIFETIME}
    claims |= {"at_hash": build_at_hash(access_token), "last_authentication": int(grant.auth_time), "auth_time": int(grant.auth_time)}
    if nonce is not None:
        claims["nonce"] = nonce
    return sign(_with_faults(claims, settings), settings)


def build_at_hash(access_token: str) -> str:
    """Return the left half of the token's sha512 (OpenID Connect Core 3.1.3.6, for RS512)."""
    return base64.urlsafe_b64encode(hashlib.sha512(access_token.encode()).digest()[:32]).rstrip(b"=").decode()


def _with_faults(claims: dict[str, Any], settings: SandboxSettings) -> dict[str, Any]:
    """Return the claims with one wrong value for each fault wanted."""
    wrong: dict[str, dict[str, Any]] = {
        "nonce": {"nonce": "of-another-login"},
        "aud": {"aud": "of-another-client"},
        "iss": {"iss": "https://another.issuer.example"},
        "other_sub": {"sub": "00000000-0000-4000-8000-000000000000"},
        "expired": {"exp": claims["iat"] - _DAY, "iat": claims["iat"] - 2 * _DAY},
        "future": {"iat": claims["iat"] + _DAY, "nbf": claims["iat"] + _DAY},
        "at_hash": {"at_hash": build_at_hash("of-another-token")},
        "no_sub": {"sub": None},
    }
    for fault in settings.id_token_faults:
        claims = {name: value for name, value in {**claims, **wrong.get(fault, {})}.items() if value is not None}
    return claims


def sign(claims: dict[str, Any], settings: SandboxSettings) -> str:
    """Return the claims as a JWT: RS512 with our key, unless a fault asks for worse."""
    if "alg_none" in settings.id_token_faults:
        return jwt.encode(claims, "", algorithm="none")
    if "alg_hs256" in settings.id_token_faults:
        return _sign_with_public_key(claims)
    key_name = "stranger" if "key" in settings.id_token_faults else KEY_ID
    return jwt.encode(claims, signing_key(key_name), algorithm="RS512", headers={"kid": KEY_ID})


def _sign_with_public_key(claims: dict[str, Any]) -> str:
    """Return the classic forgery: HS256 with the public key as its secret (by hand, as PyJWT refuses to make one)."""
    parts = [json.dumps({"alg": "HS256", "typ": "JWT", "kid": KEY_ID}).encode(), json.dumps(claims).encode()]
    signed = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    pem = signing_key(KEY_ID).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return f"{signed}.{base64.urlsafe_b64encode(hmac.digest(pem, signed.encode(), 'sha256')).rstrip(b'=').decode()}"
