"""Device codes at the real Keycloak: its own page, its intervals, its refusals (RFC 8628)."""

from __future__ import annotations

import pytest

from jupyter_flowauth import FlowAuth, OIDCProvider
from jupyter_flowauth.errors import ConfigurationError, InteractionRequired, LoginDenied, ProviderError
from jupyter_flowauth.pkce import build_code_challenge
from jupyter_flowauth.records import LoginRequest
from jupyter_flowauth.user_agents.terminal import SilentPresenter
from tests.interop.form_browser import FormBrowser
from tests.interop.keycloak_server import Keycloak

VERIFIER = "v" * 43


class Person(SilentPresenter):
    """Somebody who opens Keycloak's page with the code filled in, logs in, and presses a button."""

    def __init__(self, keycloak: Keycloak, user: str, presses: str) -> None:
        self.keycloak, self.user, self.presses = keycloak, user, presses
        self.shown: list[LoginRequest] = []
        self.last_page = ""

    def show(self, login: LoginRequest, *, address: str | None, rung: str) -> None:
        self.shown.append(login)
        assert login.device is not None
        answers = {"username": self.user, "password": self.keycloak.password_of(self.user)}
        with FormBrowser(answers, presses=self.presses) as browser:
            page = browser.go(login.device.verification_uri_complete)
            assert not isinstance(page, str)
            self.last_page = page.text


def log_in(provider: OIDCProvider, person: Person) -> FlowAuth:
    auth = FlowAuth(provider, user_agent="device")
    auth.request_login(presenter=person)._future.result(timeout=90)
    return auth


def test_a_code_entered_at_keycloaks_own_page_logs_in(keycloak: Keycloak, jupyter_home: object) -> None:
    person = Person(keycloak, "alice", "accept")
    auth = log_in(OIDCProvider(keycloak.issuer, "notebook"), person)
    device = person.shown[0].device
    assert device is not None
    assert device.verification_uri == f"{keycloak.issuer}/device"
    assert auth.identity is not None
    assert (auth.identity.username, auth.missing(["openid"])) == ("alice", ())
    assert "Device Login Successful" in person.last_page
    # Once more, now with a hint of who it is, and for offline use: what else the request carries does no harm there.
    auth.request_login(["openid", "offline_access"], force=True, presenter=person)._future.result(timeout=90)
    assert ("login_hint", "alice") in person.shown[1].authorization.extra
    assert auth.missing(["offline_access"]) == ()


def test_a_denial_there_is_one_here(keycloak: Keycloak, jupyter_home: object) -> None:
    with pytest.raises(LoginDenied):
        log_in(OIDCProvider(keycloak.issuer, "notebook"), Person(keycloak, "bob", "cancel"))


def test_a_client_whose_device_grant_is_off_is_told_what_to_enable(keycloak: Keycloak, jupyter_home: object) -> None:
    """Keycloak's discovery names the endpoint all the same: only asking tells."""
    provider = OIDCProvider(keycloak.issuer, "notebook-asks")
    assert provider.why_no_device() == ""
    with pytest.raises(ConfigurationError, match="enable that grant for it at the provider"):
        log_in(provider, Person(keycloak, "alice", "accept"))


def test_where_the_grant_is_off_and_nobody_is_there_it_says_so(keycloak: Keycloak, jupyter_home: object) -> None:
    with pytest.raises(InteractionRequired):
        FlowAuth(OIDCProvider(keycloak.issuer, "notebook-asks"), user_agent="none").login()


def test_keycloak_wants_the_challenge_and_compares_the_verifier(keycloak: Keycloak, jupyter_home: object) -> None:
    client_id = keycloak.new_client("notebook", **{"oauth2.device.polling.interval": "600"})
    provider = OIDCProvider(keycloak.issuer, client_id)
    request = provider.build_authorization_request(
        provider.login_requirements(), state="s", nonce="n", code_challenge=build_code_challenge(VERIFIER), login_hint=None
    )
    started = provider.start_device_login(request, now=0)
    refusals = []
    for verifier in (VERIFIER, VERIFIER, "w" * 43):
        with pytest.raises(ProviderError) as caught:
            provider.poll_device_login(started.device_code, request=request, code_verifier=verifier, now=0)
        refusals.append(caught.value.error)
    assert refusals[:2] == ["authorization_pending", "slow_down"]
