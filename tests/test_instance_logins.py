"""Logins at instances, through ``FlowAuth``: side by side, silent, and to nobody else."""

from __future__ import annotations

import time
from dataclasses import replace

import httpx
import pytest
import requests

from jupyter_flowauth import FlowAuth, OIDCProvider, accounts
from jupyter_flowauth.around import log_out_everywhere
from jupyter_flowauth.errors import ConfigurationError, InteractionRequired, LoginRequired, ProviderError
from tests.fakes.oidc_server import CLIENT_ID, CONFIDENTIAL, SECRET


def test_two_instances_are_held_side_by_side(school):
    school.configure()
    a, b = school.log_in("a"), school.log_in("b")
    assert (a.identity.username, a.token() != b.token()) == ("alice", True)
    assert {account.instance for account in accounts()} == {school.server.instance("a"), school.server.instance("b")}


def test_several_and_none_chosen_is_an_error_that_lists_them(school):
    school.configure()
    school.log_in("a"), school.log_in("b")
    with pytest.raises(ConfigurationError) as caught:
        FlowAuth()
    assert all(school.server.instance(name) in str(caught.value) for name in "ab")
    assert "--instance-url" in str(caught.value)


def test_the_only_one_is_chosen_and_so_is_the_environments(school, monkeypatch):
    school.configure()
    a = school.log_in("a")
    assert FlowAuth().token() == a.token()
    b = school.log_in("b")
    monkeypatch.setenv("FLOWAUTH_INSTANCE_URL", school.server.instance("b").upper().replace("INSTANCE-B", "instance-b") + "/")
    assert FlowAuth().token() == b.token()


def test_a_login_is_found_again_without_any_request_and_any_configuration(school, monkeypatch):
    monkeypatch.setenv("FLOWAUTH_CLIENT_ID", CLIENT_ID)
    a = school.log_in("a")
    monkeypatch.delenv("FLOWAUTH_CLIENT_ID")
    school.server.requests.clear()
    again = FlowAuth()
    assert (again.token(), again.status().kind, again.identity.username) == (a.token(), "person", "alice")
    assert again.authorizers["openid"].get_authorization_header() == f"Bearer {a.token()}"
    assert sum(school.server.requests.values()) == 0


def test_nothing_is_asked_for_what_was_never_logged_in(school):
    school.configure()
    auth = FlowAuth(instance_url=school.server.instance(), user_agent="none")
    assert (auth.missing(["openid"]), auth.identity) == (("openid",), None)
    assert "nobody is logged in" in repr(auth)
    assert sum(school.server.requests.values()) == 0
    with pytest.raises(InteractionRequired) as caught:
        auth.login(["api"])
    assert caught.value.missing == ("api",)


def test_a_login_elsewhere_shows_at_the_next_look(school):
    school.configure()
    waiting = FlowAuth(instance_url=school.server.instance())
    assert waiting.identity is None
    a = school.log_in("a")
    assert waiting.token() == a.token()


def test_two_clients_at_one_issuer_share_nothing(school):
    auth = school.auth(OIDCProvider(school.server.issuer, CLIENT_ID))
    auth.login()
    other = school.auth(OIDCProvider(school.server.issuer, CONFIDENTIAL, SECRET))
    assert (other.identity, other.missing(["openid"])) == (None, ("openid",))


def test_a_bearer_goes_to_its_instance_and_nowhere_else(school):
    """ATTACKS 25."""
    school.configure()
    bearer = school.log_in("a").bearer()
    url = f"{school.server.instance()}/logout"
    assert requests.get(url, auth=bearer, timeout=60).status_code == 204
    assert httpx.get(url, auth=bearer, timeout=60).status_code == 204
    for elsewhere in ("https://evil.example/", school.server.origin.replace("127.0.0.1", "localhost")):
        with pytest.raises(ConfigurationError, match="was not sent to"):
            requests.get(elsewhere, auth=bearer, timeout=60)


def test_a_session_that_has_ended_is_said_with_what_to_type(school):
    school.configure()
    auth = school.log_in("a")
    school.server.refusal = ("invalid_grant", "User disabled")
    school.server.faults["instance-logout"] = (401, {}, b"")
    said = r"the user is disabled at the provider.*%login openid"
    with requests.Session() as session, pytest.raises(LoginRequired, match=said):
        session.get(f"{school.server.instance()}/logout", auth=auth.bearer(), timeout=60)


def test_a_logout_says_how_each_end_went_and_always_clears(school):
    school.configure()
    outcome = school.log_in("a").logout()
    assert [(ending.name, ending.done) for ending in outcome.endings] == [("instance", True), ("session", True), ("revocation", True)]
    assert (outcome.cleared, outcome.server, accounts()) == (True, True, ())


def test_a_logout_with_everything_down_clears_all_the_same(school):
    school.configure()
    auth = school.log_in("a")
    school.server.faults = dict.fromkeys(("instance-logout", "logout", "revoke"), (502, {}, b""))
    outcome = auth.logout()
    assert (outcome.cleared, outcome.server, outcome.revoked, accounts()) == (True, False, False, ())
    assert school.auth(instance_url=school.server.instance()).identity is None


def test_a_service_accounts_token_is_held_beside_the_persons_and_used(school):
    school.configure()
    auth = school.log_in("a")
    token = school.server.sign_access("ci", scope="openid", profile={"is_service_account": True})
    auth.login_with_token(f"{token}\n")
    status = auth.status()
    assert (auth.token(), status.kind, status.others) == (token, "service_account", ("alice",))
    assert str(status).startswith("The service account ci is logged in")
    assert {(account.username, account.kind) for account in accounts()} == {("ci", "service_account"), ("alice", "person")}


def test_a_token_without_scopes_serves_where_none_is_named(school):
    school.configure()
    auth = school.auth(instance_url=school.server.instance())
    token = school.server.sign_access("ci")
    auth.login_with_token(token)
    assert auth.token() == token
    assert requests.get(f"{school.server.instance()}/logout", auth=auth.bearer(), timeout=60).status_code == 204


def test_a_token_of_another_realm_leaves_everything_as_it_was(school):
    school.configure()
    auth = school.log_in("a")
    before = auth.token()
    with pytest.raises(ProviderError, match="Invalid issuer"):
        auth.login_with_token(school.server.sign_access("ci", iss="https://other.example"))
    assert (auth.token(), len(accounts())) == (before, 1)


def test_a_client_acts_for_itself_with_no_human(school):
    auth = FlowAuth(OIDCProvider(school.server.issuer, CONFIDENTIAL, SECRET, grant="client_credentials"))
    assert auth.login(["api"])["api"].get_authorization_header().startswith("Bearer ")
    assert (auth.token("api"), auth.status().kind) == (auth.token(), "service_account")
    assert auth.bearer("more") is not None
    assert school.server.requests["token"] == 2


def test_an_id_with_a_secret_in_the_environment_is_a_program(school, monkeypatch):
    school.configure(school={"kind": "oidc", "issuer": school.server.issuer, "client_id": CLIENT_ID})
    monkeypatch.setenv("FLOWAUTH_CLIENT_ID", CONFIDENTIAL)
    monkeypatch.setenv("FLOWAUTH_CLIENT_SECRET", SECRET)
    auth = FlowAuth()
    assert auth.token().count(".") == 2
    monkeypatch.delenv("FLOWAUTH_CLIENT_ID")
    with pytest.raises(ConfigurationError, match="without FLOWAUTH_CLIENT_ID"):
        FlowAuth()


# Tokens of the environment.


def test_a_token_of_the_environment_covers_everything_at_an_openid_provider(school, monkeypatch):
    school.configure(school={"kind": "oidc", "issuer": school.server.issuer, "client_id": CLIENT_ID})
    token = school.server.sign_access("ci", scope="api", profile={"is_service_account": True})
    monkeypatch.setenv("FLOWAUTH_TOKEN", f"{token}\n")
    auth = FlowAuth(user_agent="none")
    assert (auth.missing(["any", "thing"]), sum(school.server.requests.values())) == ((), 0)
    assert auth.login(["any"])["any"].get_authorization_header() == f"Bearer {token}"
    assert (auth.token(), auth.token("x"), "whatever" in auth.authorizers) == (token, token, True)
    assert (auth.status().kind, "api" in auth.status().scopes) == ("service_account", True)
    assert school.server.requests["openid-configuration"] == 1


def test_it_covers_no_more_than_it_is_said_to(school, monkeypatch):
    school.configure(school={"kind": "oidc", "issuer": school.server.issuer, "client_id": CLIENT_ID})
    monkeypatch.setenv("FLOWAUTH_TOKEN", school.server.sign_access("ci"))
    monkeypatch.setenv("FLOWAUTH_TOKEN_SCOPES", "api more")
    assert FlowAuth(user_agent="none").missing(["api", "other"]) == ("other",)


@pytest.mark.parametrize(
    "claims, sentence",
    [({"exp": 1}, "has expired"), ({"iss": "https://other.example"}, "Invalid issuer"), ({"typ": "Refresh"}, "is a refresh token")],
)
def test_a_token_of_the_environment_that_is_none_is_a_hard_stop(school, monkeypatch, claims, sentence):
    school.configure(school={"kind": "oidc", "issuer": school.server.issuer, "client_id": CLIENT_ID})
    monkeypatch.setenv("FLOWAUTH_TOKEN", school.server.sign_access("ci", **claims))
    with pytest.raises(LoginRequired, match=f"FLOWAUTH_TOKEN can't be used: .*{sentence}.*service-account token"):
        FlowAuth(user_agent="none").token()


def test_where_the_provider_is_down_the_services_will_tell(school, monkeypatch):
    school.configure(school={"kind": "oidc", "issuer": school.server.issuer, "client_id": CLIENT_ID})
    token = school.server.sign_access("ci", exp=1)
    monkeypatch.setenv("FLOWAUTH_TOKEN", token)
    school.server.faults["openid-configuration"] = (500, {}, b"")
    auth = FlowAuth(user_agent="none")
    assert auth.token() == token
    del school.server.faults["openid-configuration"]
    with pytest.raises(LoginRequired, match="has expired"):
        auth.token()


def test_a_given_tokens_end_is_said_ahead_once_and_is_a_hard_stop(school, capsys):
    school.configure()
    auth = school.auth(instance_url=school.server.instance())
    now = int(time.time())
    auth.login_with_token(school.server.sign_access("ci", scope="openid", exp=now + 7300, profile={"is_service_account": True}))
    auth.token(), auth.token()
    said = "This token ends in 2 h, and nothing renews it: mint another one (jupyter flowauth service-account token)."
    assert (capsys.readouterr().err.count(said), said in str(auth.status())) == (1, True)
    held = auth.held.account()
    ended = replace(held.tokens[0], expires_at_seconds=now - 1.0)
    with auth.storage.transaction(held.key, timeout_seconds=5) as transaction:
        transaction.write(replace(held, tokens=(ended,)))
    with pytest.raises(LoginRequired, match=r"has expired, and nothing renews it: mint another one.*auth.login_with_token"):
        auth.token()
    assert "This token has expired" in str(auth.status())


# Everything at once.


def test_two_providers_in_one_notebook_do_not_meet(school, demo):
    from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID
    from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL

    school.configure(school={"kind": "oidc", "client_id": CLIENT_ID}, globus={"kind": "globus", "client_id": SANDBOX_CLIENT_ID})
    globus, a = demo.auth(provider="globus"), school.log_in("a")
    globus.login([TRANSFER_ALL])
    assert (list(a.authorizers), TRANSFER_ALL in a.authorizers, "openid" in globus.authorizers) == (["openid"], False, True)
    assert globus.token("openid") != a.token("openid")
    outcomes = log_out_everywhere()
    assert (len(outcomes), all(outcome.cleared and outcome.revoked for outcome in outcomes), accounts()) == (2, True, ())


def test_a_login_whose_provider_is_gone_is_forgotten_all_the_same(school):
    auth = school.auth(OIDCProvider(school.server.issuer, CLIENT_ID))
    auth.login()
    (outcome,) = log_out_everywhere()
    assert (outcome.cleared, outcome.revoked, accounts()) == (True, False, ())
    assert "isn't configured here any more" in outcome.message
