"""Unmodified globus_sdk clients against the sandbox."""

from __future__ import annotations

import globus_sdk
import pytest
from globus_sdk.gare import GlobusAuthorizationParameters
from globus_sdk.login_flows import LoginFlowManager
from globus_sdk.token_storage import MemoryTokenStorage

from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET
from jupyter_flowauth.sandbox.catalogue import AUTH, DATA_ACCESS, GROUPS, GROUPS_ALL, TRANSFER, TRANSFER_ALL, VIEW_CONSENTS, VIEW_MY_GROUPS
from jupyter_flowauth.sandbox.visitor import Visitor


def authorizer(tokens, resource_server):
    return globus_sdk.AccessTokenAuthorizer(tokens.by_resource_server[resource_server]["access_token"])


def confidential():
    return globus_sdk.ConfidentialAppAuthClient(SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET)


def test_a_login_gives_one_token_per_resource_server(login):
    tokens = login().by_resource_server
    assert {server: data["scope"] for server, data in tokens.items()} == {
        AUTH: "openid profile email",
        TRANSFER: TRANSFER_ALL,
        GROUPS: VIEW_MY_GROUPS,
    }


def test_tokens_are_for_the_scopes_of_this_request_only(login):
    login(VIEW_MY_GROUPS)
    assert login(GROUPS_ALL).by_resource_server[GROUPS]["scope"] == GROUPS_ALL


def test_the_id_token_decodes(login):
    claims = login().decode_id_token()
    assert claims["preferred_username"] == "alice@sandbox.example"


def test_no_id_token_without_openid(login):
    assert "id_token" not in login(TRANSFER_ALL).data


def test_no_refresh_token_without_offline_access(login):
    assert all(data["refresh_token"] is None for data in login(offline=False).by_resource_server.values())


def test_the_keys_are_where_discovery_says(native):
    configuration = native.get_openid_configuration()
    assert native.get_jwk(configuration, as_pem=True).key_size == 2048


def test_transfer_lists_tasks(login):
    client = globus_sdk.TransferClient(authorizer=authorizer(login(), TRANSFER))
    assert [task["status"] for task in client.task_list()] == ["SUCCEEDED"]


def test_transfer_finds_collections_by_text(login):
    client = globus_sdk.TransferClient(authorizer=authorizer(login(), TRANSFER))
    assert [len(list(client.endpoint_search(text))) for text in ("sandbox", "elsewhere")] == [1, 0]


def test_groups_lists_my_groups(login):
    client = globus_sdk.GroupsClient(authorizer=authorizer(login(user="bob"), GROUPS))
    assert client.get_my_groups()[0]["my_memberships"][0]["username"] == "bob@sandbox.example"


def test_userinfo_says_what_the_scopes_allow(login):
    info = globus_sdk.AuthClient(authorizer=authorizer(login("openid", "email"), AUTH)).userinfo()
    assert (info["email"], "name" in info.data) == ("alice@sandbox.example", False)


def test_the_consents_form_a_forest(login):
    wanted = globus_sdk.Scope(TRANSFER_ALL).with_dependency(globus_sdk.Scope(DATA_ACCESS))
    tokens = login("openid", str(wanted))
    client = globus_sdk.AuthClient(authorizer=authorizer(tokens, AUTH))
    forest = client.get_consents(tokens.decode_id_token()["sub"]).to_forest()
    assert forest.meets_scope_requirements([wanted, "openid"])
    assert not forest.meets_scope_requirements(VIEW_MY_GROUPS)


def test_all_consents_want_a_scope_of_their_own(login):
    tokens = login()
    client = globus_sdk.AuthClient(authorizer=authorizer(tokens, AUTH))
    with pytest.raises(globus_sdk.AuthAPIError) as refused:
        client.get_consents(tokens.decode_id_token()["sub"], all=True)
    assert (refused.value.http_status, refused.value.code) == (403, "FORBIDDEN")


def test_all_consents_with_that_scope(login):
    tokens = login("openid", VIEW_CONSENTS)
    client = globus_sdk.AuthClient(authorizer=authorizer(tokens, AUTH))
    assert len(client.get_consents(tokens.decode_id_token()["sub"], all=True)["consents"]) == 2


def test_another_persons_consents_are_refused(login, sandbox):
    client = globus_sdk.AuthClient(authorizer=authorizer(login(), AUTH))
    with pytest.raises(globus_sdk.AuthAPIError, match="another identity"):
        client.get_consents(sandbox.state.users["bob"].sub)


def test_a_refresh_answers_with_exactly_one_token(login, native):
    refreshed = native.oauth2_refresh_token(login().by_resource_server[TRANSFER]["refresh_token"])
    assert list(refreshed.by_resource_server) == [TRANSFER]


def test_the_sdks_own_authorizer_refreshes(login, native, sandbox):
    held = login().by_resource_server[TRANSFER]
    client = globus_sdk.TransferClient(authorizer=globus_sdk.RefreshTokenAuthorizer(held["refresh_token"], native))
    assert len(list(client.task_list())) == 1
    assert sandbox.count("token:refresh_token") == 1


def test_a_revoked_token_is_dead(login, native, sandbox):
    held = login().by_resource_server[TRANSFER]
    assert native.oauth2_revoke_token(held["access_token"])["active"] is False
    assert not sandbox.is_active(held["access_token"])
    assert sandbox.is_active(held["refresh_token"])


def test_a_revoked_refresh_token_takes_its_access_token_along(login, native, sandbox):
    tokens = login().by_resource_server
    native.oauth2_revoke_token(tokens[TRANSFER]["refresh_token"])
    assert not sandbox.is_active(tokens[TRANSFER]["access_token"])
    assert sandbox.is_active(tokens[GROUPS]["access_token"])


def test_introspection_describes_a_live_token(login):
    seen = confidential().oauth2_token_introspect(login().by_resource_server[TRANSFER]["access_token"])
    assert (seen["active"], seen["scope"], seen["client_id"]) == (True, TRANSFER_ALL, SANDBOX_CLIENT_ID)


def test_introspection_says_only_that_a_dead_token_is_dead(sandbox):
    assert confidential().oauth2_token_introspect("nonsense").data == {"active": False}


def test_a_confidential_client_logs_people_in(sandbox, query):
    sandbox.configure(redirect_uris={SANDBOX_CONFIDENTIAL_CLIENT_ID: ("https://hub.example/services/flowauth/callback/globus",)})
    client = confidential()
    client.oauth2_start_flow("https://hub.example/services/flowauth/callback/globus", ["openid"], refresh_tokens=True)
    returned = sandbox.approve(client.oauth2_get_authorize_url())
    tokens = client.oauth2_exchange_code_for_tokens(query(returned)["code"])
    assert client.oauth2_refresh_token(tokens["refresh_token"]).by_resource_server.keys() == {AUTH}


def test_a_confidential_client_acts_for_itself(sandbox):
    tokens = confidential().oauth2_client_credentials_tokens([TRANSFER_ALL])
    client = globus_sdk.TransferClient(authorizer=authorizer(tokens, TRANSFER))
    assert client.task_list()["DATA"][0]["owner_id"] == SANDBOX_CONFIDENTIAL_CLIENT_ID


class VisitorLoginFlowManager(LoginFlowManager):
    """A login flow manager whose person is the visitor."""

    def run_login_flow(self, auth_parameters: GlobusAuthorizationParameters):
        url = self._get_authorize_url(auth_parameters, redirect_uri="http://127.0.0.1:4242")
        returned = Visitor().approve(url)
        code = dict(pair.split("=", 1) for pair in returned.partition("?")[2].split("&"))["code"]
        return self.login_client.oauth2_exchange_code_for_tokens(code)


@pytest.mark.parametrize("refresh", [True, False])
def test_a_user_app_logs_in_and_calls_transfer(native, refresh):
    manager = VisitorLoginFlowManager(native, request_refresh_tokens=refresh)
    config = globus_sdk.GlobusAppConfig(login_flow_manager=manager, token_storage=MemoryTokenStorage(), request_refresh_tokens=refresh)
    app = globus_sdk.UserApp("sandbox test", client_id=SANDBOX_CLIENT_ID, config=config)
    client = globus_sdk.TransferClient(app=app).add_app_data_access_scope(DATA_ACCESS.split("/")[4])
    assert len(list(client.task_list())) == 1
