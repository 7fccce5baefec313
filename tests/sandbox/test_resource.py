from __future__ import annotations

import globus_sdk
import pytest
from globus_sdk.gare import is_gare
from requests import get, post

from jupyter_flowauth.sandbox.catalogue import AUTH, GROUPS, TRANSFER, VIEW_MY_GROUPS

PATHS = {TRANSFER: "/v0.10/task_list", GROUPS: "/v2/groups/my_groups", AUTH: "/v2/oauth2/userinfo"}
GCP_INSTALL = "urn:globus:auth:scope:transfer.api.globus.org:gcp_install"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("path", [*PATHS.values(), "/v0.10/endpoint_search"])
@pytest.mark.parametrize("header", [{}, bearer("nonsense"), {"Authorization": "Bearer"}, {"Authorization": "Basic eDp5"}])
def test_a_call_without_a_live_token_is_a_401(sandbox, path, header):
    response = get(sandbox.url + path, headers=header, timeout=60)
    assert (response.status_code, response.headers["WWW-Authenticate"].split()[0]) == (401, "Bearer")


@pytest.mark.parametrize("server", PATHS)
def test_another_services_token_is_a_401(sandbox, login, server):
    tokens = login().by_resource_server
    others = [data["access_token"] for name, data in tokens.items() if name != server]
    assert [get(sandbox.url + PATHS[server], headers=bearer(token), timeout=60).status_code for token in others] == [401, 401]


def test_a_refresh_token_is_no_bearer(sandbox, login):
    token = login().by_resource_server[TRANSFER]["refresh_token"]
    assert get(sandbox.url + PATHS[TRANSFER], headers=bearer(token), timeout=60).status_code == 401


def test_an_expired_token_is_a_401(sandbox, login):
    token = login().by_resource_server[TRANSFER]["access_token"]
    sandbox.expire_access_tokens()
    assert get(sandbox.url + PATHS[TRANSFER], headers=bearer(token), timeout=60).json()["code"] == "AuthenticationFailed"


def lesser_token(sandbox, login):
    """A Transfer token that lacks the scope wanted."""
    entry = sandbox.state.scopes["openid"]
    sandbox.state.scopes[GCP_INSTALL] = type(entry)(GCP_INSTALL, TRANSFER, "Install Globus Connect Personal", "Globus Transfer")
    return login(GCP_INSTALL).by_resource_server[TRANSFER]["access_token"]


def test_a_missing_scope_is_a_403_that_names_it(sandbox, login):
    response = get(sandbox.url + PATHS[TRANSFER], headers=bearer(lesser_token(sandbox, login)), timeout=60)
    assert (response.status_code, response.json()["code"]) == (403, "PermissionDenied")
    assert 'error="insufficient_scope", scope="urn:globus:auth:scope:transfer.api.globus.org:all"' in response.headers["WWW-Authenticate"]


def test_groups_says_missing_scope_which_is_no_gare(sandbox, login):
    entry = sandbox.state.scopes[VIEW_MY_GROUPS]
    other = "urn:globus:auth:scope:groups.api.globus.org:other"
    sandbox.state.scopes[other] = type(entry)(other, GROUPS, "Other", "Globus Groups")
    token = login(other).by_resource_server[GROUPS]["access_token"]
    client = globus_sdk.GroupsClient(authorizer=globus_sdk.AccessTokenAuthorizer(token))
    with pytest.raises(globus_sdk.GroupsAPIError) as refused:
        client.get_my_groups()
    assert (refused.value.http_status, refused.value.raw_json["error"]["code"], is_gare(refused.value)) == (403, "MISSING_SCOPE", False)


def test_userinfo_without_openid_is_a_403(sandbox, login):
    token = login("email").by_resource_server[AUTH]["access_token"]
    assert get(sandbox.url + PATHS[AUTH], headers=bearer(token), timeout=60).status_code == 403


def test_userinfo_takes_post_too(sandbox, login):
    token = login("openid").by_resource_server[AUTH]["access_token"]
    assert post(sandbox.url + PATHS[AUTH], headers=bearer(token), timeout=60).json()["sub"] == sandbox.state.users["alice"].sub


def test_the_sdk_reads_the_401_of_transfer(sandbox):
    client = globus_sdk.TransferClient(authorizer=globus_sdk.AccessTokenAuthorizer("nonsense"))
    with pytest.raises(globus_sdk.TransferAPIError) as refused:
        client.task_list()
    assert (refused.value.http_status, refused.value.code, refused.value.message) == (401, "AuthenticationFailed", "Token is not active")


def test_the_sdk_reads_the_401_of_auth(sandbox):
    with pytest.raises(globus_sdk.AuthAPIError) as refused:
        globus_sdk.AuthClient(authorizer=globus_sdk.AccessTokenAuthorizer("nonsense")).userinfo()
    assert (refused.value.http_status, refused.value.code) == (401, "UNAUTHORIZED")
