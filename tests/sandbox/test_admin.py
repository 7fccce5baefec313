from __future__ import annotations

import pytest
import requests

from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID, running_sandbox

SECRET = {"X-Sandbox-Admin": "sesame"}
BINDER = "https://hub.example/user/x/flowauth/callback/globus"


def register(sandbox, body, headers=SECRET):
    return requests.post(f"{sandbox.url}/admin/redirect_uris", json=body, headers=headers, timeout=60)


def test_a_redirect_uri_can_be_registered_and_used(sandbox, start):
    assert register(sandbox, {"client_id": SANDBOX_CLIENT_ID, "redirect_uri": BINDER}).status_code == 201
    assert sandbox.approve(start(redirect_uri=BINDER)).startswith(BINDER + "?code=")


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"client_id": "nobody", "redirect_uri": BINDER},
        {"client_id": SANDBOX_CLIENT_ID, "redirect_uri": "javascript:alert(1)"},
        {"client_id": SANDBOX_CLIENT_ID, "redirect_uri": "https://"},
        {"client_id": SANDBOX_CLIENT_ID, "redirect_uri": "https://[x"},
        {"client_id": SANDBOX_CLIENT_ID, "redirect_uri": BINDER + "#f"},
    ],
)
def test_a_wrong_registration_is_refused(sandbox, body):
    assert register(sandbox, body).status_code == 400


def test_a_body_that_is_not_json_is_refused(sandbox):
    assert requests.post(f"{sandbox.url}/admin/redirect_uris", data="x=y", headers=SECRET, timeout=60).status_code == 400


@pytest.mark.parametrize("headers", [{}, {"X-Sandbox-Admin": "wrong"}, {"X-Sandbox-Admin": ""}])
def test_a_wrong_secret_registers_nothing(sandbox, headers):
    assert register(sandbox, {"client_id": SANDBOX_CLIENT_ID, "redirect_uri": BINDER}, headers).status_code == 403
    assert not sandbox.state.registered_uris


def test_counters_are_shown(sandbox):
    requests.get(f"{sandbox.url}/jwk.json", timeout=60)
    answer = requests.get(f"{sandbox.url}/admin/counters", headers=SECRET, timeout=60).json()
    assert answer["counters"]["jwk"] == 1


@pytest.mark.parametrize("headers", [SECRET, {}, {"X-Sandbox-Admin": ""}])
def test_without_a_secret_there_is_no_admin(headers):
    with running_sandbox() as sandbox:
        assert requests.get(f"{sandbox.url}/admin/counters", headers=headers, timeout=60).status_code == 404
        assert register(sandbox, {}, headers).status_code == 404
