"""The dependent grant: a flow's own client asks for tokens below the one that a run was started with."""

from __future__ import annotations

import globus_sdk
import pytest

from jupyter_flowauth.sandbox import SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET
from jupyter_flowauth.sandbox.services import ACTIONS, HELLO_ACTION, INGEST_ACTION


@pytest.fixture
def flow(world):
    return world.deploy(world.action(world.hello))


@pytest.fixture
def flow_token(flow, login):
    return login(flow["globus_auth_scope"]).by_resource_server[flow["id"]]["access_token"]


@pytest.fixture
def service(flow, sandbox):
    """The SDK's client for the flow as a service."""
    return globus_sdk.ConfidentialAppAuthClient(flow["id"], sandbox.state.clients[flow["id"]].client_secret)


def test_a_service_gets_what_the_person_agreed_to(service, flow_token, sandbox):
    tokens = service.oauth2_get_dependent_tokens(flow_token)
    assert {server: data["scope"] for server, data in tokens.by_resource_server.items()} == {ACTIONS: HELLO_ACTION}
    assert sandbox.count("token:dependent_token") == 1


def test_a_scope_may_be_asked_for(service, flow_token):
    assert service.oauth2_get_dependent_tokens(flow_token, scope=HELLO_ACTION).by_resource_server[ACTIONS]["scope"] == HELLO_ACTION


def test_a_scope_that_was_not_agreed_to_is_a_dependent_consent_required(service, flow, flow_token):
    with pytest.raises(globus_sdk.AuthAPIError) as refused:
        service.oauth2_get_dependent_tokens(flow_token, scope=INGEST_ACTION)
    error = refused.value
    assert (error.http_status, error.raw_json["error"]) == (403, "dependent_consent_required")
    gare = globus_sdk.gare.to_gare(error)
    assert gare.authorization_parameters.required_scopes == [f"{flow['globus_auth_scope']}[{INGEST_ACTION}]"]


@pytest.mark.parametrize("token", ["nonsense", ""])
def test_a_token_that_is_none_gets_nothing(service, token):
    with pytest.raises(globus_sdk.AuthAPIError, match="No such token"):
        service.oauth2_get_dependent_tokens(token)


def test_another_services_token_gets_nothing(flow_token):
    another = globus_sdk.ConfidentialAppAuthClient(SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET)
    with pytest.raises(globus_sdk.AuthAPIError, match="for this service"):
        another.oauth2_get_dependent_tokens(flow_token)


def test_a_dependent_tokens_own_dependents_lie_below_it(world, sandbox, login):
    flow = world.deploy(world.action(world.ingest))
    token = login(flow["globus_auth_scope"]).by_resource_server[flow["id"]]["access_token"]
    service = globus_sdk.ConfidentialAppAuthClient(flow["id"], sandbox.state.clients[flow["id"]].client_secret)
    issued = sandbox.state.ledger.find_any(service.oauth2_get_dependent_tokens(token).by_resource_server[ACTIONS]["access_token"])
    assert issued.above == (flow["globus_auth_scope"],)


def test_consents_below_a_flow_form_a_forest(flow, login):
    tokens = login("openid", flow["globus_auth_scope"])
    client = globus_sdk.AuthClient(authorizer=globus_sdk.AccessTokenAuthorizer(tokens["access_token"]))
    forest = client.get_consents(tokens.decode_id_token()["sub"]).to_forest()
    wanted = globus_sdk.Scope(flow["globus_auth_scope"]).with_dependency(globus_sdk.Scope(HELLO_ACTION))
    assert forest.meets_scope_requirements(wanted)
    assert not forest.meets_scope_requirements(HELLO_ACTION)
