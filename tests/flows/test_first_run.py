"""A flow that was just deployed: asked for once, run, and run again."""

from __future__ import annotations

import globus_sdk
import pytest

from jupyter_flowauth.errors import ScopesMissing
from jupyter_flowauth.flow_needs import RUN_STATUS, VIEW_FLOWS
from jupyter_flowauth.sandbox.services import HELLO_ACTION
from tests.flows.conftest import BODY, MANAGE_FLOWS, definition, hello


def test_a_flow_that_was_never_granted_is_missing_as_a_whole(world, auth):
    flow = auth.flow(world.deploy(auth, definition(Hello=hello())))
    assert flow.missing().scopes == tuple(sorted((flow.scope, HELLO_ACTION)))
    assert "+ Flow 'Ingest' uses Hello World" in str(flow.missing())


def test_one_prompt_covers_the_flow_and_all_beneath_it(world, auth):
    flow = auth.flow(world.deploy(auth, definition(Hello=hello())))
    flow.consent()
    assert f"{flow.scope}[{HELLO_ACTION}]" in world.asked()
    assert (len(world.prompts), bool(flow.missing())) == (2, False)


def test_the_first_prompt_is_for_watching_it_as_well(world):
    deployer = world.notebook()
    deployer.login([MANAGE_FLOWS])
    flow = deployer.flow(world.deploy(deployer, definition(Hello=hello())))
    flow.consent()
    assert (len(world.prompts), deployer.missing([flow.scope, VIEW_FLOWS, RUN_STATUS])) == (2, ())


def test_consenting_twice_asks_once(world, auth):
    flow = world.consented_flow(auth)
    flow.consent()
    assert world.prompts == []


def test_a_run_without_any_consent_asks_first(world, auth):
    flow = auth.flow(world.deploy(auth, definition(Hello=hello())))
    assert flow.run(BODY).wait(60) == "SUCCEEDED"
    assert (len(world.prompts), world.count("run_start", "runs_refused")) == (2, (1, 0))


def test_a_run_is_one_request_while_all_is_well(world, auth):
    flow = world.consented_flow(auth)
    before = world.requests()
    run = flow.run(BODY, label="one", tags=["a-tag"])
    assert (world.requests() - before, world.prompts) == (1, [])
    assert run.wait(60, progress=False) == "SUCCEEDED"


def test_the_options_of_a_run_arrive(world, auth):
    run = world.consented_flow(auth).run(BODY, label="one", tags=["a-tag"])
    seen = world.sandbox.state.runs.find(run.run_id)
    assert (seen.label, seen.tags, seen.body) == ("one", ("a-tag",), BODY)


def test_a_status_is_one_request(world, auth):
    run = world.consented_flow(auth).run(BODY)
    before = world.requests()
    assert run.status() in {"ACTIVE", "SUCCEEDED"}
    assert world.requests() - before == 1


def test_the_sdks_own_client_runs_it(world, auth):
    client = world.consented_flow(auth).client()
    assert isinstance(client, globus_sdk.SpecificFlowClient)
    assert world.sandbox.wait_for_run(client.run_flow(BODY)["run_id"]) == "SUCCEEDED"


def test_there_is_no_client_without_its_scope(world, auth):
    flow = auth.flow(world.deploy(auth, definition(Hello=hello())))
    with pytest.raises(ScopesMissing, match="flow's own scope") as caught:
        flow.client()
    assert caught.value.missing == (flow.scope,)


def test_without_a_token_to_read_it_what_is_missing_is_an_error(world, auth):
    flow_id = world.deploy(auth, definition(Hello=hello()))
    other = world.notebook(storage="memory")
    with pytest.raises(ScopesMissing) as caught:
        other.flow(flow_id).missing()
    assert caught.value.missing == (VIEW_FLOWS,)


def test_a_run_can_be_watched_with_the_flows_own_token(world, auth):
    flow_id = world.deploy(auth, definition(Hello=hello()))
    other = world.notebook(storage="memory")
    other.login([other.flow(flow_id).scope])
    assert other.flow(flow_id).run(BODY).wait(60) == "SUCCEEDED"


def test_the_definition_is_kept_for_a_minute(world, auth):
    flow = world.consented_flow(auth)
    flow.missing()
    before = world.count("flow", "consents")
    flow.missing()
    assert world.count("flow", "consents") == (before[0], before[1] + 1)


def test_an_expired_token_is_renewed_and_the_run_started_once(world, auth):
    flow = world.consented_flow(auth)
    world.sandbox.expire_access_tokens()
    assert flow.run(BODY).wait(60) == "SUCCEEDED"
    assert (world.prompts, world.count("runs_started")) == ([], (1,))
