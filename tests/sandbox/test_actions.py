"""The action providers, spoken to directly as Flows does."""

from __future__ import annotations

import pytest
from requests import get, post

from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL
from jupyter_flowauth.sandbox.services import (
    ACTION_PROVIDERS,
    ACTIONS,
    COMPUTE_ACTION,
    HELLO_ACTION,
    INGEST_ACTION,
    find_provider,
    to_address,
)

OWN = "http://127.0.0.1:4242"
SCOPES = {
    "https://actions.globus.org/hello_world": HELLO_ACTION,
    "https://actions.globus.org/search/ingest": INGEST_ACTION,
    "https://transfer.actions.globus.org/transfer/": TRANSFER_ALL,
    "https://compute.actions.globus.org": COMPUTE_ACTION,
    "https://compute.actions.globus.org/v3": COMPUTE_ACTION,
}


@pytest.fixture
def hello(sandbox, login):
    """Ask the hello-world action provider."""
    token = login(HELLO_ACTION).by_resource_server[ACTIONS]["access_token"]
    url = sandbox.action_url("https://actions.globus.org/hello_world")

    def ask(path="", body=None, *, bearer=token):
        headers = {"Authorization": f"Bearer {bearer}"}
        return get(url + path, headers=headers, timeout=60) if body is None else post(url + path, json=body, headers=headers, timeout=10)

    return ask


def request(number=1, **body):
    return {"request_id": f"r{number}", "body": body}


@pytest.mark.parametrize("url", SCOPES)
def test_an_action_provider_introspects_to_its_scope(sandbox, url):
    shown = get(sandbox.action_url(url), timeout=60).json()
    assert (shown["globus_auth_scope"], bool(shown["title"]), shown["types"]) == (SCOPES[url], True, ["ACTION"])


def test_every_provider_has_a_scope_that_is_known(sandbox):
    assert {provider.scope for provider in ACTION_PROVIDERS} <= sandbox.state.scopes.keys()


def test_an_action_provider_that_is_not_there_is_a_404(sandbox):
    assert get(f"{sandbox.url}/actions/nobody.example/run", timeout=60).status_code == 404


def test_introspection_can_fail_alone(sandbox, hello):
    sandbox.set_fault("action_introspect:hello", "status:503")
    assert (hello().status_code, hello("/run", request()).status_code) == (503, 202)


def test_an_action_is_done_and_counted(sandbox, hello):
    answer = hello("/run", request(echo_string="you"))
    assert (answer.status_code, answer.json()["status"], answer.json()["details"]["hello"]) == (202, "SUCCEEDED", "you")
    assert sandbox.count("action:hello") == 1


def test_the_same_request_is_not_done_twice(sandbox, hello):
    assert hello("/run", request()).json()["action_id"] == hello("/run", request()).json()["action_id"]
    assert hello("/run", request(2)).json()["status"] == "SUCCEEDED"
    assert sandbox.count("action:hello") == 2


@pytest.mark.parametrize("body", [{}, {"request_id": "r"}, {"request_id": "r", "body": 7}, []])
def test_a_request_that_is_none_is_refused(sandbox, hello, body):
    assert (hello("/run", body).status_code, sandbox.count("action:hello")) == (400, 0)


def test_a_dead_token_does_nothing(sandbox, hello):
    assert (hello("/run", request(), bearer="nonsense").status_code, sandbox.count("action:hello")) == (401, 0)


def test_another_scopes_token_does_nothing(sandbox, hello, login):
    token = login(INGEST_ACTION).by_resource_server[ACTIONS]["access_token"]
    assert (hello("/run", request(), bearer=token).status_code, sandbox.count("action:hello")) == (403, 0)


def test_an_action_is_looked_at_and_released(hello):
    action_id = hello("/run", request()).json()["action_id"]
    assert hello(f"/{action_id}/status").json()["status"] == "SUCCEEDED"
    assert hello(f"/{action_id}/release", {}).json()["action_id"] == action_id
    assert hello(f"/{action_id}/status").status_code == 404


def test_an_action_that_goes_on_can_be_cancelled(sandbox, login):
    headers = {"Authorization": f"Bearer {login(INGEST_ACTION).by_resource_server[ACTIONS]['access_token']}"}
    url = sandbox.action_url("https://actions.globus.org/search/ingest")
    action = post(f"{url}/run", json=request(search_index="i"), headers=headers, timeout=60).json()
    assert action["status"] == "ACTIVE"
    assert post(f"{url}/{action['action_id']}/cancel", headers=headers, timeout=60).json()["status"] == "FAILED"


@pytest.mark.parametrize("method,path", [(get, "/run"), (get, "/x/cancel"), (post, "")])
def test_the_wrong_method_is_a_405(sandbox, method, path):
    assert method(sandbox.action_url("https://actions.globus.org/hello_world") + path, timeout=60).status_code == 405


@pytest.mark.parametrize(
    "url,address",
    [
        ("https://actions.globus.org/hello_world/", "actions.globus.org/hello_world"),
        (f"{OWN}/actions/actions.globus.org/hello_world", "actions.globus.org/hello_world"),
        ("https://compute.actions.globus.org", "compute.actions.globus.org"),
    ],
)
def test_an_address_is_host_and_path_wherever_it_is_served(url, address):
    assert to_address(url, own_url=OWN) == address
    assert find_provider(address) is not None
