"""Device codes at the sandbox, asked by a plain HTTP client: what a real provider refuses is refused here."""

from __future__ import annotations

import pytest
from requests import get, post

from jupyter_flowauth.pkce import build_code_challenge
from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET
from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL
from jupyter_flowauth.sandbox.visitor import VisitRefused

VERIFIER = "v" * 43
GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def ask(sandbox):
    """Ask for a device code, with changes."""
    sandbox.configure(device_interval=0)
    right = {
        "client_id": SANDBOX_CLIENT_ID,
        "scope": f"openid profile {TRANSFER_ALL}",
        "code_challenge": build_code_challenge(VERIFIER),
        "code_challenge_method": "S256",
    }

    def send(**changes):
        form = {name: value for name, value in {**right, **changes}.items() if value is not None}
        return post(f"{sandbox.url}/v2/oauth2/device", data=form, timeout=60)

    return send


@pytest.fixture
def redeem(sandbox):
    """Ask for the tokens of a device code, with changes."""

    def send(device_code, **changes):
        right = {"grant_type": GRANT, "client_id": SANDBOX_CLIENT_ID, "device_code": device_code, "code_verifier": VERIFIER}
        form = {name: value for name, value in {**right, **changes}.items() if value is not None}
        return post(f"{sandbox.url}/v2/oauth2/token", data=form, timeout=60)

    return send


def error(response):
    return (response.status_code, response.json()["error"])


def test_a_code_that_is_entered_and_agreed_to_gives_tokens(sandbox, ask, redeem):
    device = ask().json()
    assert error(redeem(device["device_code"])) == (400, "authorization_pending")
    assert sandbox.approve_device(device["user_code"]) == "Your device is connected · Sandbox"
    body = redeem(device["device_code"]).json()
    assert (body["scope"], [other["scope"] for other in body["other_tokens"]]) == ("openid profile", [TRANSFER_ALL])
    assert "nonce" not in body


def test_the_answer_is_shaped_as_rfc_8628_says(sandbox, ask):
    sandbox.configure(device_interval=7, device_code_lifetime=60)
    device = ask().json()
    assert (device["verification_uri"], device["expires_in"], device["interval"]) == (f"{sandbox.url}/device", 60, 7)
    assert device["verification_uri_complete"].endswith(f"?user_code={device['user_code']}")
    assert get(device["verification_uri_complete"], timeout=60).text.count(device["user_code"]) == 1


def test_discovery_names_the_endpoint_only_where_there_is_one(sandbox, ask):
    url = f"{sandbox.url}/.well-known/openid-configuration"
    assert get(url, timeout=60).json()["device_authorization_endpoint"] == f"{sandbox.url}/v2/oauth2/device"
    sandbox.configure(offers_device=False)
    assert "device_authorization_endpoint" not in get(url, timeout=60).json()
    assert ask().status_code == 404


@pytest.mark.parametrize(
    "changes, refusal",
    [
        ({"client_id": "another"}, (401, "invalid_client")),
        ({"scope": "no:such"}, (400, "invalid_scope")),
        ({"scope": None}, (400, "invalid_scope")),
        ({"code_challenge": None, "code_challenge_method": None}, (400, "invalid_request")),
        ({"code_challenge_method": "plain"}, (400, "invalid_request")),
    ],
)
def test_a_request_that_is_wrong_is_refused(ask, changes, refusal):
    assert error(ask(**changes)) == refusal


def test_a_client_may_be_refused_altogether(sandbox, ask):
    sandbox.configure(device_refusal="unauthorized_client")
    assert error(ask()) == (400, "unauthorized_client")


def test_a_denial_is_told(sandbox, ask, redeem):
    device = ask().json()
    assert sandbox.approve_device(device["user_code"], deny=True) == "Not allowed · Sandbox"
    assert error(redeem(device["device_code"])) == (400, "access_denied")


def test_a_code_that_has_expired_is_told_and_can_no_longer_be_entered(sandbox, ask, redeem):
    sandbox.configure(device_code_lifetime=0)
    device = ask().json()
    assert error(redeem(device["device_code"])) == (400, "expired_token")
    with pytest.raises(VisitRefused, match="No such code"):
        sandbox.approve_device(device["user_code"])


def test_who_asks_too_often_is_slowed_down_more_and_more(sandbox, ask, redeem, monkeypatch):
    moment = [1_000_000.0]
    monkeypatch.setattr(sandbox.state, "now", lambda: moment[0])
    sandbox.configure(device_interval=5)
    code = ask().json()["device_code"]
    assert [error(redeem(code))[1] for _ in range(3)] == ["authorization_pending", "slow_down", "slow_down"]
    moment[0] += 14
    assert error(redeem(code))[1] == "slow_down"
    moment[0] += 21
    assert error(redeem(code))[1] == "authorization_pending"


def test_another_client_or_verifier_gets_nothing(sandbox, ask, redeem):
    device = ask().json()
    sandbox.approve_device(device["user_code"])
    theirs = {"client_id": SANDBOX_CONFIDENTIAL_CLIENT_ID, "client_secret": SANDBOX_CONFIDENTIAL_SECRET}
    assert error(redeem(device["device_code"], **theirs)) == (400, "invalid_grant")
    assert error(redeem(device["device_code"], code_verifier="w" * 43)) == (400, "invalid_grant")
    assert error(redeem(device["device_code"], code_verifier=None)) == (400, "invalid_grant")
    assert error(redeem("another")) == (400, "invalid_grant")
    assert redeem(device["device_code"]).status_code == 200


def test_a_code_that_is_used_twice_kills_what_it_gave(sandbox, ask, redeem):
    device = ask().json()
    sandbox.approve_device(device["user_code"])
    token = redeem(device["device_code"]).json()["access_token"]
    assert sandbox.is_active(token)
    assert error(redeem(device["device_code"])) == (400, "invalid_grant")
    assert not sandbox.is_active(token)


def test_a_code_can_be_answered_once(sandbox, ask):
    device = ask().json()
    sandbox.approve_device(device["user_code"])
    with pytest.raises(VisitRefused, match="No such code"):
        sandbox.approve_device(device["user_code"])


@pytest.mark.parametrize("spelled", [str.lower, lambda code: code.replace("-", " "), lambda code: f" {code} "])
def test_a_code_is_understood_however_it_is_typed(sandbox, ask, spelled):
    assert sandbox.approve_device(spelled(ask().json()["user_code"])).startswith("Your device is connected")


def test_codes_cannot_be_guessed_in_one_browser(sandbox, ask):
    """RFC 8628 section 5.1."""
    visitor, device = sandbox.visitor(), ask().json()
    for _ in range(10):
        with pytest.raises(VisitRefused, match="No such code"):
            visitor.approve_device(f"{sandbox.url}/device", "XXXX-XXXX")
    with pytest.raises(VisitRefused, match="429 Too many wrong codes"):
        visitor.approve_device(f"{sandbox.url}/device", device["user_code"])


def test_a_form_of_another_site_enters_no_code(sandbox, ask):
    user_code = ask().json()["user_code"]
    assert post(f"{sandbox.url}/device", data={"user_code": user_code}, timeout=60).status_code == 403


def test_markup_in_a_prefilled_code_is_escaped(sandbox):
    page = get(f"{sandbox.url}/device", params={"user_code": '"><script>alert(1)</script>'}, timeout=10).text
    assert "<script" not in page
    assert "&quot;&gt;&lt;script&gt;" in page
