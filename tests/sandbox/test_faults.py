from __future__ import annotations

import socket
import threading
from urllib.parse import urlsplit

import globus_sdk
import pytest
import requests

from jupyter_flowauth.sandbox import running_sandbox
from jupyter_flowauth.sandbox.catalogue import TRANSFER
from jupyter_flowauth.sandbox.settings import Fault

PATHS = {
    "configuration": "/.well-known/openid-configuration",
    "jwk": "/jwk.json",
    "authorize": "/v2/oauth2/authorize",
    "userinfo": "/v2/oauth2/userinfo",
    "consents": "/v2/api/identities/x/consents",
    "login": "/p/login",
    "consent": "/p/consent",
    "auth_code": "/v2/web/auth-code",
    "task_list": "/v0.10/task_list",
    "endpoint_search": "/v0.10/endpoint_search",
    "my_groups": "/v2/groups/my_groups",
}


def get(sandbox, endpoint):
    return requests.get(sandbox.url + PATHS[endpoint], timeout=60)


@pytest.mark.parametrize("endpoint", PATHS)
def test_every_endpoint_can_fail_with_a_status(sandbox, endpoint):
    sandbox.set_fault(endpoint, "status:503", headers={"Retry-After": "2"})
    response = get(sandbox, endpoint)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "2")


@pytest.mark.parametrize("endpoint", ["token", "token/revoke", "token/introspect"])
def test_the_back_channel_can_fail_too(sandbox, endpoint):
    sandbox.set_fault(endpoint.rpartition("/")[2], "status:502")
    assert requests.post(f"{sandbox.url}/v2/oauth2/{endpoint}", timeout=60).status_code == 502


def test_html_comes_where_json_is_wanted(sandbox):
    sandbox.set_fault("configuration", "html")
    response = get(sandbox, "configuration")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=UTF-8")


def test_a_dropped_connection_answers_nothing(sandbox):
    sandbox.set_fault("jwk", "drop")
    with pytest.raises(requests.ConnectionError):
        get(sandbox, "jwk")


def test_a_fault_can_last_for_a_number_of_requests(sandbox):
    sandbox.set_fault("jwk", "status:500", times=2)
    assert [get(sandbox, "jwk").status_code for _ in range(3)] == [500, 500, 200]


def test_a_fault_can_be_taken_away(sandbox):
    sandbox.set_fault("jwk", "status:500")
    sandbox.set_fault("jwk", None)
    assert get(sandbox, "jwk").status_code == 200


def test_a_slow_endpoint_answers_in_the_end(sandbox):
    sandbox.set_fault("jwk", "slow:0.05")
    assert get(sandbox, "jwk").json()["keys"]


def test_a_slow_endpoint_holds_nobody_else_up(sandbox):
    sandbox.set_fault("jwk", "slow:600")
    with socket.create_connection(urlsplit(sandbox.url).netloc.split(":")) as waiting:
        waiting.sendall(b"GET /jwk.json HTTP/1.1\r\nHost: x\r\n\r\n")
        while not sandbox.count("jwk"):
            assert get(sandbox, "configuration").status_code == 200
        assert get(sandbox, "configuration").status_code == 200


def test_a_sandbox_ends_while_a_slow_answer_is_due():
    with running_sandbox() as sandbox:
        sandbox.set_fault("jwk", "slow:600")
        with pytest.raises(requests.ReadTimeout):
            requests.get(sandbox.url + PATHS["jwk"], timeout=(60, 0.05))
    assert "sandbox" not in {thread.name for thread in threading.enumerate()}


def test_a_lost_answer_has_rotated_the_refresh_token_all_the_same(sandbox, login, native):
    old = login().by_resource_server[TRANSFER]["refresh_token"]
    sandbox.set_fault("token", "drop_answer", times=1)
    with pytest.raises(globus_sdk.NetworkError):
        native.oauth2_refresh_token(old)
    assert (sandbox.count("token:refresh_token"), sandbox.is_active(old)) == (1, False)


@pytest.mark.parametrize("kind", ["", "nonsense", "slow", "status", "slow:x", "html:1", "drop:1"])
def test_a_fault_that_nobody_knows_is_an_error(kind):
    with pytest.raises(ValueError, match=r"fault|could not convert"):
        Fault(kind)


def test_requests_are_counted(sandbox, login):
    login()
    seen = ("authorize", "login", "consent", "codes_issued", "token", "token:authorization_code", "token:refresh_token")
    assert {name: sandbox.count(name) for name in seen} == {
        "authorize": 1,
        "login": 2,
        "consent": 2,
        "codes_issued": 1,
        "token": 1,
        "token:authorization_code": 1,
        "token:refresh_token": 0,
    }


def test_settings_that_nobody_knows_are_an_error():
    with pytest.raises(TypeError), running_sandbox(nonsense=1):
        pass
