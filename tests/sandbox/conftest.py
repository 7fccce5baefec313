from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import globus_sdk
import pytest

from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID, running_sandbox
from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL, VIEW_MY_GROUPS
from jupyter_flowauth.sandbox.server import Sandbox
from jupyter_flowauth.sandbox.services import FLOWS, FLOWS_ALL

REDIRECT_URI = "http://127.0.0.1:8888/flowauth/callback/globus"
SCOPES = ("openid", "profile", "email", TRANSFER_ALL, VIEW_MY_GROUPS)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with running_sandbox(admin_secret="sesame") as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def native(sandbox: Sandbox) -> globus_sdk.NativeAppAuthClient:
    """The SDK's own client for public applications, without its retries."""
    return globus_sdk.NativeAppAuthClient(SANDBOX_CLIENT_ID, retry_config=globus_sdk.transport.RetryConfig(max_retries=0))


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@pytest.fixture
def query() -> Callable[[str], dict[str, str]]:
    return query_of


@pytest.fixture
def start(native: globus_sdk.NativeAppAuthClient) -> Callable[..., str]:
    """Start a login with the SDK and return the authorize URL."""

    def start_login(*scopes: str, redirect_uri: str = REDIRECT_URI, offline: bool = True, **params: str) -> str:
        native.oauth2_start_flow(scopes or SCOPES, redirect_uri=redirect_uri, refresh_tokens=offline, state="the-state")
        return native.oauth2_get_authorize_url(query_params=params)

    return start_login


@pytest.fixture
def login(sandbox: Sandbox, native: globus_sdk.NativeAppAuthClient, start: Callable[..., str]) -> Callable[..., Any]:
    """Log in with the SDK as one person and return the token response."""

    def log_in(*scopes: str, user: str = "alice", **options: Any) -> globus_sdk.OAuthTokenResponse:
        returned = sandbox.approve(start(*scopes, **options), user=user)
        return native.oauth2_exchange_code_for_tokens(query_of(returned)["code"])

    return log_in


HELLO, INGEST = "https://actions.globus.org/hello_world", "https://actions.globus.org/search/ingest"
TRANSFER_URL, COMPUTE_URL = "https://transfer.actions.globus.org/transfer/", "https://compute.actions.globus.org/v3"


def action_state(url: str, parameters: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {"Type": "Action", "ActionUrl": url, "Parameters": parameters or {}, "ResultPath": "$.Result", "End": True, **fields}


def chain_of(*states: dict[str, Any]) -> dict[str, Any]:
    """A definition whose states S0, S1, ... follow each other."""
    linked = {}
    for number, one in enumerate(states):
        following = {"Next": f"S{number + 1}"} if number + 1 < len(states) else {"End": True}
        linked[f"S{number}"] = {name: value for name, value in one.items() if name != "End"} | following
    return {"StartAt": "S0", "States": linked}


class FlowWorld:
    """People with unmodified globus_sdk clients for flows; every client comes from a login of its own."""

    hello, ingest, transfer, compute = HELLO, INGEST, TRANSFER_URL, COMPUTE_URL
    action = staticmethod(action_state)
    chain = staticmethod(chain_of)

    def __init__(self, sandbox: Sandbox, login: Callable[..., Any]) -> None:
        self.sandbox, self._login = sandbox, login

    def flows(self, *scopes: str, user: str = "alice") -> globus_sdk.FlowsClient:
        tokens = self._login(*(scopes or (FLOWS_ALL,)), user=user).by_resource_server
        return globus_sdk.FlowsClient(authorizer=globus_sdk.AccessTokenAuthorizer(tokens[FLOWS]["access_token"]))

    def deploy(self, *states: dict[str, Any], user: str = "alice", **fields: Any) -> dict[str, Any]:
        definition = fields.pop("definition", None) or chain_of(*(states or (action_state(HELLO),)))
        return self.flows(user=user).create_flow(fields.pop("title", "Ingest"), definition, fields.pop("input_schema", {}), **fields).data

    def change(self, flow: dict[str, Any], *states: dict[str, Any]) -> None:
        self.flows().update_flow(flow["id"], definition=chain_of(*states))

    def starter(self, flow: dict[str, Any], scope: str | None = None, *, user: str = "alice") -> globus_sdk.SpecificFlowClient:
        """A client that may start the flow, after a consent to its scope (or to a tree that begins with it)."""
        tokens = self._login(scope or flow["globus_auth_scope"], user=user).by_resource_server
        authorizer = globus_sdk.AccessTokenAuthorizer(tokens[flow["id"]]["access_token"])
        no_retries = globus_sdk.transport.RetryConfig(max_retries=0)
        return globus_sdk.SpecificFlowClient(flow["id"], authorizer=authorizer, retry_config=no_retries)

    def finish(self, run: Any) -> globus_sdk.GlobusHTTPResponse:
        """The run, once it has ended or waits."""
        self.sandbox.wait_for_run(run["run_id"])
        return self.flows().get_run(run["run_id"])

    def run(self, *states: dict[str, Any], body: dict[str, Any] | None = None, **fields: Any) -> globus_sdk.GlobusHTTPResponse:
        """Deploy, consent, run, and wait."""
        return self.finish(self.starter(self.deploy(*states, **fields)).run_flow(body or {}))


@pytest.fixture
def world(sandbox: Sandbox, login: Callable[..., Any]) -> FlowWorld:
    return FlowWorld(sandbox, login)
