"""The seed document's session on a real Keycloak: an instance is logged in to, called, left alone until its token has expired, and left."""

from __future__ import annotations

import threading
import time

import httpx
import jwt
import pytest
import requests

from jupyter_flowauth import FlowAuth, LoginRequired, OIDCProvider, ProviderError, ScopesMissing, accounts
from jupyter_flowauth.errors import ConfigurationError
from tests.interop.instance import running_instance

SECRET = "throwaway-portal-secret"


def call(url: str, bearer: object, name: str = "read") -> httpx.Response:
    return httpx.get(f"{url}/{name}", auth=bearer, timeout=60)


def wait_until_expired(url: str, token: str) -> None:
    """Wait until the service itself no longer takes a token."""
    deadline = time.monotonic() + 30
    while httpx.get(f"{url}/read", headers={"Authorization": f"Bearer {token}"}, timeout=60).status_code != 401:
        assert time.monotonic() < deadline
        threading.Event().wait(0.2)


def claims_of(token: str) -> dict:
    return jwt.decode(token, options={"verify_signature": False})


def test_a_login_at_an_instance_gives_a_bearer_that_it_takes(at, instance, person):
    auth = at()
    auth.login()
    answer = call(instance.url, auth.bearer())
    assert (answer.status_code, answer.json()["hello"]) == (200, person)
    assert requests.get(f"{instance.url}/read", auth=auth.bearer("school.read"), timeout=60).status_code == 200
    assert auth.identity.username == person
    assert call(instance.url, auth.bearer(), "write").status_code == 403


def test_a_client_that_has_to_push_its_request_logs_in(at, instance, keycloak, person):
    """RFC 9126; test_keycloak_realm shows that Keycloak refuses this client without."""
    auth = at(keycloak.new_client("notebook-par"), require_pushed_authorization_requests=True)
    auth.login()
    assert auth.identity.username == person
    assert call(instance.url, auth.bearer()).status_code == 200


def test_the_login_is_held_by_its_instance_and_its_issuer_is_the_realms(at, instance, keycloak):
    auth = at()
    auth.login()
    (held,) = accounts()
    registration = auth.held.account().key.registration
    assert (registration.instance, registration.issuer) == (instance.url, keycloak.issuer)
    assert (held.kind, auth.status().kind) == ("person", "person")


def test_a_bearer_goes_to_its_instance_alone(at, instance, keycloak):
    auth = at()
    auth.login()
    with running_instance(keycloak) as other:
        with pytest.raises(ConfigurationError, match="was not sent"):
            call(other.url, auth.bearer())
        assert other.callers == []


def test_an_expired_token_is_refreshed_in_silence(at, instance, keycloak):
    client_id = keycloak.new_client("notebook-brief")
    auth = at(client_id)
    auth.login()
    bearer, first = auth.bearer(), auth.token()
    wait_until_expired(instance.url, first)
    assert call(instance.url, bearer).status_code == 200
    assert auth.token() != first
    assert keycloak.refreshes(client_id) >= 1


def test_a_refresh_token_that_rotates_is_never_sent_twice(at, keycloak):
    client_id = keycloak.new_client("notebook-brief", **{"access.token.lifespan": "1"})
    auth = at(client_id)
    auth.login()
    tokens = set()
    deadline = time.monotonic() + 30
    while len(tokens) < 4:
        assert time.monotonic() < deadline
        tokens.add(auth.token(min_valid=1))
        threading.Event().wait(0.1)
    assert keycloak.events("REFRESH_TOKEN_ERROR", client_id=client_id) == 0
    assert keycloak.events("REFRESH_TOKEN", client_id=client_id) >= 3


def test_a_second_process_needs_neither_a_login_nor_a_request(at, instance, keycloak):
    client_id = keycloak.new_client("notebook")
    at(client_id).login()
    fresh = FlowAuth(OIDCProvider(client_id=client_id), instance_url=instance.url, user_agent="none")
    assert call(instance.url, fresh.bearer()).status_code == 200
    assert keycloak.refreshes(client_id) == 0


def test_two_instances_are_held_side_by_side(at, instance, keycloak, person):
    with running_instance(keycloak) as other:
        first, second = at(), at(url=other.url)
        first.login()
        second.login()
        assert call(instance.url, first.bearer()).status_code == call(other.url, second.bearer()).status_code == 200
        assert (instance.callers, other.callers) == ([person], [person])
        assert first.token() != second.token()
        assert len(accounts()) == 2


def test_the_instance_is_chosen_by_environment_or_the_only_one_or_named_in_an_error(at, instance, keycloak, monkeypatch):
    at().login()
    assert FlowAuth(user_agent="none").held.account().key.registration.instance == instance.url
    with running_instance(keycloak) as other:
        at(url=other.url).login()
        with pytest.raises(ConfigurationError) as caught:
            FlowAuth(user_agent="none")
        assert instance.url in str(caught.value)
        assert other.url in str(caught.value)
        monkeypatch.setenv("FLOWAUTH_INSTANCE_URL", f"{other.url.upper()}/")
        assert FlowAuth(user_agent="none").held.account().key.registration.instance == other.url


def mint(keycloak, client_id: str = "portal", secret: str = SECRET, scope: str = "school.read") -> str:
    form = {"grant_type": "client_credentials", "scope": scope}
    answer = httpx.post(keycloak.discovery["token_endpoint"], data=form, auth=(client_id, secret), timeout=60)
    return str(answer.raise_for_status().json()["access_token"])


def test_a_service_accounts_token_is_given_once_and_works_until_it_expires(at, instance, keycloak):
    auth = at()
    auth.login_with_token(mint(keycloak))
    answer = call(instance.url, auth.bearer("school.read"))
    assert (answer.status_code, answer.json()["is_service_account"]) == (200, True)
    (held,) = accounts()
    token = auth.held.account().tokens[0]
    assert (held.kind, auth.status().kind, token.refresh_token) == ("service_account", "service_account", None)
    assert token.expires_at_seconds == claims_of(token.access_token)["exp"]


def test_the_expiry_of_a_given_token_is_a_hard_stop(at, instance, keycloak):
    auth = at()
    given = mint(keycloak, "portal-brief", "throwaway-portal-brief-secret")
    auth.login_with_token(given)
    wait_until_expired(instance.url, given)
    with pytest.raises(LoginRequired, match="expired"):
        auth.token()
    with pytest.raises(LoginRequired):
        call(instance.url, auth.bearer("school.read"))


def test_a_client_with_a_secret_acts_for_itself_and_renews_by_itself(instance, keycloak, jupyter_home):
    provider = OIDCProvider(
        client_id="portal-brief", client_secret="throwaway-portal-brief-secret", scopes=("school.read",), grant="client_credentials"
    )
    auth = FlowAuth(provider, instance_url=instance.url, user_agent="none")
    first = auth.token()
    wait_until_expired(instance.url, first)
    assert call(instance.url, auth.bearer("school.read")).status_code == 200
    assert auth.status().kind == "service_account"


def test_a_client_with_a_key_acts_for_itself_without_a_secret(instance, keycloak, jupyter_home):
    provider = OIDCProvider(
        client_id="portal-key", private_key_file=str(keycloak.key_file), scopes=("school.read",), grant="client_credentials"
    )
    auth = FlowAuth(provider, instance_url=instance.url, user_agent="none")
    assert call(instance.url, auth.bearer("school.read")).status_code == 200


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_client_with_a_secret_logs_people_in(at, instance, person, method):
    auth = at("portal", client_secret=SECRET, token_endpoint_auth_method=method)
    auth.login()
    assert call(instance.url, auth.bearer()).json()["hello"] == person


def test_a_client_with_a_key_logs_people_in(at, instance, person, keycloak):
    auth = at("portal-key", private_key_file=str(keycloak.key_file))
    auth.login()
    assert call(instance.url, auth.bearer()).json()["hello"] == person


def test_a_client_that_asks_for_consent_gets_it(at, instance, person):
    auth = at("notebook-asks")
    auth.login()
    assert call(instance.url, auth.bearer()).json()["hello"] == person


def test_a_logout_tells_the_instance_and_ends_the_session(at, instance, keycloak, person):
    auth = at()
    auth.login()
    assert keycloak.sessions(person) == 1
    outcome = auth.logout()
    assert outcome.cleared
    assert instance.logouts == [person]
    assert keycloak.sessions(person) == 0
    assert accounts() == ()
    assert {ending.name: ending.done for ending in outcome.endings}["instance"] is True


def test_a_logout_clears_here_though_the_instance_is_down(at, keycloak, person):
    with running_instance(keycloak) as going:
        auth = at(url=going.url)
        auth.login()
    outcome = auth.logout()
    assert (outcome.cleared, accounts(), keycloak.sessions(person)) == (True, (), 0)
    endings = {ending.name: ending for ending in outcome.endings}
    assert endings["instance"].done is False
    assert "can't be reached" in endings["instance"].message


@pytest.mark.parametrize("what", ["an ended session", "a disabled person", "a used refresh token"])
def test_why_a_refresh_is_refused_is_said(at, instance, keycloak, person, what):
    client_id = keycloak.new_client("notebook-brief")
    auth = at(client_id)
    auth.login()
    token = auth.held.account().tokens[0]
    if what == "an ended session":
        keycloak.end_sessions(person)
    elif what == "a disabled person":
        keycloak.set_enabled(person, False)
    else:
        form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": token.refresh_token}
        httpx.post(keycloak.discovery["token_endpoint"], data=form, timeout=60).raise_for_status()
    wait_until_expired(instance.url, token.access_token)
    with pytest.raises(LoginRequired) as caught:
        auth.token()
    said = {"an ended session": "session", "a disabled person": "disabled", "a used refresh token": "used before"}[what]
    assert said in str(caught.value)
    assert "%login" in str(caught.value)
    assert str(token.refresh_token) not in str(caught.value)


def test_a_scope_that_was_lifted_is_missing_and_the_rest_still_works(at, instance, keycloak):
    client_id = keycloak.new_client("notebook-brief")
    auth = at(client_id, scopes=("school.read", "school.write"))
    auth.login()
    assert call(instance.url, auth.bearer("school.write"), "write").status_code == 200
    keycloak.lift_scope(client_id, "school.write")
    wait_until_expired(instance.url, auth.held.account().tokens[0].access_token)
    assert call(instance.url, auth.bearer("school.read")).status_code == 200
    assert auth.missing(["school.read", "school.write"]) == ("school.write",)
    with pytest.raises(ScopesMissing):
        auth.authorizers["school.write"]


def test_offline_tokens_are_had_on_request_and_their_refusal_is_explained(at, keycloak, person):
    auth = at(scopes=("offline_access",))
    auth.login()
    assert "offline_access" in auth.status().scopes
    auth.logout()
    role = next(role for role in keycloak.admin("GET", f"/users/{keycloak.user(person)['id']}/role-mappings/realm"))
    keycloak.admin("DELETE", f"/users/{keycloak.user(person)['id']}/role-mappings/realm", [role])
    with pytest.raises(ProviderError, match="offline_access") as caught:
        at(scopes=("offline_access",)).login()
    assert caught.value.error == "not_allowed"
    assert accounts() == ()
