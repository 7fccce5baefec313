"""Tokens that are given once."""

from __future__ import annotations

import time

import pytest

from jupyter_flowauth.errors import ProviderError
from jupyter_flowauth.providers.oauth_answers import LONGEST_SECONDS
from jupyter_flowauth.providers.oidc import OIDCProvider
from tests.fakes.oidc_server import CLIENT_ID

# Tokens that are given once.


def test_a_service_accounts_token_is_read_once_it_is_right(server, oidc):
    token = server.sign_access("ci", scope="openid api", profile={"is_service_account": True})
    issued = oidc.read_service_token(token, now=time.time())
    assert (issued.kind, issued.identity.username, issued.tokens[0].scopes) == ("service_account", "ci", ("openid", "api"))
    assert 0 < issued.tokens[0].seconds_left(time.time()) <= 300
    assert issued.tokens[0].refresh_token is None


def test_a_service_accounts_token_that_never_ends_has_a_date_all_the_same(server, oidc):
    (token,) = oidc.read_service_token(server.sign_access("ci", exp=10**400), now=0.0).tokens
    assert token.expires_at_seconds == LONGEST_SECONDS


@pytest.mark.parametrize(
    "claims, claim, kind",
    [
        ({}, "profile.is_service_account", "person"),
        ({"profile": {"is_service_account": "true"}}, "profile.is_service_account", "service_account"),
        ({"profile.is_service_account": True}, "profile.is_service_account", "service_account"),
        ({"profile": {"is_service_account": False}}, "profile.is_service_account", "person"),
        ({"profile": "x"}, "profile.is_service_account", "person"),
        ({"robot": True}, "robot", "service_account"),
    ],
)
def test_the_claim_that_marks_a_service_account_is_configurable(server, claims, claim, kind):
    provider = OIDCProvider(server.issuer, CLIENT_ID, service_account_claim=claim)
    assert provider.read_service_token(server.sign_access("ci", **claims), now=0).kind == kind


@pytest.mark.parametrize(
    "make, reason",
    [
        (lambda s: "SENTINEL opaque", "isn't a JWT"),
        (lambda s: "a.b.c", "was refused"),
        (lambda s: s.sign_access(exp=1), "has expired"),
        (lambda s: s.sign_access(exp=None), '"exp" claim'),
        (lambda s: s.sign_access(iss="http://127.0.0.1/realms/other"), "Invalid issuer"),
        (lambda s: s.sign({"sub": "s"}, key="stranger"), "none of the issuer's"),
        (lambda s: s.sign({"sub": "s"}, key="stranger", kid="one"), "Signature verification failed"),
        (lambda s: s.sign_access(typ="Refresh"), "is a refresh token"),
        (lambda s: s.sign_access(typ="Offline"), "is an offline token"),
        (lambda s: s.sign_access(typ="ID"), "is an ID token"),
        (lambda s: s.sign({"sub": "s", "nonce": "n"}), "is an ID token"),
    ],
)
def test_a_token_that_is_none_is_refused_with_its_reason(server, oidc, make, reason):
    with pytest.raises(ProviderError, match=reason) as caught:
        oidc.read_service_token(make(server), now=time.time())
    assert (caught.value.error, "SENTINEL" in str(caught.value)) == ("invalid_token", False)
