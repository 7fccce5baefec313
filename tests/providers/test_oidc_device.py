"""Device logins of an OpenID client at the sandbox, which refuses what a real provider refuses; and what they leave behind."""

from __future__ import annotations

import logging

import pytest

from jupyter_flowauth import FlowAuth, OIDCProvider
from jupyter_flowauth.device_grant import DEVICE_GRANT_TYPE
from jupyter_flowauth.device_login import wait_for_device
from jupyter_flowauth.errors import ConfigurationError, LoginDenied, LoginTimeout, ProviderError
from jupyter_flowauth.pkce import build_code_challenge
from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET
from jupyter_flowauth.sandbox.device_book import DEVICE_PREFIX
from jupyter_flowauth.secret import Secret
from jupyter_flowauth.user_agents.terminal import SilentPresenter
from tests.fakes.demo import VERIFIER

SCOPES = ["openid", "profile", "email"]


class Person(SilentPresenter):
    """Somebody who enters the code as soon as it is shown."""

    def __init__(self, sandbox, **answer):
        self.sandbox, self.answer = sandbox, answer
        self.shown, self.titles = [], []

    def show(self, login, *, address, rung):
        self.shown.append((login, address, rung))
        if self.answer.pop("comes", True):
            self.titles.append(self.sandbox.approve_device(login.device.user_code, **self.answer))


@pytest.fixture
def provider(demo):
    demo.sandbox.configure(device_interval=1)
    return OIDCProvider(demo.sandbox.url, SANDBOX_CLIENT_ID, name="school")


def log_in(provider, person, *scopes, **options):
    """Log in by device code, as somebody."""
    auth = FlowAuth(provider, user_agent="device")
    pending = auth.request_login(scopes or SCOPES, presenter=person, **options)
    return auth, pending._future.result(timeout=60)


def test_a_code_that_is_entered_logs_in(demo, provider):
    person = Person(demo.sandbox)
    auth, _ = log_in(provider, person)
    ((shown, address, rung),) = person.shown
    assert (address, rung) == (f"{demo.sandbox.url}/device", "device")
    assert shown.device.verification_uri_complete == f"{address}?user_code={shown.device.user_code}"
    assert (auth.identity.username, auth.missing(SCOPES)) == ("alice@sandbox.example", ())
    assert person.titles == ["Your device is connected · Sandbox"]


def test_a_confidential_client_proves_itself(demo):
    demo.sandbox.configure(device_interval=1)
    provider = OIDCProvider(demo.sandbox.url, SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET)
    assert log_in(provider, Person(demo.sandbox))[0].identity.username == "alice@sandbox.example"


def test_nothing_secret_is_shown_logged_or_left_outside_the_token_file(demo, provider, caplog, monkeypatch):
    """ATTACKS 10, 21."""
    monkeypatch.setattr("jupyter_flowauth.login.generate_code_verifier", lambda: Secret(VERIFIER))
    caplog.set_level(logging.DEBUG)
    demo.sandbox.set_fault("token", "status:500", times=1)
    person = Person(demo.sandbox)
    auth, _ = log_in(provider, person)
    seen = "\n".join([caplog.text, repr(person.shown), repr(auth.status()), repr(provider)])
    assert (demo.leaks(seen), DEVICE_PREFIX in seen) == ([], False)
    files = demo.files()
    assert [path for path, text in files.items() if DEVICE_PREFIX in text or VERIFIER in text] == []


def test_a_denial_is_told(demo, provider):
    with pytest.raises(LoginDenied) as caught:
        log_in(provider, Person(demo.sandbox, deny=True))
    assert (caught.value.error, caught.value.error_description) == ("access_denied", "The user did not agree")


def test_a_code_that_nobody_enters_ends_with_it(demo, provider):
    demo.sandbox.configure(device_code_lifetime=2)
    with pytest.raises(LoginTimeout):
        log_in(provider, Person(demo.sandbox, comes=False))


def test_trouble_at_the_token_endpoint_is_waited_out_with_one_request_at_a_time(demo, provider):
    demo.sandbox.set_fault("token", "status:503", times=1)
    log_in(provider, Person(demo.sandbox))
    assert demo.sandbox.count("token") == 2


def test_a_client_that_may_not_use_device_codes_is_told_what_to_enable(demo, provider):
    demo.sandbox.configure(device_refusal="unauthorized_client")
    with pytest.raises(ConfigurationError, match="enable that grant for it at the provider"):
        log_in(provider, Person(demo.sandbox))


def test_a_provider_without_the_endpoint_offers_no_device_codes(demo, provider):
    assert provider.why_no_device() == ""
    demo.sandbox.configure(offers_device=False)
    assert "names no endpoint for device codes" in OIDCProvider(demo.sandbox.url, SANDBOX_CLIENT_ID).why_no_device()


@pytest.mark.parametrize("fault", ["aud", "iss", "alg_none", "alg_hs256", "no_sub", "expired", "future", "key", "at_hash"])
def test_the_id_token_is_checked_as_any_other(demo, provider, fault):
    """ATTACKS 26."""
    demo.sandbox.configure(id_token_faults=(fault,))
    auth = FlowAuth(provider, user_agent="device")
    with pytest.raises(ProviderError, match="ID token"):
        log_in(provider, Person(demo.sandbox))
    assert auth.identity is None


@pytest.fixture
def request_of_one(provider):
    """An authorization request whose verifier is ours."""
    requirements = provider.login_requirements()
    return provider.build_authorization_request(
        requirements, state="s", nonce="n", code_challenge=build_code_challenge(VERIFIER), login_hint="alice"
    )


def test_another_verifier_or_client_gets_nothing(demo, provider, request_of_one):
    """ATTACKS 2: a device code that was read somewhere is worthless without the verifier in the asking process's memory."""
    started = provider.start_device_login(request_of_one, now=0)
    demo.sandbox.approve_device(started.shown.user_code)
    other = OIDCProvider(demo.sandbox.url, SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET)
    for client, verifier in ((provider, "x" * 43), (other, VERIFIER)):
        with pytest.raises(ProviderError) as caught:
            client.poll_device_login(started.device_code, request=request_of_one, code_verifier=verifier, now=0)
        assert caught.value.error == "invalid_grant"
    found = provider.poll_device_login(started.device_code, request=request_of_one, code_verifier=VERIFIER, now=0)
    assert found.tokens[0].covers("openid")


def test_who_asks_too_often_is_told_to_slow_down(demo, provider, request_of_one):
    demo.sandbox.configure(device_interval=600)
    started = provider.start_device_login(request_of_one, now=0)
    errors = []
    for _ in range(2):
        with pytest.raises(ProviderError) as caught:
            provider.poll_device_login(started.device_code, request=request_of_one, code_verifier=VERIFIER, now=0)
        errors.append(caught.value.error)
    assert errors == ["authorization_pending", "slow_down"]


def test_our_own_wait_is_never_told_to_slow_down(demo, provider, request_of_one):
    """The sandbox compares the intervals."""
    started, seen = provider.start_device_login(request_of_one, now=0), []

    class Asked:
        def poll_device_login(self, device_code, **options):
            if len(seen) == 3:
                demo.sandbox.approve_device(started.shown.user_code)
            try:
                return provider.poll_device_login(device_code, **options)
            except ProviderError as error:
                seen.append(error.error)
                raise

    class Patient:
        def pause(self, seconds):
            demo.sandbox.configure(clock_offset=demo.sandbox.state.settings.clock_offset + seconds)

    options = {"request": request_of_one, "code_verifier": VERIFIER, "patience": Patient(), "is_cancelled": lambda: False}
    assert wait_for_device(Asked(), started, now=lambda: 0, **options).tokens[0].covers("openid")
    assert seen == ["authorization_pending"] * 3
    assert demo.sandbox.count(f"token:{DEVICE_GRANT_TYPE}") == 4
