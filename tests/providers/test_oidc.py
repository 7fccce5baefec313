"""The OIDC provider against a server that refuses what a real one refuses: logins."""

from __future__ import annotations

import time

import pytest

from jupyter_flowauth.code_grant import build_authorize_url, parse_redirected_address, validate_authorization_response
from jupyter_flowauth.errors import ProviderError, StateMismatch
from jupyter_flowauth.providers import oidc_discovery
from jupyter_flowauth.providers.oidc import OIDCProvider
from tests.fakes.oidc_server import CLIENT_ID, json_answer
from tests.providers.conftest import REDIRECT_URI
from tests.providers.conftest import start_oidc as start


def test_a_login_gives_a_token_its_scopes_and_who_it_is(oidc_log_in):
    issued = oidc_log_in("profile")
    (token,) = issued.tokens
    assert (issued.identity.sub, issued.identity.username, issued.kind) == ("sub-of-alice", "alice", "person")
    assert (token.scopes, token.resource_server, bool(token.refresh_token)) == (("openid", "profile"), None, True)
    assert 0 < token.seconds_left(time.time()) <= 300


def test_after_the_callback_there_is_one_request_and_none_for_documents_at_the_next_login(oidc_log_in, server):
    oidc_log_in()
    assert (server.requests["openid-configuration"], server.requests["certs"], server.requests["token"]) == (1, 1, 1)
    oidc_log_in()
    assert (server.requests["openid-configuration"], server.requests["certs"], server.requests["token"]) == (1, 1, 2)


@pytest.mark.parametrize(
    "header, seconds",
    [
        (None, 3600),
        ("max-age=600", 600),
        ("public, max-age=1", 300),
        ("max-age=99999999", 86400),
        ("no-cache, no-store", 300),
        ("no-store, max-age=600", 300),
        ("private", 3600),
    ],
)
def test_a_document_is_kept_for_as_long_as_it_says_within_bounds(header, seconds):
    assert oidc_discovery.lifetime_seconds(header) == seconds


def test_a_document_whose_lifetime_is_over_is_read_again(server):
    now = [0.0]
    documents = oidc_discovery.Documents(lambda: now[0])
    for elapsed in (0, 3599, 3601):
        now[0] = float(elapsed)
        oidc_discovery.read_issuer(documents, server.issuer)
    assert server.requests["openid-configuration"] == 2


@pytest.mark.parametrize(
    "wrong",
    [{"code": "stolen"}, {"code_verifier": "x" * 43}, {"redirect_uri": "http://127.0.0.1:4711/other"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_code_is_good_only_with_its_verifier_and_redirect_uri(oidc_log_in, wrong):
    """ATTACKS 2."""
    with pytest.raises(ProviderError) as caught:
        oidc_log_in(**wrong)
    assert caught.value.error == "invalid_grant"


def test_a_code_of_another_login_fails_by_its_nonce(oidc_log_in):
    """ATTACKS 2."""
    with pytest.raises(ProviderError, match="belongs to another login"):
        oidc_log_in(nonce="of-this-login")


def test_the_challenge_is_s256_whatever_discovery_says(server, oidc_log_in):
    """ATTACKS 2: the server asserts it."""
    server.discovery["code_challenge_methods_supported"] = ["plain"]
    assert oidc_log_in().identity is not None


def test_an_answer_without_the_announced_issuer_is_refused_before_the_code_is_sent(server, oidc):
    """ATTACKS 4."""
    request = start(oidc)
    address = server.approve(build_authorize_url(request, redirect_uri=REDIRECT_URI))
    for wrong in (address.replace("iss=", "no="), address.replace("school", "other")):
        with pytest.raises(StateMismatch):
            validate_authorization_response(request, parse_redirected_address(wrong))
    assert server.requests["token"] == 0


def test_the_token_endpoint_is_the_one_that_the_login_started_with(server, oidc, oidc_log_in, monkeypatch):
    """ATTACKS 4: a document that changes meanwhile leads no code elsewhere."""
    request, documents = start(oidc), oidc._source.documents
    server.discovery["token_endpoint"] = f"{server.origin}/elsewhere"
    documents._kept.clear()
    sent = {"code": "c", "code_verifier": "v" * 43, "redirect_uri": REDIRECT_URI, "nonce": "n"}
    with pytest.raises(ProviderError) as caught:
        oidc.exchange_code(request=request, **sent, now=time.time())
    assert (caught.value.error, server.requests["elsewhere"]) == ("invalid_grant", 0)


def test_offline_access_asks_for_consent_and_a_hint_is_passed_on(oidc):
    request = start(oidc, "offline_access", login_hint="alice")
    assert request.extra == (("prompt", "consent"), ("login_hint", "alice"))


def test_less_granted_is_what_is_recorded(server, oidc_log_in):
    server.withheld = {"profile"}
    assert oidc_log_in("profile").tokens[0].scopes == ("openid",)


def test_an_answer_without_scope_means_what_was_asked(server, oidc_log_in):
    server.says_scope = False
    assert oidc_log_in("profile").tokens[0].scopes == ("openid", "profile")


# ID tokens: ATTACKS 26, on this provider.


@pytest.mark.parametrize(
    "claims, reason",
    [
        ({"iss": "http://127.0.0.1/other"}, "Invalid issuer"),
        ({"aud": "somebody"}, "Audience doesn't match"),
        ({"nonce": "other"}, "belongs to another login"),
        ({"nonce": None}, "belongs to another login"),
        ({"sub": None}, '"sub" claim'),
        ({"exp": 1}, "has expired"),
        ({"iat": 9_999_999_999}, "is from the future"),
        ({"azp": "somebody"}, "issued to another client"),
        ({"at_hash": "x"}, "another access token"),
        ({"at_hash": 7}, "another access token"),
    ],
)
def test_a_wrong_id_token_is_refused_with_its_reason(server, oidc_log_in, claims, reason):
    server.claims = claims
    with pytest.raises(ProviderError, match=reason) as caught:
        oidc_log_in()
    assert caught.value.error == "invalid_id_token"


def test_the_clock_skew_is_configurable(server, oidc_log_in):
    server.claims = {"exp": int(time.time()) - 200, "iat": int(time.time()) - 500}
    with pytest.raises(ProviderError, match="has expired"):
        oidc_log_in()
    assert oidc_log_in(by=OIDCProvider(server.issuer, CLIENT_ID, clock_skew_seconds=600)).identity is not None


def test_a_key_that_is_new_is_fetched_once(server, oidc_log_in):
    oidc_log_in()
    server.key, server.published = "two", ["one", "two"]
    assert oidc_log_in().identity is not None
    assert server.requests["certs"] == 2


def test_a_key_that_is_nobodys_is_looked_for_once_more_and_no_further(server, oidc_log_in):
    oidc_log_in()
    server.key = "three"
    with pytest.raises(ProviderError, match="its key is none of the issuer's"):
        oidc_log_in()
    assert server.requests["certs"] == 2


# Userinfo.


def test_a_nameless_id_token_is_completed_by_userinfo(server, oidc_log_in):
    server.claims = {"preferred_username": None}
    identity = oidc_log_in().identity
    assert (identity.username, identity.name, server.requests["userinfo"]) == ("alice", "Alice School", 1)


def test_a_name_in_the_id_token_is_enough(server, oidc_log_in):
    oidc_log_in()
    assert server.requests["userinfo"] == 0


def test_a_userinfo_about_somebody_else_is_refused(server, oidc_log_in):
    server.claims, server.secret_of_user = {"preferred_username": None}, {"sub": "somebody"}
    with pytest.raises(ProviderError, match="about somebody else"):
        oidc_log_in()


@pytest.mark.parametrize("answer", [(500, {}, b""), (200, {}, b"<html>"), json_answer([]), (302, {"Location": "http://127.0.0.1:1/"}, b"")])
def test_without_userinfo_the_subject_is_the_name(server, oidc_log_in, answer):
    server.claims, server.faults = {"preferred_username": None}, {"userinfo": answer}
    assert oidc_log_in().identity.username == "sub-of-alice"
