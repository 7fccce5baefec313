"""The token endpoint, asked by a plain HTTP client: what it refuses, and what it kills."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlsplit

import pytest
from requests import post

from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET
from jupyter_flowauth.sandbox.catalogue import GROUPS, TRANSFER, TRANSFER_ALL, VIEW_MY_GROUPS

REDIRECT_URI = "http://127.0.0.1:8888/flowauth/callback/globus"


@pytest.fixture
def exchange(sandbox, start, native, query):
    """Log in, and return a function that sends the code, with changes, to the token endpoint."""
    code = query(sandbox.approve(start()))["code"]
    right = {
        "grant_type": "authorization_code",
        "client_id": SANDBOX_CLIENT_ID,
        "code": code,
        "code_verifier": native.current_oauth2_flow_manager.verifier,
        "redirect_uri": REDIRECT_URI,
    }

    def send(**changes):
        form = {name: value for name, value in (right | changes).items() if value is not None}
        return post(f"{sandbox.url}/v2/oauth2/token", data=form, timeout=60)

    return send


def refresh(sandbox, refresh_token, **changes):
    form = {"grant_type": "refresh_token", "client_id": SANDBOX_CLIENT_ID, "refresh_token": refresh_token} | changes
    return post(f"{sandbox.url}/v2/oauth2/token", data=form, timeout=60)


def error(response):
    return (response.status_code, response.json()["error"])


def test_the_right_request_gets_tokens(exchange):
    body = exchange().json()
    assert [body["resource_server"], *(other["resource_server"] for other in body["other_tokens"])] == ["auth.globus.org", TRANSFER, GROUPS]
    assert body["state"] == "the-state"


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": None},
        {"code_verifier": ""},
        {"code_verifier": "x" * 43},
        {"code_verifier": "short"},
        {"redirect_uri": "http://127.0.0.1:9999/flowauth/callback/globus"},
        {"redirect_uri": None},
        {"code": "sbxcode_nothing"},
        {"code": None},
    ],
)
def test_a_wrong_part_is_an_invalid_grant(exchange, changes):
    assert error(exchange(**changes)) == (400, "invalid_grant")


def test_a_wrong_verifier_does_not_spend_the_code(exchange):
    exchange(code_verifier="x" * 43)
    assert exchange().status_code == 200


def test_another_clients_code_is_refused(exchange):
    changes = {"client_id": SANDBOX_CONFIDENTIAL_CLIENT_ID, "client_secret": SANDBOX_CONFIDENTIAL_SECRET}
    assert error(exchange(**changes)) == (400, "invalid_grant")


def test_a_code_used_twice_kills_what_it_gave(exchange, sandbox):
    first = exchange().json()
    assert error(exchange()) == (400, "invalid_grant")
    assert not any(sandbox.is_active(first[kind]) for kind in ("access_token", "refresh_token"))
    assert not sandbox.is_active(first["other_tokens"][0]["access_token"])


def test_a_code_expires(exchange, sandbox):
    sandbox.configure(clock_offset=601)
    assert error(exchange()) == (400, "invalid_grant")


def test_invalid_grant_can_be_a_401(exchange, sandbox):
    sandbox.configure(invalid_grant_status=401)
    assert error(exchange(code="x")) == (401, "invalid_grant")


def test_an_unknown_client_is_refused(exchange):
    assert error(exchange(client_id="nobody")) == (401, "invalid_client")


def test_a_public_client_with_a_secret_is_refused(exchange):
    assert error(exchange(client_secret="anything")) == (401, "invalid_client")


def test_a_confidential_client_needs_its_secret(exchange):
    assert error(exchange(client_id=SANDBOX_CONFIDENTIAL_CLIENT_ID)) == (401, "invalid_client")


@pytest.mark.parametrize("header", ["Basic !", "Basic " + base64.b64encode(b"nocolon").decode(), "Bearer x"])
def test_an_authorization_header_that_cannot_be_read_is_refused(sandbox, header):
    response = post(f"{sandbox.url}/v2/oauth2/token", data={"grant_type": "x"}, headers={"Authorization": header}, timeout=60)
    assert error(response) == (401, "invalid_client")


def test_a_repeated_parameter_is_refused(sandbox):
    response = post(f"{sandbox.url}/v2/oauth2/token", data=[("client_id", SANDBOX_CLIENT_ID), ("client_id", "x")], timeout=60)
    assert error(response) == (400, "invalid_request")


def test_an_unknown_grant_is_refused(exchange):
    assert error(exchange(grant_type="password")) == (400, "unsupported_grant_type")


def test_a_public_client_cannot_act_for_itself(exchange):
    assert error(exchange(grant_type="client_credentials", scope=TRANSFER_ALL)) == (400, "unauthorized_client")


@pytest.mark.parametrize("scope", ["", "urn:nothing"])
def test_client_credentials_want_a_known_scope(sandbox, scope):
    form = {"grant_type": "client_credentials", "scope": scope}
    auth = (SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET)
    assert error(post(f"{sandbox.url}/v2/oauth2/token", data=form, auth=auth, timeout=60)) == (400, "invalid_scope")


def test_a_verifier_without_a_challenge_is_a_downgrade(sandbox):
    sandbox.state.register_redirect_uri(SANDBOX_CONFIDENTIAL_CLIENT_ID, "https://a.example/cb")
    url = f"{sandbox.url}/v2/oauth2/authorize?client_id={SANDBOX_CONFIDENTIAL_CLIENT_ID}&redirect_uri=https://a.example/cb&response_type=code&scope=openid"
    code = urlsplit(sandbox.approve(url)).query.removeprefix("code=").split("&")[0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://a.example/cb", "code_verifier": "x" * 43}
    auth = (SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET)
    assert error(post(f"{sandbox.url}/v2/oauth2/token", data=form, auth=auth, timeout=60)) == (400, "invalid_grant")


def test_a_refresh_rotates(sandbox, login):
    old = login().by_resource_server[TRANSFER]
    new = refresh(sandbox, old["refresh_token"]).json()
    assert new["refresh_token"] != old["refresh_token"]
    assert sandbox.is_active(new["access_token"])


def test_rotation_can_be_turned_off(sandbox, login):
    sandbox.configure(rotate_refresh_tokens=False)
    old = login().by_resource_server[TRANSFER]["refresh_token"]
    assert [refresh(sandbox, old).json()["refresh_token"] for _ in range(2)] == [old, old]


def test_a_rotated_refresh_token_kills_its_whole_family(sandbox, login):
    held = login().by_resource_server
    new = refresh(sandbox, held[TRANSFER]["refresh_token"]).json()
    assert error(refresh(sandbox, held[TRANSFER]["refresh_token"])) == (400, "invalid_grant")
    assert error(refresh(sandbox, new["refresh_token"])) == (400, "invalid_grant")
    assert not sandbox.is_active(new["access_token"])
    assert not sandbox.is_active(held[GROUPS]["refresh_token"])


def test_another_login_survives_a_killed_family(sandbox, login):
    first, second = login().by_resource_server[TRANSFER], login().by_resource_server[TRANSFER]
    for _ in range(2):
        refresh(sandbox, first["refresh_token"])
    assert sandbox.is_active(second["refresh_token"])


def test_another_client_cannot_refresh(sandbox, login):
    old = login().by_resource_server[TRANSFER]["refresh_token"]
    changes = {"client_id": SANDBOX_CONFIDENTIAL_CLIENT_ID, "client_secret": SANDBOX_CONFIDENTIAL_SECRET}
    assert error(refresh(sandbox, old, **changes)) == (400, "invalid_grant")
    assert sandbox.is_active(old)


def test_a_refresh_cannot_gain_scopes(sandbox, login):
    old = login().by_resource_server[TRANSFER]["refresh_token"]
    assert error(refresh(sandbox, old, scope=f"{TRANSFER_ALL} {VIEW_MY_GROUPS}")) == (400, "invalid_scope")


def test_a_refresh_can_be_granted_less(sandbox, login):
    old = login("openid", "profile").by_resource_server["auth.globus.org"]["refresh_token"]
    sandbox.configure(withheld_scopes=("profile",))
    assert refresh(sandbox, old).json()["scope"] == "openid"


def test_a_refresh_with_nothing_left_is_refused_and_kept(sandbox, login):
    old = login(TRANSFER_ALL).by_resource_server[TRANSFER]["refresh_token"]
    sandbox.configure(withheld_scopes=(TRANSFER_ALL,))
    assert error(refresh(sandbox, old)) == (400, "invalid_scope")
    assert sandbox.is_active(old)


def test_an_access_token_lives_as_long_as_the_settings_say(sandbox, login):
    sandbox.configure(access_token_lifetime=60)
    token = login().by_resource_server[TRANSFER]["access_token"]
    sandbox.configure(clock_offset=61)
    assert not sandbox.is_active(token)


def test_access_tokens_can_be_expired_at_once(sandbox, login):
    held = login().by_resource_server[TRANSFER]
    sandbox.expire_access_tokens()
    assert (sandbox.is_active(held["access_token"]), sandbox.is_active(held["refresh_token"])) == (False, True)


def test_another_clients_token_cannot_be_revoked(sandbox, login):
    token = login().by_resource_server[TRANSFER]["access_token"]
    auth = (SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET)
    response = post(f"{sandbox.url}/v2/oauth2/token/revoke", data={"token": token}, auth=auth, timeout=60)
    assert error(response) == (400, "unauthorized_client")
    assert sandbox.is_active(token)


def test_revoking_nonsense_is_no_error(sandbox):
    form = {"token": "nonsense", "client_id": SANDBOX_CLIENT_ID}
    assert post(f"{sandbox.url}/v2/oauth2/token/revoke", data=form, timeout=60).json() == {"active": False}


def test_a_public_client_cannot_introspect(sandbox):
    form = {"token": "x", "client_id": SANDBOX_CLIENT_ID}
    assert error(post(f"{sandbox.url}/v2/oauth2/token/introspect", data=form, timeout=60)) == (401, "invalid_client")


def test_no_repr_shows_a_secret(sandbox, login):
    login()
    state = sandbox.state
    shown = repr([state.ledger, state.ledger._codes.values(), state.ledger._refresh.values(), state.clients, state._pending])
    assert all(prefix not in shown for prefix in ("sbxcode_", "sbxaccess_", "sbxrefresh_", SANDBOX_CONFIDENTIAL_SECRET, "the-state"))
    assert json.dumps(dict(state.counters))
