"""Running a deployed flow: requests of a run while all is well, and what it costs to see what a large one lacks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import globus_sdk

from jupyter_flowauth.flow_needs import FLOWS_SCOPES, RUN_STATUS, VIEW_FLOWS
from jupyter_flowauth.flows import DeployedFlow
from jupyter_flowauth.sandbox.server import Sandbox

from .figures import Figure, milliseconds
from .world import log_in, running_world

RUNS, STATES, ROUNDS = 10, 200, 15
MANAGE_FLOWS = f"{FLOWS_SCOPES}manage_flows"
PROVIDERS = (
    "actions.globus.org/hello_world",
    "actions.globus.org/search/ingest",
    "transfer.actions.globus.org/transfer",
    "compute.actions.globus.org",
)
# What the sandbox counts besides requests, and the requests of its own parts to each other.
NOT_REQUESTS = ("flows_", "runs_", "codes_", "families_", "action:", "token:", "action_run:", "action_status:")


def measure() -> list[Figure]:
    """Return the figures."""
    with running_world() as (sandbox, _):
        auth = log_in(sandbox, [MANAGE_FLOWS, VIEW_FLOWS, RUN_STATUS])
        client = globus_sdk.FlowsClient(authorizer=auth.authorizers[MANAGE_FLOWS])
        small, large = (auth.flow(str(client.create_flow(f"{count} states", define(count), {})["id"])) for count in (1, STATES))
        for flow in (small, large):
            flow.consent()
        bare = small.client()
        ours, theirs = (count(sandbox, run) / RUNS for run in (lambda: run_often(small.run), lambda: run_often(bare.run_flow)))
        first, again, peer = (best(work) for work in (lambda: look_afresh(large), large.missing, lambda: read_both(large, auth)))
        requests = (count(sandbox, lambda: look_afresh(large)), count(sandbox, large.missing))
    return [
        Figure("requests per run, all well", "0 more", f"{ours:g}", f"{theirs:g}", ours == theirs, "peer: SpecificFlowClient"),
        Figure(
            f"missing() of {STATES} states, read afresh",
            "–",
            milliseconds(first),
            milliseconds(peer),
            None,
            f"{requests[0]} requests; peer: get_flow and get_consents alone",
        ),
        Figure(f"missing() of {STATES} states, within a minute", "–", milliseconds(again), "–", None, f"{requests[1]} request"),
    ]


def define(count: int) -> dict[str, Any]:
    """Return a definition of so many actions in a row."""
    names = [f"S{number}" for number in range(count)]
    states: dict[str, Any] = {
        name: {"Type": "Action", "ActionUrl": f"https://{PROVIDERS[number % len(PROVIDERS)]}", "Next": f"S{number + 1}"}
        for number, name in enumerate(names)
    }
    states[names[-1]] = {"Type": "Action", "ActionUrl": f"https://{PROVIDERS[0]}", "End": True}
    return {"StartAt": "S0", "States": states}


def count(sandbox: Sandbox, work: Callable[[], object]) -> int:
    """Return how many requests some work takes."""
    before = total(sandbox)
    work()
    return total(sandbox) - before


def total(sandbox: Sandbox) -> int:
    return sum(number for name, number in sandbox.state.counters.items() if not name.startswith(NOT_REQUESTS))


def run_often(run: Callable[[dict[str, Any]], object]) -> None:
    for _ in range(RUNS):
        run({})


def best(work: Callable[[], object]) -> float:
    """Return the shortest of several rounds, for the rest is other processes' doing."""
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def look_afresh(flow: DeployedFlow) -> object:
    flow.forget()
    return flow.missing()


def read_both(flow: DeployedFlow, auth: Any) -> None:
    globus_sdk.FlowsClient(authorizer=auth.authorizers[VIEW_FLOWS]).get_flow(flow.flow_id)
    globus_sdk.AuthClient(authorizer=auth.authorizers["openid"]).get_consents(auth.identity.sub)
