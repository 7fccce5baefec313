"""Deploying, finding and changing flows with an unmodified globus_sdk.FlowsClient."""

from __future__ import annotations

import uuid

import globus_sdk
import pytest

from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL
from jupyter_flowauth.sandbox.services import COMPUTE_ACTION, HELLO_ACTION, INGEST_ACTION, MANAGE_FLOWS, RUN_STATUS, VIEW_FLOWS
from jupyter_flowauth.sandbox.visitor import VisitRefused

BOB = "urn:globus:auth:identity:{}"


def refusal_of(call, *arguments, **options):
    with pytest.raises(globus_sdk.FlowsAPIError) as refused:
        call(*arguments, **options)
    return refused.value


def test_a_deployed_flow_has_a_scope_that_the_sdk_knows(world):
    flow = world.deploy()
    assert flow["globus_auth_scope"] == str(globus_sdk.SpecificFlowClient(flow["id"]).scopes.user)


def test_a_flows_scope_exists_once_it_is_deployed_and_no_sooner(world, sandbox, start):
    flow_id = str(uuid.uuid4())
    with pytest.raises(VisitRefused, match="Unknown scope"):
        sandbox.approve(start(str(globus_sdk.SpecificFlowClient(flow_id).scopes.user)))
    assert world.starter(world.deploy())


def test_a_flows_token_is_for_a_resource_server_of_its_own(world, login):
    flow = world.deploy()
    assert list(login(flow["globus_auth_scope"]).by_resource_server) == [flow["id"]]


def test_the_scope_depends_on_what_the_definition_names(world, sandbox):
    flow = world.deploy(world.action(world.hello), world.action(world.transfer), world.action(world.compute))
    assert sandbox.state.scopes[flow["globus_auth_scope"]].dependents == (HELLO_ACTION, TRANSFER_ALL, COMPUTE_ACTION)


def test_the_scope_follows_an_update(world, sandbox):
    flow = world.deploy(world.action(world.hello))
    world.change(flow, world.action(world.ingest))
    assert sandbox.state.scopes[flow["globus_auth_scope"]].dependents == (INGEST_ACTION,)


def test_a_scope_given_in_the_state_comes_first(world, sandbox):
    flow = world.deploy(world.action("https://elsewhere.example/run", ActionScope=INGEST_ACTION))
    assert sandbox.state.scopes[flow["globus_auth_scope"]].dependents == (INGEST_ACTION,)


def test_an_action_that_runs_as_another_role_asks_nothing_of_the_person(world, sandbox):
    flow = world.deploy(world.action(world.hello), world.action(world.ingest, RunAs="Flow"))
    assert sandbox.state.scopes[flow["globus_auth_scope"]].dependents == (HELLO_ACTION,)


def test_an_action_is_known_by_its_place_in_the_sandbox_too(world, sandbox):
    flow = world.deploy(world.action(sandbox.action_url(world.ingest)))
    assert sandbox.state.scopes[flow["globus_auth_scope"]].dependents == (INGEST_ACTION,)


def test_validation_says_which_scopes_are_needed(world):
    definition = world.chain(world.action(world.hello), world.action(world.ingest, RunAs="Flow"))
    assert world.flows().validate_flow(definition).data == {"scopes": {"User": [HELLO_ACTION], "Flow": [INGEST_ACTION]}}


def test_validation_says_what_is_wrong(world):
    error = refusal_of(world.flows().validate_flow, {"StartAt": "A", "States": {"A": {"Type": "Pass"}}})
    assert (error.http_status, error.code) == (422, "UNPROCESSABLE_ENTITY")
    assert error.messages[0].startswith("A state of type 'Pass' must be defined as either terminal")


def test_an_unknown_action_provider_is_named(world):
    error = refusal_of(world.deploy, world.action("https://nobody.example/run"))
    assert (error.http_status, "https://nobody.example/run" in error.messages[0]) == (422, True)


def test_an_unknown_action_provider_can_be_let_through(world, sandbox):
    sandbox.configure(accepts_unknown_actions=True)
    flow = world.deploy(world.action("https://nobody.example/run"), world.action(world.hello))
    assert sandbox.state.scopes[flow["globus_auth_scope"]].dependents == (HELLO_ACTION,)


def test_a_principal_that_is_none_is_refused_as_globus_does(world):
    error = refusal_of(world.deploy, flow_administrators=["ae341a98-d274-11e5-b888-dbae3a8ba545"])
    assert error.messages[0].startswith('Unrecognized principal string: "ae341a98')


def test_a_flow_is_shown_as_it_was_deployed(world):
    flow = world.deploy(title="Ingest", subtitle="Two steps", keywords=["a"])
    shown = world.flows(VIEW_FLOWS).get_flow(flow["id"])
    assert (shown["title"], shown["subtitle"], shown["keywords"], shown["user_role"]) == ("Ingest", "Two steps", ["a"], "flow_owner")
    assert shown["definition"] == flow["definition"]


def test_the_scopes_of_actions_can_be_written_into_the_definition(world, sandbox):
    sandbox.configure(adds_action_scopes=True)
    assert world.deploy()["definition"]["States"]["S0"]["ActionScope"] == HELLO_ACTION


def test_who_may_start_a_flow_may_read_it_with_the_flows_own_token(world):
    flow = world.deploy(flow_starters=["all_authenticated_users"])
    starter = world.starter(flow, user="bob")
    assert starter.get(f"/flows/{flow['id']}")["user_role"] == "flow_starter"


def test_another_flows_token_reads_nothing(world):
    flow, other = world.deploy(), world.deploy()
    error = refusal_of(world.starter(other).get, f"/flows/{flow['id']}")
    assert (error.http_status, error.code) == (401, "AUTHENTICATION_ERROR")


def test_a_flow_that_is_not_for_somebody_is_not_there(world):
    error = refusal_of(world.flows(user="bob").get_flow, world.deploy()["id"])
    assert (error.http_status, error.code) == (404, "NOT_FOUND")


def test_a_flow_for_everybody_is_seen_by_everybody(world):
    flow = world.deploy(flow_viewers=["public"])
    assert world.flows(user="bob").get_flow(flow["id"])["user_role"] == "flow_viewer"


def test_only_administrators_change_a_flow(world, sandbox):
    flow = world.deploy(flow_viewers=["public"])
    error = refusal_of(world.flows(user="bob").update_flow, flow["id"], title="Mine")
    assert (error.http_status, error.code, "Missing permissions: UPDATE" in error.messages[0]) == (403, "FORBIDDEN", True)


def test_an_administrator_changes_a_flow(world, sandbox):
    flow = world.deploy(flow_administrators=[BOB.format(sandbox.state.users["bob"].sub)])
    assert world.flows(user="bob").update_flow(flow["id"], title="Ours")["title"] == "Ours"


def test_a_deleted_flow_is_gone_and_its_scope_with_it(world, sandbox, start):
    flow = world.deploy()
    assert world.flows().delete_flow(flow["id"])["DELETED"] is True
    assert refusal_of(world.flows().get_flow, flow["id"]).http_status == 404
    with pytest.raises(VisitRefused, match="Unknown scope"):
        sandbox.approve(start(flow["globus_auth_scope"]))


def test_the_consents_to_a_deleted_flow_are_gone(world, login):
    flow = world.deploy()
    world.starter(flow)
    world.flows().delete_flow(flow["id"])
    tokens = login("openid")
    client = globus_sdk.AuthClient(authorizer=globus_sdk.AccessTokenAuthorizer(tokens["access_token"]))
    names = {one["scope_name"] for one in client.get_consents(tokens.decode_id_token()["sub"])["consents"]}
    assert flow["globus_auth_scope"] not in names


@pytest.mark.parametrize("scope,status", [(VIEW_FLOWS, 200), (MANAGE_FLOWS, 200), (RUN_STATUS, 403)])
def test_reading_wants_a_scope_that_allows_it(world, scope, status):
    flow, client = world.deploy(), world.flows(scope)
    if status == 200:
        assert client.get_flow(flow["id"]).http_status == 200
    else:
        error = refusal_of(client.get_flow, flow["id"])
        assert (error.http_status, error.code, VIEW_FLOWS in error.messages[0]) == (403, "MISSING_SCOPE", True)


def test_a_dead_token_is_a_401_in_the_services_words(world, sandbox):
    client = world.flows()
    sandbox.expire_access_tokens()
    error = refusal_of(client.list_flows)
    assert (error.http_status, error.code, error.messages) == (401, "AUTHENTICATION_ERROR", ["Expired or invalid Bearer token"])


def test_flows_are_listed_by_role_and_text(world):
    mine, _theirs = world.deploy(title="Alpha"), world.deploy(title="Beta", user="bob", flow_viewers=["public"])
    client = world.flows()
    assert len(list(client.list_flows())) == 2
    assert [flow["id"] for flow in client.list_flows(filter_roles="flow_owner")] == [mine["id"]]
    assert [flow["title"] for flow in client.list_flows(filter_fulltext="bet")] == ["Beta"]


def test_a_long_listing_comes_in_pages(world):
    client = world.flows()
    for number in range(25):
        client.create_flow(f"Flow {number}", world.chain(world.action(world.hello)), {})
    assert [len(page["flows"]) for page in client.paginated.list_flows()] == [20, 5]
