"""``globus_sdk.UserApp`` as its documentation has it, unmodified but for its config: it logs in through ours, and shares our tokens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import globus_sdk
import pytest
from globus_sdk import AccessTokenAuthorizer, GlobusAppConfig, RefreshTokenAuthorizer, UserApp
from globus_sdk.gare import GlobusAuthorizationParameters
from globus_sdk.scopes import GroupsScopes
from globus_sdk.token_storage.validating_token_storage import IdentityMismatchError

from jupyter_flowauth import FlowAuth, NotebookLoginFlowManager, SharedTokenStorage, wiring
from jupyter_flowauth.errors import IdentityMismatch, InteractionRequired
from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID
from tests.torture.forker import Forker
from tests.torture.homes import GROUPS_ALL, TRANSFER_ALL, VIEW_MY_GROUPS, Home
from tests.torture.operations import build_user_agent


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Who answers the next logins; the last one goes on."""
    users = ["alice"]
    monkeypatch.setattr(wiring, "choose_user_agent", lambda *_: build_user_agent(users[-1]))
    return users


@pytest.fixture
def config() -> GlobusAppConfig:
    return GlobusAppConfig(login_flow_manager=NotebookLoginFlowManager, token_storage=SharedTokenStorage, request_refresh_tokens=True)


def app_of(config: GlobusAppConfig, name: str = "my-app") -> UserApp:
    return UserApp(name, client_id=SANDBOX_CLIENT_ID, config=config)


def test_the_documented_use_logs_in_once_through_ours(home: Home, person: list[str], config: GlobusAppConfig) -> None:
    with app_of(config) as app, globus_sdk.TransferClient(app=app) as client:
        assert client.task_list()["DATA_TYPE"] == "task_list"
    assert home.sandbox.count("token:authorization_code") == 1
    assert FlowAuth().missing([TRANSFER_ALL]) == ()


def test_a_second_app_uses_what_the_first_logged_in_to(home: Home, person: list[str], config: GlobusAppConfig) -> None:
    globus_sdk.TransferClient(app=app_of(config)).task_list()
    globus_sdk.TransferClient(app=app_of(config, "other")).task_list()
    assert home.sandbox.count("token:authorization_code") == 1


def test_an_app_uses_what_a_notebook_logged_in_to_and_the_other_way_round(home: Home, person: list[str], config: GlobusAppConfig) -> None:
    auth = FlowAuth()
    auth.login([TRANSFER_ALL])
    globus_sdk.TransferClient(app=app_of(config)).task_list()
    globus_sdk.GroupsClient(app=app_of(config)).get_my_groups()
    assert home.sandbox.count("token:authorization_code") == 2
    assert auth.missing([TRANSFER_ALL, VIEW_MY_GROUPS]) == ()


def test_apps_and_notebooks_refresh_an_expired_token_once_between_them(home: Home, person: list[str], config: GlobusAppConfig) -> None:
    apps = [app_of(config, name) for name in ("one", "two")]
    clients = [globus_sdk.TransferClient(app=app) for app in apps]
    for client in clients:
        client.task_list()
    home.sandbox.expire_access_tokens()
    for client in clients:
        client.task_list()
    auth = FlowAuth()
    assert home.sandbox.is_active(auth.token(TRANSFER_ALL))
    assert home.refreshes() == 1


def test_two_apps_and_two_kernels_in_processes_of_their_own_refresh_once(home: Home, person: list[str], config: GlobusAppConfig) -> None:
    app_of(config).login()
    globus_sdk.TransferClient(app=app_of(config)).task_list()
    expire(home)
    with Forker() as forker:
        deaths = forker.together("use_app_or_notebook", "{index}", processes=4)
    assert [death.said for death in deaths] == [["served"]] * 4, deaths
    assert home.refreshes() == 1


def test_two_apps_and_two_kernels_log_in_at_once_and_all_are_served(home: Home) -> None:
    with Forker() as forker:
        deaths = forker.together("use_app_or_notebook", "{index}", processes=4)
    assert [death.said for death in deaths] == [["served"]] * 4, deaths
    assert TRANSFER_ALL in home.account().scopes


def expire(home: Home) -> None:
    """Let the transfer token have expired, here and there."""
    home.sandbox.expire_access_tokens()
    tokens = [replace(t, expires_at_seconds=1.0) if t.covers(TRANSFER_ALL) else t for t in home.account().tokens]
    home.keep(*tokens)


def test_a_login_that_comes_back_as_somebody_else_replaces_nothing(home: Home, person: list[str], config: GlobusAppConfig) -> None:
    globus_sdk.TransferClient(app=app_of(config)).task_list()
    person.append("bob")
    before = home.account()
    with pytest.raises(IdentityMismatch):
        globus_sdk.GroupsClient(app=app_of(config)).get_my_groups()
    assert home.account() == before


def test_the_apps_own_validators_stay_on(home: Home, person: list[str], config: GlobusAppConfig) -> None:
    globus_sdk.TransferClient(app=app_of(config)).task_list()
    app = app_of(config)
    held = app.token_storage.get_token_data_by_resource_server()
    stranger = {server: replace_identity(data) for server, data in held.items()}
    with pytest.raises(IdentityMismatchError):
        app.token_storage.store_token_data_by_resource_server(stranger)


def replace_identity(data: globus_sdk.token_storage.TokenStorageData) -> globus_sdk.token_storage.TokenStorageData:
    return globus_sdk.token_storage.TokenStorageData.from_dict({**data.to_dict(), "identity_id": "b0b00000-0000-4000-8000-000000000000"})


def test_a_scope_requirement_that_grows_is_asked_for_once_and_loses_nothing(home: Home, person: list[str], config: GlobusAppConfig) -> None:
    app = app_of(config)
    globus_sdk.GroupsClient(app=app).get_my_groups()
    app.add_scope_requirements({"groups.api.globus.org": [GroupsScopes.all]})
    globus_sdk.GroupsClient(app=app).get_my_groups()
    assert home.sandbox.count("token:authorization_code") == 2
    assert {VIEW_MY_GROUPS, GROUPS_ALL} <= set(home.account().scopes)


def test_session_parameters_are_asked_of_the_provider(home: Home, person: list[str], config: GlobusAppConfig) -> None:
    parameters = GlobusAuthorizationParameters(
        session_required_single_domain=["sandbox.example"], session_required_mfa=True, session_message="Please log in again", prompt="login"
    )
    app_of(config).login(auth_params=parameters, force=True)
    asked = home.sandbox.state.authorize_requests[-1]
    expected = {
        "session_required_single_domain": "sandbox.example",
        "session_required_mfa": "True",
        "session_message": "Please log in again",
        "prompt": "login",
    }
    assert {name: asked.get(name) for name in expected} == expected


def test_without_refresh_tokens_it_hands_out_access_tokens(home: Home, person: list[str]) -> None:
    config = GlobusAppConfig(login_flow_manager=NotebookLoginFlowManager, token_storage=SharedTokenStorage, request_refresh_tokens=False)
    app = app_of(config)
    globus_sdk.TransferClient(app=app).task_list()
    authorizer = app.get_authorizer("transfer.api.globus.org")
    assert isinstance(authorizer, AccessTokenAuthorizer)
    expire(home)
    assert globus_sdk.TransferClient(app=app_of(config)).task_list()["DATA_TYPE"] == "task_list"
    assert (home.sandbox.count("token:authorization_code"), home.refreshes()) == (1, 1)


def test_with_refresh_tokens_the_app_keeps_its_own_kind_of_authorizer(home: Home, person: list[str], config: GlobusAppConfig) -> None:
    app = app_of(config)
    globus_sdk.TransferClient(app=app).task_list()
    assert isinstance(app.get_authorizer("transfer.api.globus.org"), RefreshTokenAuthorizer)


def test_a_logout_of_the_app_is_one_of_the_notebook(home: Home, person: list[str], config: GlobusAppConfig) -> None:
    app = app_of(config)
    globus_sdk.TransferClient(app=app).task_list()
    app.logout()
    assert FlowAuth().missing([TRANSFER_ALL]) == (TRANSFER_ALL,)


def test_where_nobody_is_there_it_says_so_and_asks_for_no_input(
    home: Home, config: GlobusAppConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise InteractionRequired("nobody is there", missing=(TRANSFER_ALL,))

    monkeypatch.setattr(wiring, "choose_user_agent", refuse)
    with pytest.raises(InteractionRequired):
        globus_sdk.TransferClient(app=app_of(config)).task_list()


def test_the_expiry_that_the_app_sees_is_ours(home: Home, person: list[str], config: GlobusAppConfig) -> None:
    app = app_of(config)
    globus_sdk.TransferClient(app=app).task_list()
    seen = app.token_storage.get_token_data("transfer.api.globus.org")
    ours = home.account().token_for(TRANSFER_ALL)
    assert ours is not None
    assert abs(seen.expires_at_seconds - (ours.expires_at_seconds or 0)) <= 1
    assert seen.expires_at_seconds > time.time()
