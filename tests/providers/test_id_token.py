"""ATTACKS 26: each wrong ID token is refused, each with its reason."""

from __future__ import annotations

import json
import time
from functools import cache

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from jupyter_flowauth.errors import ProviderError
from jupyter_flowauth.providers.id_token import build_identity, validate_id_token
from jupyter_flowauth.providers.signed_token import ALGORITHMS

ISSUER, CLIENT_ID, NONCE = "https://issuer.example", "the-client", "the-nonce"


@cache
def key_of(name):
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwks(*names, **changes):
    return {
        "keys": [{**RSAAlgorithm.to_jwk(key_of(name).public_key(), as_dict=True), "kid": name, "alg": "RS512", **changes} for name in names]
    }


def sign(key="one", algorithm="RS512", headers=None, **changes):
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": CLIENT_ID, "sub": "s", "nonce": NONCE, "iat": now, "exp": now + 300, **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key_of(key), algorithm=algorithm, headers={"kid": key} if headers is None else headers)


def validate(token, keys=None, **options):
    document = keys if keys is not None else jwks("one")
    return validate_id_token(token, issuer=ISSUER, client_id=CLIENT_ID, nonce=NONCE, fetch_keys=lambda again: document, **options)


REASONS = {
    "nonce": "belongs to another login",
    "aud": "Audience doesn't match",
    "iss": "Invalid issuer",
    "alg_none": "isn't signed with a private key",
    "alg_hs256": "isn't signed with a private key",
    "no_sub": '"sub" claim',
    "expired": "has expired: is this machine's clock right",
    "future": "is from the future: is this machine's clock right",
    "key": "Signature verification failed",
}


@pytest.mark.parametrize("fault", REASONS)
def test_a_wrong_id_token_is_refused_with_its_reason(sandbox, log_in, fault):
    sandbox.configure(id_token_faults=(fault,))
    with pytest.raises(ProviderError, match=REASONS[fault]) as caught:
        log_in()
    assert caught.value.error == "invalid_id_token"
    assert "nothing was kept; log in again" in str(caught.value)


def test_a_clock_that_is_ten_minutes_off_is_said(sandbox, log_in):
    sandbox.configure(clock_offset=600)
    with pytest.raises(ProviderError, match="is this machine's clock right"):
        log_in()


def test_a_clock_that_is_half_a_minute_off_is_not(sandbox, log_in):
    sandbox.configure(clock_offset=30)
    assert log_in().identity is not None


def test_a_right_one_names_its_subject():
    assert validate(sign()).sub == "s"


@pytest.mark.parametrize("off, allowed, fine", [(50, 60, True), (70, 60, False), (70, 120, True)])
def test_the_skew_that_is_allowed_is_configurable(off, allowed, fine):
    early = sign(iat=int(time.time()) + off)
    if fine:
        assert validate(early, clock_skew_seconds=allowed).sub == "s"
    else:
        with pytest.raises(ProviderError, match="from the future"):
            validate(early, clock_skew_seconds=allowed)


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"sub": ""}, "names no subject"),
        ({"sub": None}, "sub"),
        ({"sub": 7}, "refused"),
        ({"nonce": None}, "another login"),
        ({"nonce": 7}, "another login"),
        ({"nonce": "the-nonce "}, "another login"),
        ({"aud": [CLIENT_ID, "other"]}, "another client"),
        ({"aud": [CLIENT_ID, "other"], "azp": "other"}, "another client"),
        ({"azp": "other"}, "another client"),
        ({"aud": []}, "refused"),
        ({"iat": None}, "iat"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "refused"),
        ({"iss": ISSUER + "/"}, "issuer"),
    ],
)
def test_a_claim_that_is_wrong_or_absent_is_refused(changes, reason):
    with pytest.raises(ProviderError, match=reason):
        validate(sign(**changes))


def test_several_audiences_with_our_own_azp_are_fine():
    assert validate(sign(aud=[CLIENT_ID, "other"], azp=CLIENT_ID)).sub == "s"


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "....", "e30.e30.e30", "é.é.é"])
def test_what_is_no_jwt_is_refused(text):
    with pytest.raises(ProviderError, match="was refused"):
        validate(text)


def test_no_symmetric_algorithm_is_taken_and_none_neither():
    assert not any(name.startswith("HS") or name.lower() == "none" for name in ALGORITHMS)


def test_a_key_that_is_rotated_in_is_fetched_once():
    fetched = []

    def fetch(again):
        fetched.append(again)
        return jwks("one", "two") if again else jwks("one")

    identity = validate_id_token(sign("two"), issuer=ISSUER, client_id=CLIENT_ID, nonce=NONCE, fetch_keys=fetch)
    assert (identity.sub, fetched) == ("s", [False, True])


def test_a_key_that_is_nobodys_is_looked_for_exactly_once_more():
    fetched = []
    with pytest.raises(ProviderError, match="none of the issuer's"):
        validate_id_token(
            sign("two"), issuer=ISSUER, client_id=CLIENT_ID, nonce=NONCE, fetch_keys=lambda again: fetched.append(again) or jwks("one")
        )
    assert fetched == [False, True]


def test_the_providers_keys_are_fetched_again_exactly_once(sandbox, provider, log_in, monkeypatch):
    provider._documents.clear()
    log_in()
    real = provider._send
    monkeypatch.setattr(provider, "_send", lambda method, path, form: {"keys": []} if path == "/jwk.json" else real(method, path, form))
    provider._documents[provider.auth_url + "/jwk.json"] = (time.monotonic(), {"keys": [{"kid": "old", "kty": "RSA"}]})
    with pytest.raises(ProviderError, match="none of the issuer's"):
        log_in()
    assert provider._documents[provider.auth_url + "/jwk.json"][1] == {"keys": []}


def test_without_a_kid_the_only_key_is_the_one():
    assert validate(sign(headers={})).sub == "s"
    with pytest.raises(ProviderError, match="none of the issuer's"):
        validate(sign(headers={}), jwks("one", "two"))


@pytest.mark.parametrize(
    "document", [{}, {"keys": []}, {"keys": [7]}, {"keys": [{"kid": "one"}]}, {"keys": [{"kid": "one", "kty": "oct", "k": "eA"}]}]
)
def test_keys_that_are_none_are_refused(document):
    with pytest.raises(ProviderError):
        validate(sign(), document)


def test_a_key_for_encryption_signs_nothing():
    with pytest.raises(ProviderError, match="none of the issuer's"):
        validate(sign(), jwks("one", use="enc"))


def test_the_algorithm_of_the_key_counts_and_not_the_headers():
    with pytest.raises(ProviderError, match="refused"):
        validate(sign(algorithm="RS256"), jwks("one"))


def test_no_refusal_repeats_the_token():
    token = sign(iss="https://evil.example")
    with pytest.raises(ProviderError) as caught:
        validate(token)
    assert token not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "claims, username",
    [
        ({"preferred_username": "alice", "email": "a@x"}, "alice"),
        ({"email": "a@x"}, "a@x"),
        ({}, "s"),
        ({"preferred_username": 7, "email": ""}, "s"),
        ({"preferred_username": "x" * 999}, "x" * 320),
        ({"preferred_username": "a\x1b]0;owned\x07\u202eb\n"}, "a ]0;owned  b "),
    ],
)
def test_somebody_is_called_by_the_best_name_there_is(claims, username):
    assert build_identity({"sub": "s", **claims}).username == username


def test_an_identity_holds_only_text():
    identity = build_identity(json.loads('{"sub": "s", "name": ["x"], "email": null}'))
    assert (identity.name, identity.email) == (None, None)
