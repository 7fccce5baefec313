"""The sandbox, folders of its own, and a person who answers every login that this process opens."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import globus_sdk
import pytest

from jupyter_flowauth import FlowAuth
from jupyter_flowauth.flow_needs import FLOWS_SCOPES, RUN_STATUS, VIEW_FLOWS
from jupyter_flowauth.flows import DeployedFlow
from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID, running_sandbox
from jupyter_flowauth.sandbox.server import Sandbox
from jupyter_flowauth.user_agents.loopback import LoopbackUserAgent
from jupyter_flowauth.user_agents.terminal import TextPresenter

HELLO_URL, INGEST_URL = "https://actions.globus.org/hello_world", "https://actions.globus.org/search/ingest"
TRANSFER_URL, NOWHERE_URL = "https://transfer.actions.globus.org/transfer", "https://nowhere.example.org/act"
MANAGE_FLOWS = f"{FLOWS_SCOPES}manage_flows"
BODY = {"who": "me"}


def action(url: str, *, following: str | None = None, parameters: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return an Action state."""
    goes_on = {"Next": following} if following else {"End": True}
    return {"Type": "Action", "ActionUrl": url, "Parameters": parameters or {}, "ResultPath": "$.Result", **goes_on, **more}


def hello(**more: Any) -> dict[str, Any]:
    return action(HELLO_URL, parameters={"echo_string": "hi"}, **more)


def ingest(**more: Any) -> dict[str, Any]:
    return action(INGEST_URL, parameters={"search_index": "an-index"}, **more)


def transfer(source: str, destination: str, **more: Any) -> dict[str, Any]:
    items = [{"source_path": "/a", "destination_path": "/b"}]
    return action(TRANSFER_URL, parameters={"source_endpoint": source, "destination_endpoint": destination, "DATA": items}, **more)


def definition(**states: dict[str, Any]) -> dict[str, Any]:
    """Return a definition that starts at the first of its states."""
    return {"StartAt": next(iter(states)), "States": states}


GROWN = definition(Hello=hello(following="Ingest"), Ingest=ingest())
# What the sandbox counts besides requests, and the requests of its own parts to each other.
NOT_REQUESTS = ("flows_", "runs_", "codes_", "families_", "action:", "token:", "action_run:", "action_status:")


class World:
    """A sandbox, and notebooks that use it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.user, self.denies = "alice", False
        self.prompts: list[str] = []  # the authorize address of every login
        self.written: list[str] = []  # what the person was shown
        self.before_answer: Callable[[], object] = lambda: None

    def browse(self, url: str) -> None:
        """Be the person with the browser."""
        self.prompts.append(url)
        self.before_answer()
        urllib.request.urlopen(self.sandbox.approve(url, user=self.user, deny=self.denies), timeout=60).close()

    def notebook(self, *, user_agent: str | None = None, **options: Any) -> FlowAuth:
        """Return what another notebook of the same person would make."""
        agent = LoopbackUserAgent(open_browser=self.browse, presenter=TextPresenter(self.written.append))
        return FlowAuth(user_agent=user_agent or agent, **options)

    def deploy(self, auth: FlowAuth, what: dict[str, Any], *, title: str = "Ingest") -> str:
        """Deploy a flow with the SDK, and return its id."""
        client = globus_sdk.FlowsClient(authorizer=auth.authorizers[MANAGE_FLOWS])
        return str(client.create_flow(title, what, {})["id"])

    def change(self, auth: FlowAuth, flow_id: str, what: dict[str, Any]) -> None:
        globus_sdk.FlowsClient(authorizer=auth.authorizers[MANAGE_FLOWS]).update_flow(flow_id, definition=what)

    def asked(self) -> str:
        """Return the scope parameter of the latest login."""
        return self.sandbox.state.authorize_requests[-1]["scope"]

    def count(self, *names: str) -> tuple[int, ...]:
        return tuple(self.sandbox.count(name) for name in names)

    def requests(self) -> int:
        """Return how many requests of ours the sandbox has had, those between it and its action providers left out."""
        # Copied at once: the sandbox counts on meanwhile, and what grows can't be walked through.
        ours = {name: number for name, number in dict(self.sandbox.state.counters).items() if not name.startswith(NOT_REQUESTS)}
        return sum(ours.values())

    def consented_flow(self, auth: FlowAuth, what: dict[str, Any] | None = None, **options: Any) -> DeployedFlow:
        """Return a deployed flow that was consented to."""
        flow = auth.flow(self.deploy(auth, what or definition(Hello=hello())), **options)
        flow.consent()
        self.prompts.clear()
        return flow

    def grown_flow(self, auth: FlowAuth) -> DeployedFlow:
        """Return a flow that was consented to, and then changed: it uses Globus Search as well."""
        flow = self.consented_flow(auth)
        self.change(auth, flow.flow_id, GROWN)
        return flow


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    for name in ("data", "config", "runtime"):
        monkeypatch.setenv(f"JUPYTER_{name.upper()}_DIR", str(tmp_path / name))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("FLOWAUTH_CLIENT_ID", SANDBOX_CLIENT_ID)
    with running_sandbox() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    return World(sandbox)


@pytest.fixture
def auth(world: World) -> FlowAuth:
    """A notebook that may deploy flows, and see them."""
    auth = world.notebook()
    auth.login([MANAGE_FLOWS, VIEW_FLOWS, RUN_STATUS])
    return auth
