from __future__ import annotations

import jwt
import pytest

from jupyter_flowauth.sandbox.signing import build_at_hash, build_jwks


def claims_of(login, sandbox, *faults):
    sandbox.configure(id_token_faults=faults)
    return jwt.decode(login("openid", nonce="the-nonce")["id_token"], options={"verify_signature": False})


def header_of(login, sandbox, *faults):
    sandbox.configure(id_token_faults=faults)
    return jwt.get_unverified_header(login("openid")["id_token"])


def test_a_right_id_token_has_nonce_iss_and_aud(login, sandbox):
    claims = claims_of(login, sandbox)
    assert (claims["nonce"], claims["iss"], claims["aud"]) == ("the-nonce", sandbox.url, sandbox.state.authorize_requests[-1]["client_id"])


def test_at_hash_belongs_to_the_access_token(login):
    tokens = login("openid")
    assert jwt.decode(tokens["id_token"], options={"verify_signature": False})["at_hash"] == build_at_hash(tokens["access_token"])


def test_the_signature_is_rs512_by_the_published_key(login, sandbox):
    key = jwt.PyJWKSet.from_dict(build_jwks())["sandbox"]
    token = login("openid")["id_token"]
    assert jwt.decode(token, key, algorithms=["RS512"], options={"verify_aud": False})["iss"] == sandbox.url


@pytest.mark.parametrize("fault, claim", [("nonce", "nonce"), ("aud", "aud"), ("iss", "iss"), ("at_hash", "at_hash"), ("other_sub", "sub")])
def test_a_fault_changes_one_claim(login, sandbox, fault, claim):
    right, wrong = claims_of(login, sandbox), claims_of(login, sandbox, fault)
    assert wrong[claim] != right[claim]


def test_sub_can_be_missing(login, sandbox):
    assert "sub" not in claims_of(login, sandbox, "no_sub")


def test_a_token_can_be_expired_or_from_the_future(login, sandbox):
    expired, future = claims_of(login, sandbox, "expired"), claims_of(login, sandbox, "future")
    assert expired["exp"] < sandbox.state.now() < future["iat"]


@pytest.mark.parametrize("fault, algorithm", [("alg_none", "none"), ("alg_hs256", "HS256"), ("key", "RS512")])
def test_the_algorithm_or_key_can_be_wrong(login, sandbox, fault, algorithm):
    assert header_of(login, sandbox, fault)["alg"] == algorithm


def test_the_strangers_key_does_not_verify(login, sandbox):
    sandbox.configure(id_token_faults=("key",))
    key = jwt.PyJWKSet.from_dict(build_jwks())["sandbox"]
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(login("openid")["id_token"], key, algorithms=["RS512"], options={"verify_aud": False})


def test_the_clock_can_be_off(login, sandbox):
    right = claims_of(login, sandbox)["iat"]
    sandbox.configure(clock_offset=600)
    assert claims_of(login, sandbox)["iat"] >= right + 600


def test_discovery_can_keep_silent_about_iss(native, sandbox):
    sandbox.configure(advertise_iss=False)
    assert native.get_openid_configuration()["authorization_response_iss_parameter_supported"] is False


def test_the_published_key_holds_nothing_private():
    assert set(build_jwks()["keys"][0]) == {"kty", "n", "e", "alg", "kid", "use"}
