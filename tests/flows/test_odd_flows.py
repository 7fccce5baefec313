"""Flows that are gone, hidden, odd, or half unreachable: one sentence each, and the rest goes on."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import globus_sdk
import pytest

from jupyter_flowauth.errors import LoginTimeout, ProviderError
from jupyter_flowauth.flow_needs import RUN_STATUS, VIEW_FLOWS
from jupyter_flowauth.sandbox.services import HELLO_ACTION, INGEST_ACTION
from tests.flows.conftest import BODY, HELLO_URL, MANAGE_FLOWS, NOWHERE_URL, action, definition, hello, ingest


def delete(auth, flow):
    globus_sdk.FlowsClient(authorizer=auth.authorizers[MANAGE_FLOWS]).delete_flow(flow.flow_id)
    flow.forget()


def test_a_flow_that_was_deleted_is_said_to_be_gone(world, auth):
    flow = world.consented_flow(auth)
    delete(auth, flow)
    for ask in (flow.required, flow.missing, flow.consent, lambda: flow.run(BODY)):
        with pytest.raises(ProviderError, match=r"does not exist, or you may not see it; .*; check the id, and .* %whoami") as caught:
            ask()
        assert caught.value.status == 404
    assert world.prompts == []


def test_a_start_that_meets_a_deleted_flow_forgets_what_it_was(world, auth):
    flow = world.consented_flow(auth)
    flow.required()
    globus_sdk.FlowsClient(authorizer=auth.authorizers[MANAGE_FLOWS]).delete_flow(flow.flow_id)
    for ask in (lambda: flow.run(BODY), flow.required, flow.missing):
        with pytest.raises(ProviderError, match="does not exist, or you may not see it"):
            ask()


def test_a_login_goes_on_without_a_flow_that_was_deleted(world, auth):
    flow = world.consented_flow(auth)
    delete(auth, flow)
    auth.login([flow.scope, VIEW_FLOWS])
    assert (world.prompts, auth.missing([VIEW_FLOWS])) == ([], ())


def test_a_flow_of_somebody_else_is_not_shown(world, auth):
    flow_id = world.deploy(auth, definition(Hello=hello()))
    world.user = "bob"
    bob = world.notebook(storage="memory")
    bob.login([VIEW_FLOWS, RUN_STATUS])
    with pytest.raises(ProviderError, match="you may not see it"):
        bob.flow(flow_id).missing()


def test_an_action_provider_that_nobody_knows_is_named_and_the_rest_goes_on(world, auth):
    world.sandbox.configure(accepts_unknown_actions=True)
    odd = action(NOWHERE_URL, following="Hello")
    flow = auth.flow(world.deploy(auth, definition(Odd=odd, Hello=hello())))
    (problem,) = flow.required().problems
    assert ("State 'Odd'" in problem, NOWHERE_URL in problem) == (True, True)
    flow.consent()
    assert (flow.missing().scopes, bool(flow.missing()), NOWHERE_URL in str(flow.missing())) == ((), True, True)


def test_an_action_provider_that_does_not_answer_is_named_and_asked_again_later(world, auth):
    flow_id = world.deploy(auth, definition(Hello=hello(following="Ingest"), Ingest=ingest()))
    world.sandbox.set_fault("action_introspect:hello", "drop")
    flow = auth.flow(flow_id)
    assert [HELLO_URL in problem for problem in flow.required().problems] == [True]
    assert flow.required().scopes == tuple(sorted((flow.scope, INGEST_ACTION)))
    world.sandbox.set_fault("action_introspect:hello", None)
    flow.forget()
    assert HELLO_ACTION in flow.required().scopes


@pytest.mark.parametrize("fault", ["html", "status:500", "drop"])
def test_a_broken_action_provider_is_a_sentence(world, auth, fault):
    flow_id = world.deploy(auth, definition(Hello=hello()))
    world.sandbox.set_fault("action_introspect:hello", fault)
    assert len(auth.flow(flow_id).required().problems) == 1


def test_an_action_scope_in_the_state_needs_no_answer(world, auth):
    flow_id = world.deploy(auth, definition(Hello=hello(ActionScope=HELLO_ACTION)))
    world.sandbox.set_fault("action_introspect:hello", "drop")
    required = auth.flow(flow_id).required()
    assert (required.scopes[-1] == HELLO_ACTION or HELLO_ACTION in required.scopes, required.problems) == (True, ())


def test_branches_are_looked_into(world, auth):
    inner = {"Type": "Parallel", "End": True, "Branches": [definition(Ingest=ingest())]}
    outer = {"Type": "Parallel", "End": True, "Branches": [definition(Hello=hello()), definition(Inner=inner)]}
    flow = world.consented_flow(auth, definition(Both=outer))
    assert set(flow.required().scopes) == {flow.scope, HELLO_ACTION, INGEST_ACTION}
    assert flow.run(BODY).wait(60) == "SUCCEEDED"


def test_what_runs_as_another_role_is_not_asked_of_who_starts_it(world, auth):
    what = definition(Hello=hello(following="Ingest", RunAs="Curator"), Ingest=ingest())
    flow = auth.flow(world.deploy(auth, what))
    assert set(flow.required().scopes) == {flow.scope, INGEST_ACTION}


def test_what_is_not_a_consent_matter_is_raised_as_the_sdk_does(world, auth):
    client = globus_sdk.FlowsClient(authorizer=auth.authorizers[MANAGE_FLOWS])
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
    flow = auth.flow(client.create_flow("Strict", definition(Hello=hello()), schema)["id"])
    flow.consent()
    with pytest.raises(globus_sdk.FlowsAPIError) as caught:
        flow.run({"code": "ConsentRequired"})
    assert (caught.value.http_status, len(world.prompts), world.count("run_start")) == (400, 2, (1,))


def test_who_may_not_start_a_flow_is_not_asked_to_consent(world, auth):
    client = globus_sdk.FlowsClient(authorizer=auth.authorizers[MANAGE_FLOWS])
    flow_id = client.create_flow("Seen", definition(Hello=hello()), {}, flow_viewers=["public"])["id"]
    world.user = "bob"
    bob = world.notebook(storage="memory")
    bob.login([VIEW_FLOWS, RUN_STATUS])
    bob.flow(flow_id).consent()
    world.prompts.clear()
    with pytest.raises(globus_sdk.FlowsAPIError, match="permissions"):
        bob.flow(flow_id).run(BODY)
    assert world.prompts == []


@pytest.mark.parametrize("fault", ["drop", "drop_answer"])
def test_a_start_whose_answer_is_lost_is_not_repeated(world, auth, fault):
    flow = world.consented_flow(auth)
    world.sandbox.set_fault("run_start", fault)
    with pytest.raises(ProviderError, match="look at your runs"):
        flow.run(BODY)
    assert world.count("run_start") == (1,)


def test_a_service_in_trouble_is_not_asked_to_start_twice(world, auth):
    flow = world.consented_flow(auth)
    world.sandbox.set_fault("run_start", "status:503")
    with pytest.raises(globus_sdk.FlowsAPIError):
        flow.run(BODY)
    assert (world.count("run_start"), world.prompts) == ((1,), [])


def test_consents_that_cannot_be_read_do_not_keep_the_prompt_away(world, auth):
    flow = world.grown_flow(auth)
    world.sandbox.set_fault("consents", "status:500")
    assert flow.run(BODY).wait(60) == "SUCCEEDED"
    assert len(world.prompts) == 1


def test_missing_is_an_error_where_consents_cannot_be_read(world, auth):
    flow = world.consented_flow(auth)
    world.sandbox.set_fault("consents", "status:500")
    with pytest.raises(ProviderError, match="what you have consented to can't be read"):
        flow.missing()


def test_who_never_comes_back_is_not_waited_for_longer_than_configured(world, auth):
    flow = world.grown_flow(auth)
    folder = Path(os.environ["JUPYTER_CONFIG_DIR"])
    folder.mkdir(exist_ok=True)
    (folder / "jupyter_flowauth.json").write_text(json.dumps({"login_timeout_seconds": 0.5}))
    world.browse = lambda url: world.prompts.append(url)
    with pytest.raises(LoginTimeout):
        world.notebook().flow(flow.flow_id).run(BODY)
    for thread in threading.enumerate():
        if thread.name == "flowauth-browser":
            thread.join(60)
    assert (len(world.prompts), world.count("runs_started")) == (1, (0,))


@pytest.mark.parametrize("flow_id", ["", "nonsense", "../flows", "5a9db0c5-0e5a-4b0c-9d0c-5a9db0c5000", "x" * 500])
def test_what_is_no_flow_id_is_refused_at_once(auth, flow_id):
    with pytest.raises(ValueError, match="UUID"):
        auth.flow(flow_id)


def test_a_title_cannot_move_the_cursor(world, auth):
    flow = auth.flow(world.deploy(auth, definition(Hello=hello()), title="A\x1b[2J<b>B\n\nC"))
    assert "Flow 'A[2J<b>B C'" in str(flow.required())
