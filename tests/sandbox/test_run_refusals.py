"""What becomes of a run whose consent falls short, at its start and on its way."""

from __future__ import annotations

import globus_sdk
import pytest
from globus_sdk.gare import is_gare, to_gare

from jupyter_flowauth.sandbox.catalogue import DATA_ACCESS, TRANSFER_ALL, VIEW_MY_GROUPS
from jupyter_flowauth.sandbox.services import GUEST_COLLECTION, HELLO_ACTION, INGEST_ACTION, MAPPED_COLLECTION, SECOND_MAPPED_COLLECTION
from jupyter_flowauth.sandbox.visitor import VisitRefused

INDEX = {"search_index": "i"}


def refusal_of(call, *arguments, **options):
    with pytest.raises(globus_sdk.FlowsAPIError) as refused:
        call(*arguments, **options)
    return refused.value


@pytest.fixture
def changed(world):
    """A flow that was agreed to when it said hello, and now ingests too; and a client from before."""
    flow = world.deploy(world.action(world.hello))
    starter = world.starter(flow)
    world.change(flow, world.action(world.hello), world.action(world.ingest, INDEX))
    return flow, starter


def transfer_between(world, source, destination):
    body = {"source_endpoint": source.collection_id, "destination_endpoint": destination.collection_id}
    return world.action(world.transfer, {**body, "DATA": [{"source_path": "/a", "destination_path": "/b"}]})


def test_a_changed_flow_is_refused_at_the_start(changed, sandbox):
    flow, starter = changed
    error = refusal_of(starter.run_flow, {})
    assert (error.http_status, error.code, is_gare(error)) == (403, "MISSING_SCOPE", False)
    assert error.messages == [f"This action requires the following scope: {flow['globus_auth_scope']}[{INGEST_ACTION}]"]
    assert (sandbox.count("runs_started"), sandbox.count("action:hello")) == (0, 0)


def test_a_consent_to_the_flows_scope_alone_covers_what_it_depends_on_now(changed, world):
    flow, _starter = changed
    assert world.finish(world.starter(flow).run_flow({}))["status"] == "SUCCEEDED"


def test_a_token_from_before_the_consent_does(changed, world):
    flow, starter = changed
    world.starter(flow)
    assert starter.run_flow({})["status"] == "ACTIVE"


def test_a_token_from_before_the_consent_may_be_refused(changed, world, sandbox):
    sandbox.configure(tokens_keep_consents=True)
    flow, old = changed
    new = world.starter(flow)
    assert refusal_of(old.run_flow, {}).code == "MISSING_SCOPE"
    assert world.finish(new.run_flow({}))["status"] == "SUCCEEDED"


def test_a_flow_that_needs_less_needs_no_new_consent(world):
    flow = world.deploy(world.action(world.hello), world.action(world.ingest, INDEX))
    starter = world.starter(flow)
    world.change(flow, world.action(world.hello))
    assert world.finish(starter.run_flow({}))["status"] == "SUCCEEDED"


@pytest.mark.parametrize("shape", ["gare", "transfer", "action_provider", "dependent_consent"])
def test_the_shapes_that_the_sdk_reads_name_the_scope(changed, sandbox, shape):
    flow, starter = changed
    sandbox.configure(refusal_shape=shape)
    gare = to_gare(refusal_of(starter.run_flow, {}))
    assert gare.authorization_parameters.required_scopes == [f"{flow['globus_auth_scope']}[{INGEST_ACTION}]"]


def test_what_the_sdk_reads_can_be_asked_for(changed, world, sandbox):
    flow, starter = changed
    sandbox.configure(refusal_shape="gare")
    (scope,) = to_gare(refusal_of(starter.run_flow, {})).authorization_parameters.required_scopes
    assert world.finish(world.starter(flow, scope).run_flow({}))["status"] == "SUCCEEDED"


def test_another_session_may_be_wanted(changed, sandbox):
    sandbox.configure(refusal_shape="session")
    gare = to_gare(refusal_of(changed[1].run_flow, {}))
    assert (gare.authorization_parameters.session_required_mfa, gare.authorization_parameters.required_scopes) == (True, None)


def test_a_refusal_may_stand_in_the_challenge_alone(changed, sandbox):
    sandbox.configure(refusal_shape="insufficient_scope")
    error = refusal_of(changed[1].run_flow, {})
    assert f'error="insufficient_scope", scope="{changed[0]["globus_auth_scope"]}[' in error.headers["WWW-Authenticate"]


def test_a_refusal_may_name_no_scope(changed, sandbox):
    sandbox.configure(refusal_shape="unnamed")
    error = refusal_of(changed[1].run_flow, {})
    assert (error.code, "auth.globus.org" in error.text) == ("MISSING_SCOPE", False)


def test_on_the_way_a_run_goes_inactive_and_says_why(changed, world, sandbox):
    sandbox.configure(refuses_at="inactive")
    flow, starter = changed
    run = world.finish(starter.run_flow({}))
    assert (run["status"], run["details"]["state_name"]) == ("INACTIVE", "S1")
    assert to_gare(run["details"]).authorization_parameters.required_scopes == [f"{flow['globus_auth_scope']}[{INGEST_ACTION}]"]
    assert (run["details"]["action_statuses"][0]["status"], run["completion_time"]) == ("INACTIVE", None)


def test_a_resumed_run_does_what_remains_and_no_more(changed, world, sandbox):
    sandbox.configure(refuses_at="inactive")
    flow, starter = changed
    run = world.finish(starter.run_flow({}))
    assert world.starter(flow).resume_run(run["run_id"])["status"] == "ACTIVE"
    assert world.finish(run)["status"] == "SUCCEEDED"
    assert (sandbox.count("action:hello"), sandbox.count("action:search"), sandbox.count("runs_started")) == (1, 1, 1)


def test_a_run_that_is_resumed_too_early_waits_again(changed, world, sandbox):
    sandbox.configure(refuses_at="inactive")
    run = world.finish(changed[1].run_flow({}))
    changed[1].resume_run(run["run_id"])
    assert world.finish(run)["status"] == "INACTIVE"
    assert (sandbox.count("action:hello"), sandbox.count("action:search")) == (1, 0)


def test_branches_that_are_done_stay_done(world, sandbox):
    sandbox.configure(refuses_at="inactive")
    flow = world.deploy(world.action(world.hello))
    starter = world.starter(flow)
    branches = [world.chain(world.action(world.hello)), world.chain(world.action(world.ingest, INDEX))]
    world.change(flow, {"Type": "Parallel", "Branches": branches, "ResultPath": "$.both", "End": True})
    run = world.finish(starter.run_flow({}))
    assert run["status"] == "INACTIVE"
    world.starter(flow).resume_run(run["run_id"])
    assert world.finish(run)["status"] == "SUCCEEDED"
    assert (sandbox.count("action:hello"), sandbox.count("action:search")) == (1, 1)


def test_a_run_may_fail_of_it_with_the_refusal_inside(changed, world, sandbox):
    sandbox.configure(refuses_at="failed")
    run = world.finish(changed[1].run_flow({}))
    assert (run["status"], run["details"]["code"], run["details"]["details"]["error"]) == ("FAILED", "FlowFailed", "ActionFailedException")
    assert run["details"]["action_statuses"][0]["details"]["required_scope"] == INGEST_ACTION


def test_a_consent_taken_back_is_missed_at_the_next_start(world, sandbox):
    flow = world.deploy()
    starter = world.starter(flow)
    sandbox.rescind(flow["globus_auth_scope"])
    assert refusal_of(starter.run_flow, {}).messages == [f"This action requires the following scope: {flow['globus_auth_scope']}"]


def test_a_person_who_grants_only_part_is_refused_the_rest(world, sandbox):
    sandbox.configure(withheld_scopes=(INGEST_ACTION,))
    flow = world.deploy(world.action(world.hello), world.action(world.ingest, INDEX))
    assert INGEST_ACTION in refusal_of(world.starter(flow).run_flow, {}).messages[0]


def test_another_persons_consent_is_not_mine(world):
    flow = world.deploy(flow_starters=["all_authenticated_users"])
    bob = world.starter(flow, user="bob")
    world.change(flow, world.action(world.ingest, INDEX))
    world.starter(flow, user="alice")
    assert refusal_of(bob.run_flow, {}).code == "MISSING_SCOPE"


def test_a_mapped_collection_is_met_on_the_way(world, sandbox):
    flow = world.deploy(transfer_between(world, MAPPED_COLLECTION, GUEST_COLLECTION))
    run = world.finish(world.starter(flow).run_flow({}))
    wanted = f"{flow['globus_auth_scope']}[{TRANSFER_ALL}[{DATA_ACCESS}]]"
    assert (run["status"], to_gare(run["details"]).authorization_parameters.required_scopes) == ("INACTIVE", [wanted])
    assert run["details"]["action_statuses"][0]["details"]["required_scope"] == f"{TRANSFER_ALL}[{DATA_ACCESS}]"
    world.starter(flow, wanted).resume_run(run["run_id"])
    assert (world.finish(run)["status"], sandbox.count("action:transfer")) == ("SUCCEEDED", 1)


def test_a_collection_agreed_to_beforehand_is_not_met(world):
    flow = world.deploy(transfer_between(world, MAPPED_COLLECTION, GUEST_COLLECTION))
    wanted = f"{flow['globus_auth_scope']}[{TRANSFER_ALL}[*{DATA_ACCESS}]]"
    assert world.finish(world.starter(flow, wanted).run_flow({}))["status"] == "SUCCEEDED"


def test_two_mapped_collections_are_met_one_after_the_other(world):
    flow = world.deploy(transfer_between(world, MAPPED_COLLECTION, SECOND_MAPPED_COLLECTION))
    run = world.finish(world.starter(flow).run_flow({}))
    world.starter(flow, run["details"]["required_scope"]).resume_run(run["run_id"])
    assert SECOND_MAPPED_COLLECTION.data_access in world.finish(run)["details"]["required_scope"]


def test_a_guest_collection_needs_nothing_and_has_no_such_scope(world, sandbox, start):
    flow = world.deploy(transfer_between(world, GUEST_COLLECTION, GUEST_COLLECTION))
    assert world.finish(world.starter(flow).run_flow({}))["status"] == "SUCCEEDED"
    with pytest.raises(VisitRefused, match="Unknown scope"):
        sandbox.approve(start(f"{flow['globus_auth_scope']}[{TRANSFER_ALL}[*{GUEST_COLLECTION.data_access}]]"))


def test_the_old_transfer_provider_wants_one_scope_more_on_the_path(world):
    old = transfer_between(world, MAPPED_COLLECTION, GUEST_COLLECTION) | {"ActionUrl": "https://actions.globus.org/transfer/transfer"}
    run = world.run(old)
    assert run["details"]["required_scope"].endswith(f"/transfer/transfer[{TRANSFER_ALL}[{DATA_ACCESS}]]]")


def test_hello_world_can_be_told_to_need_a_scope(world, sandbox):
    flow = world.deploy(world.action(world.hello, {"required_dependent_scope": VIEW_MY_GROUPS}))
    run = world.finish(world.starter(flow).run_flow({}))
    assert run["details"]["required_scope"] == f"{flow['globus_auth_scope']}[{HELLO_ACTION}[{VIEW_MY_GROUPS}]]"
