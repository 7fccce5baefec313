"""Signed answers that are forged, stale, or meant for somebody else: ID tokens, and tokens that are given once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from jupyter_flowauth import FlowAuth, IdentityMismatch, accounts
from tests.hostile.scripted_provider import CLIENT_ID, OWN_KEY, STRANGERS_KEY, public_jwk, sign
from tests.hostile.world import World, failure_of

# Of when the tests were collected, which may be long before they run: for what is a day off and more.
NOW, DAY = int(time.time()), 86_400
PUBLIC_PEM = OWN_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def log_in(world: World) -> None:
    world.auth().login(["read", "write"], force=True)


CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": ({"iss": "https://evil.example"}, "[Ii]ssuer"),
    "no issuer": ({"iss": None}, "iss"),
    "another audience": ({"aud": "another-client"}, "[Aa]udience"),
    "no audience": ({"aud": None}, "aud"),
    "many audiences, and for none of them": ({"aud": [CLIENT_ID, "another-client"]}, "another client"),
    "for another client": ({"azp": "another-client"}, "another client"),
    "another nonce": ({"nonce": "another"}, "another login"),
    "no nonce": ({"nonce": None}, "another login"),
    "a nonce that is a number": ({"nonce": 7}, "another login"),
    "no subject": ({"sub": None}, "sub"),
    "an empty subject": ({"sub": ""}, "subject"),
    "a subject that is a number": ({"sub": 7}, "[Ss]ubject"),
    "a subject that no file can hold": ({"sub": "\ud800"}, "subject"),
    "a subject with orders for the terminal": ({"sub": "alice\x1b[31m"}, "subject"),
    "expired": ({"exp": NOW - DAY, "iat": NOW - 2 * DAY}, "expired"),
    "no expiry": ({"exp": None}, "exp"),
    "an expiry that is text": ({"exp": "soon"}, "refused"),
    "an expiry without end": ({"exp": 1e400}, "refused"),
    "a beginning without end": ({"iat": 1e400}, "refused"),
    "from the future": ({"iat": NOW + DAY}, "future"),
    "not yet": ({"nbf": NOW + DAY}, "future"),
    "of another access token": ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "access token"),
}


@pytest.mark.parametrize("case", CLAIMS)
def test_an_id_token_must_be_for_this_login(world: World, held: FlowAuth, case: str) -> None:
    world.provider.claims, match = CLAIMS[case]
    assert re.search(match, failure_of(world, lambda: log_in(world)))


def unsigned(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, None, algorithm="none")


def signed_with_the_public_key(claims: dict[str, Any]) -> str:
    """HS256 with the public key as the secret: PyJWT won't make one, an attacker will."""

    def pack(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    content = f"{pack(json.dumps({'alg': 'HS256', 'kid': 'own'}).encode())}.{pack(json.dumps(claims).encode())}"
    return f"{content}.{pack(hmac.new(PUBLIC_PEM, content.encode(), hashlib.sha256).digest())}"


ID_TOKENS: dict[str, tuple[Callable[[dict[str, Any]], str], str]] = {
    "unsigned": (unsigned, "private key"),
    "HS256 with the public key": (signed_with_the_public_key, "private key"),
    "of a stranger's key": (lambda claims: sign(claims, key=STRANGERS_KEY), "[Ss]ignature"),
    "of an unknown key": (lambda claims: sign(claims, key=STRANGERS_KEY, kid="another"), "none of the issuer's"),
    "another algorithm": (lambda claims: sign(claims, algorithm="RS384"), "refused"),
    "no JWT": (lambda claims: "SENTINEL", "refused"),
    "three parts of nothing": (lambda claims: "..", "refused"),
    "five parts": (lambda claims: "a.b.c.d.e", "refused"),
    "changed on the way": (lambda claims: sign(claims)[:-8] + "AAAAAAAA", "[Ss]ignature"),
    "nested": (lambda claims: f"{base64.urlsafe_b64encode(b'[' * 90_000).decode()}..", "refused"),
    "with orders for the terminal": (lambda claims: jwt.encode(claims, OWN_KEY, "RS256", {"kid": "own", "crit": ["\x1b[31m"]}), "refused"),
    "huge": (lambda claims: sign({**claims, "padding": "x" * 400_000}), "more than 512 KiB"),
}


@pytest.mark.parametrize("case", ID_TOKENS)
def test_an_id_token_must_be_signed_by_the_issuer(world: World, held: FlowAuth, case: str) -> None:
    world.provider.id_token, match = ID_TOKENS[case]
    assert re.search(match, failure_of(world, lambda: log_in(world)))
    assert world.provider.requests["jwks"] <= 3


def test_a_rotated_key_is_fetched_once_more_and_accepted(world: World, held: FlowAuth) -> None:
    world.provider.instead["jwks"] = lambda _: {"keys": [public_jwk(STRANGERS_KEY, "new")]}
    world.provider.id_token = lambda claims: sign(claims, key=STRANGERS_KEY, kid="new")
    before = world.provider.requests["jwks"]
    held.login(["read"], force=True)
    assert world.provider.requests["jwks"] == before + 1


def test_an_id_token_of_another_issuers_person_replaces_nobody(world: World, held: FlowAuth) -> None:
    """A re-consent that somebody else answers: both names are said, and nothing is replaced."""
    world.provider.claims = {"sub": "somebody-else", "preferred_username": "mallory"}
    assert re.search("alice.*mallory|mallory.*alice", failure_of(world, lambda: FlowAuth.login(held, ["read", "write"]), IdentityMismatch))


GIVEN: dict[str, tuple[Callable[[dict[str, Any]], str], str]] = {
    "no JWT": (lambda claims: "SENTINEL-opaque", "isn't a JWT"),
    "empty": (lambda claims: "", "JWT"),
    "of another realm": (lambda claims: sign({**claims, "iss": "https://evil.example"}), "[Ii]ssuer"),
    "of another realm's key": (lambda claims: sign(claims, key=STRANGERS_KEY, kid="other"), "none of the issuer's"),
    "expired": (lambda claims: sign({**claims, "exp": NOW - DAY}), "expired"),
    "a refresh token": (lambda claims: sign({**claims, "typ": "Refresh"}), "a refresh token"),
    "an ID token": (lambda claims: sign({**claims, "typ": "ID"}), "an ID token"),
    "unsigned": (unsigned, "private key"),
    "without an end": (lambda claims: sign({name: claims[name] for name in claims if name != "exp"}), "exp"),
    "with a line break": (lambda claims: sign(claims).replace(".", ".\n", 1), "JWT"),
}


@pytest.mark.parametrize("case", GIVEN)
def test_a_token_that_is_given_must_be_a_good_access_token_of_the_realm(world: World, held: FlowAuth, case: str) -> None:
    make, match = GIVEN[case]
    claims = {"iss": world.provider.url, "sub": "service", "exp": NOW + DAY, "iat": NOW, "scope": "read", "typ": "Bearer"}
    assert re.search(match, failure_of(world, lambda: world.auth().login_with_token(make(claims))))


def test_a_good_token_that_is_given_is_kept(world: World) -> None:
    claims = {"iss": world.provider.url, "sub": "service", "exp": NOW + DAY, "scope": "read", "profile": {"is_service_account": True}}
    world.auth().login_with_token(sign(claims))
    assert [held.kind for held in accounts()] == ["service_account"]
