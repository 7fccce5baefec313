"""The Globus provider against the sandbox, which refuses what a real one refuses."""

from __future__ import annotations

import os
import time

import pytest

from jupyter_flowauth.errors import ConfigurationError, ProviderError, StateMismatch
from jupyter_flowauth.providers import globus
from jupyter_flowauth.providers.globus import GlobusProvider, auth_service_url
from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET
from jupyter_flowauth.sandbox.catalogue import GROUPS, GROUPS_ALL, TRANSFER, TRANSFER_ALL, VIEW_MY_GROUPS
from jupyter_flowauth.scopes import parse_requirements


def build_request(provider, *scopes, login_hint=None):
    return provider.build_authorization_request(parse_requirements(scopes), state="s", nonce="n", code_challenge="c", login_hint=login_hint)


def test_a_login_gives_one_token_for_each_resource_server_and_who_it_is(log_in):
    issued = log_in(TRANSFER_ALL, VIEW_MY_GROUPS)
    by_server = {token.resource_server: token.scopes for token in issued.tokens}
    assert (by_server[TRANSFER], by_server[GROUPS]) == ((TRANSFER_ALL,), (VIEW_MY_GROUPS,))
    assert (issued.identity.username, issued.identity.name) == ("alice@sandbox.example", "Alice Sandbox")
    assert all(token.refresh_token and token.seconds_left(time.time()) > 0 for token in issued.tokens)


def test_discovery_and_keys_are_read_once_for_many_logins(log_in, sandbox):
    for _ in range(3):
        log_in()
    assert (sandbox.count("configuration"), sandbox.count("jwk"), sandbox.count("token")) == (1, 1, 3)


def test_what_was_read_an_hour_ago_is_read_again(log_in, sandbox, monkeypatch):
    log_in()
    monkeypatch.setattr(globus, "DISCOVERY_SECONDS", -1.0)
    log_in()
    assert sandbox.count("configuration") > 1


@pytest.mark.parametrize(
    "wrong",
    [{"code": "stolen"}, {"code_verifier": "x" * 43}, {"redirect_uri": "http://127.0.0.1:4711/other"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_code_is_good_only_with_its_verifier_and_redirect_uri(log_in, wrong):
    """ATTACKS 2."""
    with pytest.raises(ProviderError) as caught:
        log_in(**wrong)
    assert caught.value.error == "invalid_grant"


def test_a_code_of_another_login_fails_by_its_nonce(log_in):
    """ATTACKS 2: the code is right and so is the verifier, yet the ID token belongs to another login."""
    with pytest.raises(ProviderError, match="belongs to another login"):
        log_in(nonce="of-this-login")


def test_a_code_is_good_once(log_in, provider, monkeypatch):
    sent = []
    post = provider._post
    monkeypatch.setattr(provider, "_post", lambda path, form: sent.append((path, form)) or post(path, form))
    log_in()
    with pytest.raises(ProviderError, match="was used or ended already"):
        post(*sent[0])


def test_the_challenge_is_s256_whatever_discovery_says(provider, log_in, monkeypatch):
    """ATTACKS 2."""
    document = provider._discovery()
    monkeypatch.setattr(provider, "_discovery", lambda: {**document, "code_challenge_methods_supported": ["plain"]})
    assert log_in().identity is not None  # the sandbox takes nothing but S256


@pytest.mark.parametrize("response_iss", ["wrong", "absent"])
def test_an_answer_of_another_issuer_or_none_is_refused_before_the_code_is_sent(log_in, sandbox, response_iss):
    sandbox.configure(response_iss=response_iss)
    with pytest.raises(StateMismatch):
        log_in()
    assert sandbox.count("token") == 0


def test_without_the_announcement_no_issuer_is_wanted(log_in, sandbox):
    sandbox.configure(response_iss="absent", advertise_iss=False)
    assert log_in().identity is not None


def test_a_refresh_gives_a_new_token_and_rotates(log_in, provider, sandbox):
    (token,) = [token for token in log_in(TRANSFER_ALL).tokens if token.resource_server == TRANSFER]
    renewed = provider.refresh(token, now=time.time())
    assert (renewed.scopes, renewed.resource_server) == (token.scopes, token.resource_server)
    assert (sandbox.is_active(token.refresh_token), sandbox.is_active(renewed.refresh_token)) == (False, True)
    assert renewed.access_token != token.access_token


@pytest.mark.parametrize("status", [400, 401])
def test_a_dead_refresh_token_is_told_from_all_other_trouble(log_in, provider, sandbox, status):
    sandbox.configure(invalid_grant_status=status)
    token = log_in().tokens[0]
    provider.refresh(token, now=0)
    with pytest.raises(ProviderError) as caught:
        provider.refresh(token, now=0)
    assert (caught.value.error, caught.value.status) == ("invalid_grant", status)


@pytest.mark.parametrize(
    "fault, sentence, requests",
    [
        ("html", "answered something else than JSON", 1),
        ("drop", "can't be reached", 1),
        ("drop_answer", "can't be reached", 1),
        ("status:500", "has trouble of its own", 1),
        ("status:502", "has trouble of its own", 1),
        ("status:504", "has trouble of its own", 1),
        ("status:404", "refused the request", 1),
        ("status:503", "has trouble of its own", 3),
        ("status:429", "has trouble of its own", 3),
    ],
)
def test_trouble_is_a_sentence_and_only_what_did_nothing_is_tried_again(log_in, provider, sandbox, monkeypatch, fault, sentence, requests):
    monkeypatch.setattr("jupyter_flowauth.providers.bounded.FIRST_PAUSE_SECONDS", 0.001)
    token, before = log_in().tokens[0], sandbox.count("token")
    sandbox.set_fault("token", fault)
    with pytest.raises(ProviderError, match=sentence) as caught:
        provider.refresh(token, now=0)
    assert caught.value.error != "invalid_grant"
    assert sandbox.count("token") - before == requests


def test_a_provider_that_is_slow_is_waited_for_so_long_and_no_longer(log_in, provider, sandbox, monkeypatch):
    """ATTACKS 16."""
    token = log_in().tokens[0]
    monkeypatch.setattr(globus, "REQUEST_SECONDS", 0.2)
    sandbox.set_fault("token", "slow:60")
    before = time.monotonic()
    with pytest.raises(ProviderError, match="didn't answer in time"):
        provider.refresh(token, now=0)
    assert time.monotonic() - before < 30  # half of what the answer would take


def test_a_redirect_of_the_token_endpoint_is_not_followed(log_in, provider, sandbox):
    """ATTACKS 16: the refresh token would go along."""
    token = log_in().tokens[0]
    for status in (301, 302, 307, 308):
        sandbox.set_fault("token", f"status:{status}", headers={"Location": f"{sandbox.url}/v2/oauth2/userinfo"})
        with pytest.raises(ProviderError):
            provider.refresh(token, now=0)
    assert sandbox.count("userinfo") == 0


@pytest.mark.parametrize("fault", ["html", "drop", "status:500"])
def test_discovery_that_fails_fails_the_login_before_anybody_is_asked(provider, sandbox, fault):
    sandbox.set_fault("configuration", fault)
    with pytest.raises(ProviderError):
        build_request(provider, "openid")
    assert sandbox.count("authorize") == 0


def test_a_provider_that_describes_itself_as_another_is_refused(provider, sandbox):
    """ATTACKS 16."""
    sandbox.state.url = "https://another.example"
    with pytest.raises(ProviderError, match="describes itself as another issuer"):
        build_request(provider, "openid")


@pytest.mark.parametrize("uri", ["https://evil.example/jwk.json", "http://evil.example/jwk.json", None])
def test_keys_at_another_address_are_not_fetched(provider, monkeypatch, uri):
    document = provider._discovery()
    monkeypatch.setattr(provider, "_discovery", lambda: {**document, "jwks_uri": uri})
    with pytest.raises(ProviderError, match="nothing was sent"):
        build_request(provider, "openid")


def test_nobody_listens(monkeypatch):
    monkeypatch.setattr("jupyter_flowauth.providers.bounded.FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setenv("GLOBUS_SDK_SERVICE_URL_AUTH", "http://127.0.0.1:1")
    with pytest.raises(ProviderError, match=r"Globus can't be reached at http://127.0.0.1:1; nothing was lost here") as caught:
        build_request(GlobusProvider(SANDBOX_CLIENT_ID), "openid")
    assert caught.value.nothing_done


def test_revoking_ends_refresh_and_access_token(log_in, provider, sandbox):
    token = log_in(TRANSFER_ALL).tokens[0]
    provider.revoke(token)
    assert (sandbox.is_active(token.refresh_token), sandbox.is_active(token.access_token)) == (False, False)


def test_refresh_tokens_are_asked_for_and_the_identity_is_hinted(provider):
    request = build_request(provider, "openid", login_hint="alice@sandbox.example")
    assert dict(request.extra) == {"access_type": "offline", "login_hint": "alice@sandbox.example"}
    assert (request.iss_required, request.code_page) == (True, provider.auth_url + "/v2/web/auth-code")


def test_a_confidential_client_logs_people_in_and_shows_no_secret(sandbox):
    sandbox.state.register_redirect_uri(SANDBOX_CONFIDENTIAL_CLIENT_ID, "https://x.example/cb")
    provider = GlobusProvider(SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET, redirect_uris=["https://x.example/cb"])
    request = build_request(provider, "openid")
    assert (request.redirect_uris, request.code_page) == (("https://x.example/cb",), None)
    assert SANDBOX_CONFIDENTIAL_SECRET not in f"{provider!r}{vars(provider)!r}"


def test_a_confidential_client_has_no_redirect_uri_that_it_did_not_register():
    assert GlobusProvider("c", "secret").redirect_uris == ()


def test_a_native_app_may_come_back_to_any_port_of_loopback():
    assert GlobusProvider("c").redirect_uris[:2] == ("http://localhost:*/*", "http://127.0.0.1:*/*")


def test_another_grant_is_refused():
    with pytest.raises(ConfigurationError, match="not supported"):
        GlobusProvider("c", grant="password")


def test_scopes_are_shown_in_words_and_known_by_their_resource_server(provider):
    line = provider.describe(TRANSFER_ALL)
    assert (line.title, line.service, provider.resource_server(TRANSFER_ALL)) == (
        "Manage your transfers and files",
        "Globus Transfer",
        TRANSFER,
    )
    assert provider.describe("https://x/unknown").title == "https://x/unknown"
    assert provider.resource_server("https://x/unknown") is None
    assert provider.resource_server(GROUPS_ALL) == GROUPS


@pytest.mark.parametrize(
    "service_url, environment, address",
    [
        (None, None, "https://auth.globus.org"),
        (None, "production", "https://auth.globus.org"),
        (None, "preview", "https://auth.preview.globus.org"),
        ("http://127.0.0.1:5/", "preview", "http://127.0.0.1:5"),
    ],
)
def test_the_sdks_own_variables_say_where_globus_is(service_url, environment, address):
    assert auth_service_url(service_url, environment) == address


def test_other_tokens_that_are_no_list_are_refused(provider, monkeypatch):
    monkeypatch.setattr(provider, "_post", lambda *_: {"access_token": "x", "scope": "a", "other_tokens": {"a": 1}})
    with pytest.raises(ProviderError, match="other_tokens"):
        provider.exchange_code(request=build_request(provider), code="c", code_verifier="v", redirect_uri="r", nonce="n", now=0)


def test_without_an_id_token_nobody_is_named(provider, monkeypatch):
    monkeypatch.setattr(provider, "_post", lambda *_: {"access_token": "x", "scope": "a"})
    assert (
        provider.exchange_code(request=build_request(provider), code="c", code_verifier="v", redirect_uri="r", nonce="n", now=0).identity
        is None
    )


def test_a_forked_child_shares_no_connection(provider, monkeypatch):
    """Two that write into one encrypted stream break it, and in an open one each might read the other's tokens."""
    used, client_of = [], globus._auth_client
    monkeypatch.setattr(globus, "_auth_client", lambda *values: used.append(client_of(*values)) or used[-1])
    for process_id in (1, 2, 1):
        monkeypatch.setattr(os, "getpid", lambda process_id=process_id: process_id)
        provider._document("/jwk.json", again=True)
    assert (used[0] is used[1], used[0] is used[2]) == (False, True)


def test_a_client_acts_for_itself_with_a_token_for_each_resource_server(sandbox):
    provider = GlobusProvider(SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET, grant="client_credentials")
    issued = provider.issue_token(parse_requirements([TRANSFER_ALL, VIEW_MY_GROUPS]), now=time.time())
    assert {token.resource_server for token in issued.tokens} == {TRANSFER, GROUPS}
    assert (issued.kind, issued.identity.sub, provider.login_requirements()) == ("service_account", SANDBOX_CONFIDENTIAL_CLIENT_ID, ())
    assert all(token.refresh_token is None for token in issued.tokens)


def test_a_client_that_acts_for_itself_needs_a_secret_and_one_for_people_does_not_act(provider):
    with pytest.raises(ConfigurationError, match="needs a client_secret"):
        GlobusProvider("c", grant="client_credentials")
    with pytest.raises(ProviderError, match="logs people in"):
        provider.issue_token((), now=0)


def test_a_globus_token_is_given_by_the_environment_alone_and_a_session_ends_in_the_browser(provider):
    with pytest.raises(ProviderError, match="set FLOWAUTH_TOKEN and FLOWAUTH_TOKEN_SCOPES"):
        provider.read_service_token("a.b.c", now=0)
    assert provider.end_sessions(None) == ()
