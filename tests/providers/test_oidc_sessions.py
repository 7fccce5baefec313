"""Refresh, revocation and logout at an OIDC provider."""

from __future__ import annotations

import time

import pytest

from jupyter_flowauth.errors import ProviderError
from jupyter_flowauth.providers.oidc import OIDCProvider
from jupyter_flowauth.tokens import Account, AccountKey
from tests.fakes.oidc_server import CLIENT_ID, CONFIDENTIAL, SECRET

# Refresh, revocation, logout.


def test_a_refresh_rotates(oidc_log_in, oidc, server):
    (token,) = oidc_log_in("profile").tokens
    renewed = oidc.refresh(token, now=time.time())
    assert renewed.access_token != token.access_token
    assert (list(server.live), renewed.scopes) == ([renewed.refresh_token], token.scopes)


def test_a_used_refresh_token_ends_the_session_and_that_is_told(oidc_log_in, oidc):
    (token,) = oidc_log_in().tokens
    oidc.refresh(token, now=0)
    with pytest.raises(ProviderError) as caught:
        oidc.refresh(token, now=0)
    assert (caught.value.error, caught.value.reason.split(" (")[0]) == ("invalid_grant", "the session at the provider has ended")


@pytest.mark.parametrize(
    "words, reason",
    [
        ("User disabled", "the user is disabled"),
        ("Token is not active", "the refresh token has expired"),
        ("Client no longer has requested consent from user", "was taken back"),
        ("Offline session not active", "the offline session has ended"),
        ("Session doesn't have required client", "a used refresh token comes again"),
        ("Something new", "None"),
    ],
)
def test_why_a_refresh_is_refused_is_told_apart(server, oidc_log_in, oidc, words, reason):
    (token,) = oidc_log_in().tokens
    server.refusal = ("invalid_grant", words)
    with pytest.raises(ProviderError) as caught:
        oidc.refresh(token, now=0)
    assert reason in str(caught.value.reason)


def test_revoking_takes_the_refresh_token_else_the_access_token(oidc_log_in, oidc, server):
    (token,) = oidc_log_in().tokens
    oidc.revoke(token)
    assert server.revoked == [token.refresh_token]
    (own,) = OIDCProvider(server.issuer, CONFIDENTIAL, SECRET, grant="client_credentials").issue_token((), now=0).tokens
    OIDCProvider(server.issuer, CONFIDENTIAL, SECRET).revoke(own)
    assert server.revoked[1] == own.access_token


def test_a_provider_without_revocation_says_so(oidc_log_in, oidc, server):
    server.discovery["revocation_endpoint"] = None
    with pytest.raises(ProviderError, match="offers no revocation"):
        oidc.revoke(oidc_log_in().tokens[0])


def account(provider, issued):
    key = AccountKey(provider.registration, issued.identity.sub)
    return Account(key, issued.identity, provider.name, issued.tokens, id_token=issued.id_token)


def test_a_logout_tells_the_instance_and_ends_the_session_with_the_refresh_token(server, oidc_log_in):
    provider = OIDCProvider(client_id=CLIENT_ID).at(server.instance())
    held = account(provider, oidc_log_in(by=provider))
    endings = provider.end_sessions(held)
    assert [(ending.name, ending.done) for ending in endings] == [("instance", True), ("session", True)]
    assert server.live == {}
    logout = next(form for name, form, _ in server.seen if name == "logout")
    assert "id_token_hint" not in logout


def test_without_a_refresh_token_the_id_token_is_the_hint(server, oidc_log_in, oidc):
    from dataclasses import replace

    issued = oidc_log_in()
    bare = replace(issued, tokens=(replace(issued.tokens[0], refresh_token=None),))
    (ending,) = oidc.end_sessions(account(oidc, bare))
    assert (ending.done, server.seen[-1][1]["id_token_hint"]) == (True, issued.id_token)


def test_a_page_that_asks_has_ended_nothing(server, oidc_log_in, oidc):
    issued = oidc_log_in()
    server.discovery["end_session_endpoint"] = f"{server.origin}/end"
    oidc._source.documents._kept.clear()
    server.faults["end"] = (200, {}, b"<form method=post>Do you want to log out?")
    (ending,) = oidc.end_sessions(account(oidc, issued))
    assert (ending.done, "log out there as well" in ending.message) == (False, True)


def test_an_expired_bearer_and_a_provider_that_is_down_are_said(server, oidc_log_in):
    provider = OIDCProvider(client_id=CLIENT_ID).at(server.instance())
    held = account(provider, oidc_log_in(by=provider))
    server.faults = {"instance-logout": (401, {}, b""), "logout": (500, {}, b"")}
    endings = provider.end_sessions(held)
    assert [ending.done for ending in endings] == [False, False]
    assert "had expired, or was refused" in str(endings[0])


def test_an_issuer_that_offers_no_logout_is_no_failure(server, oidc_log_in, oidc):
    server.discovery["end_session_endpoint"] = None
    assert oidc.end_sessions(account(oidc, oidc_log_in())) == ()
