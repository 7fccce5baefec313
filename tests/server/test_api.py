"""What the view asks and tells."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from jupyter_flowauth import wiring
from jupyter_flowauth.errors import ConfigurationError
from jupyter_flowauth.pkce import generate_login_id
from jupyter_flowauth.ports import Rendezvous
from jupyter_flowauth.records import DeviceCode, LoginRequest, LoginResult
from jupyter_flowauth.server.context import SETTINGS_KEY, Ending, ServerContext
from jupyter_flowauth.tokens import Account, AccountKey, Identity, Registration, Token

from .conftest import CODE, ISSUER, SCOPE, Browser

OpenLogin = Callable[..., LoginRequest]
ALICE = Identity("sub-1", "alice@sandbox.example", "Alice Sandbox")
ACCESS, REFRESH = "SENTINELaccess", "SENTINELrefresh"


@pytest.fixture
def account(jp_serverapp: Any) -> Account:
    """An account in the store that the server reads."""
    key = AccountKey(Registration(ISSUER, "client-1"), ALICE.sub)
    token = Token(ACCESS, (SCOPE,), expires_at_seconds=2e9, refresh_token=REFRESH)
    account = Account(key, ALICE, "globus", (token,), 1.5, id_token="SENTINELid")
    with wiring.open_store().transaction(key, timeout_seconds=5) as transaction:
        transaction.write(account)
    return account


def change_context(jp_serverapp: Any, **changes: Any) -> None:
    settings = jp_serverapp.web_app.settings
    settings[SETTINGS_KEY] = replace(settings[SETTINGS_KEY], **changes)


async def test_status_lists_accounts_and_pending_logins_without_a_secret(browser: Browser, open_login: OpenLogin, account: Account) -> None:
    request = open_login()
    response = await browser.get("flowauth/api/status")
    status = json.loads(response.body)
    [held], [pending] = status["accounts"], status["pending"]
    assert (held["id"], held["username"], held["issuer_host"], held["title"]) == (
        account.key.digest,
        ALICE.username,
        "auth.example.org",
        "auth.example.org",
    )
    assert held["scopes"] == [{"scope": SCOPE, "title": SCOPE, "service": "", "expires_at_seconds": 2e9}]
    assert (pending["login_id"], pending["asked_by"], pending["scopes"][0]["title"]) == (request.login_id, "kernel", "Move your files")
    assert "SENTINEL" not in response.body.decode()
    assert request.authorization.state not in response.body.decode()


async def test_status_names_what_must_not_be_used_and_lists_the_rest(browser: Browser, account: Account) -> None:
    store = wiring.open_store()
    (store.folder / f"{account.key.registration.digest}-{'0' * 16}.json").write_text('{"format": 99}')
    status = json.loads((await browser.get("flowauth/api/status")).body)
    assert [held["id"] for held in status["accounts"]] == [account.key.digest]
    assert ["was written by a newer version" in problem for problem in status["problems"]] == [True]


async def test_status_names_the_notebooks_whose_kernels_use_an_account(browser: Browser, account: Account, jp_serverapp: Any) -> None:
    async def notebooks() -> dict[int, str]:
        return {os.getpid(): "deep/work.ipynb", 1: "other.ipynb"}

    change_context(jp_serverapp, notebooks=notebooks)
    wiring.open_account_uses().add(account.key)
    (held,) = json.loads((await browser.get("flowauth/api/status")).body)["accounts"]
    assert held["notebooks"] == ["deep/work.ipynb"]


async def test_status_names_the_server_that_kernels_inherit(browser: Browser) -> None:
    import os

    status = json.loads((await browser.get("flowauth/api/status")).body)
    assert status["server_id"] == os.environ["FLOWAUTH_SERVER_ID"]


async def test_status_lists_configured_providers(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWAUTH_PROVIDER", "globus")
    monkeypatch.setenv("FLOWAUTH_CLIENT_ID", "5a9db0c5-0e5a-4b0c-9d0c-5a9db0c50001")
    [provider] = json.loads((await browser.get("flowauth/api/status")).body)["providers"]
    assert (provider["name"], provider["kind"], provider["issuer_host"]) == ("globus", "globus", "auth.globus.org")


async def test_login_says_which_rung_is_open_from_here(browser: Browser, open_login: OpenLogin) -> None:
    near, far = open_login(), open_login(authorization={"redirect_uris": ("https://elsewhere.example/flowauth/callback/globus",)})
    assert (await login_of(browser, near))["rung"] == "server"
    values = await login_of(browser, far)
    assert (values["rung"], values["paste_available"], values["status"]) == ("paste", True, "waiting")


async def login_of(browser: Browser, request: LoginRequest) -> dict[str, Any]:
    response = await browser.get(f"flowauth/api/logins/{request.login_id}")
    assert request.authorization.state not in response.body.decode()
    values: dict[str, Any] = json.loads(response.body)
    return values


async def test_login_is_finishing_once_its_state_was_taken(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    rendezvous.take(request.login_id)
    assert (await login_of(browser, request))["status"] == "finishing"


async def test_a_login_that_ends_while_it_is_looked_at_says_how(
    browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = open_login()
    result = LoginResult(request.login_id, "cancelled", "It was cancelled.", 1.0)

    def ended_meanwhile(context: ServerContext, login_id: str) -> None:
        rendezvous.write_result(result)

    monkeypatch.setattr(ServerContext, "find_waiting", ended_meanwhile)
    assert (await login_of(browser, request))["status"] == "cancelled"


async def test_login_whose_kernel_is_gone_is_over(browser: Browser, open_login: OpenLogin) -> None:
    request = open_login(process=replace(wiring.this_process(), started_seconds=1.0))
    assert (await browser.get(f"flowauth/api/logins/{request.login_id}")).code == 404
    assert (await browser.post(f"flowauth/api/logins/{request.login_id}/cancel")).code == 404


async def test_ended_login_says_how(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    rendezvous.write_result(LoginResult(request.login_id, "done", "You are alice.", 7.0, ALICE, (SCOPE,), ("urn:no",)))
    values = await login_of(browser, request)
    assert (values["status"], values["outcome"], values["message"]) == ("done", "done", "You are alice.")
    assert values["identity"] == {"username": ALICE.username, "name": ALICE.name}
    assert [(line["scope"], line["granted"]) for line in values["scopes"]] == [(SCOPE, True), ("urn:no", False)]


async def test_unknown_login_is_a_404_with_a_sentence(browser: Browser) -> None:
    response = await browser.get(f"flowauth/api/logins/{generate_login_id()}")
    assert response.code == 404
    assert "over" in json.loads(response.body)["message"]


async def test_cancel_answers_for_the_person(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    assert (await browser.post(f"flowauth/api/logins/{request.login_id}/cancel")).code == 204
    answer = rendezvous.take_response(request.login_id)
    assert answer is not None
    assert (answer.error, answer.code) == ("cancelled", None)


async def test_cancel_after_the_answer_changes_nothing(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    await browser.open(request)
    await browser.come_back(request)
    assert (await browser.post(f"flowauth/api/logins/{request.login_id}/cancel")).code == 409
    answer = rendezvous.take_response(request.login_id)
    assert answer is not None
    assert answer.code == CODE


async def test_a_device_login_is_shown_and_cancelled_here_too(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    code = DeviceCode("WDJB-MJHT", "https://issuer.example/device", "", 7.0)
    request = open_login(user_agent="device", device=code)
    assert (await login_of(browser, request))["device"] == {
        "user_code": "WDJB-MJHT",
        "verification_uri": "https://issuer.example/device",
        "verification_uri_complete": "",
        "expires_at_seconds": 7.0,
    }
    assert (await login_of(browser, open_login()))["device"] is None
    assert (await browser.post(f"flowauth/api/logins/{request.login_id}/cancel")).code == 204
    answer = rendezvous.take_response(request.login_id)
    assert answer is not None
    assert answer.error == "cancelled"


async def test_login_of_another_user_agent_is_not_cancelled_from_here(
    browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous
) -> None:
    request = open_login(user_agent="loopback")
    assert (await browser.post(f"flowauth/api/logins/{request.login_id}/cancel")).code == 409
    assert not rendezvous.is_taken(request.login_id)


async def test_login_without_a_kernel_is_started_here(browser: Browser, jp_serverapp: Any) -> None:
    asked: list[Any] = []

    async def start_login(provider: str | None, scopes: tuple[str, ...], *, account: str | None = None) -> str:
        asked.append((provider, scopes))
        return "0" * 32

    change_context(jp_serverapp, start_login=start_login)
    response = await browser.post("flowauth/api/logins", {"provider": "globus", "scopes": [SCOPE]})
    assert (response.code, json.loads(response.body)["login_id"]) == (201, "0" * 32)
    assert asked == [("globus", (SCOPE,))]


@pytest.mark.parametrize(
    "body", [{"scopes": "a b"}, {"scopes": [1]}, {"provider": 3}, {"scopes": ["a]"]}, {"scopes": ["a"] * 51}, [], "x"], ids=str
)
async def test_login_that_is_asked_for_wrongly_is_refused(browser: Browser, body: Any) -> None:
    response = await browser.post("flowauth/api/logins", body or [1])
    assert response.code == 400
    assert json.loads(response.body)["message"]


async def test_logins_that_pile_up_are_refused(browser: Browser, open_login: OpenLogin) -> None:
    for _ in range(5):
        open_login(asked_by="server")
    assert (await browser.post("flowauth/api/logins")).code == 429


async def test_login_with_nothing_configured_says_what_to_do(browser: Browser) -> None:
    response = await browser.post("flowauth/api/logins")
    assert response.code == 400
    assert len(json.loads(response.body)["message"]) > 20


async def test_logout_forgets_the_account_and_says_so(browser: Browser, account: Account, jp_serverapp: Any) -> None:
    ended: list[Any] = []

    async def end_account(found: Account, *, revoke: bool) -> Ending:
        ended.append((found.key, revoke))
        return Ending(revoked=True, message="Logged out.")

    change_context(jp_serverapp, end_account=end_account)
    response = await browser.post(f"flowauth/api/accounts/{account.key.digest}/logout", {"revoke": True})
    assert json.loads(response.body) == {"revoked": True, "cleared": True, "message": "Logged out."}
    assert ended == [(account.key, True)]


async def test_logout_forgets_an_account_whose_provider_is_gone(browser: Browser, account: Account) -> None:
    response = await browser.post(f"flowauth/api/accounts/{account.key.digest}/logout")
    values = json.loads(response.body)
    assert (response.code, values["revoked"], values["cleared"]) == (200, False, True)
    assert wiring.open_store().accounts() == ()


async def test_logout_of_nobody_is_a_404(browser: Browser) -> None:
    assert (await browser.post(f"flowauth/api/accounts/{'0' * 16}-{'0' * 16}/logout")).code == 404


async def test_wrong_configuration_leaves_the_status_readable(browser: Browser, jp_serverapp: Any) -> None:
    def fail() -> Any:
        raise ConfigurationError("wrong")

    change_context(jp_serverapp, load_providers=fail)
    assert json.loads((await browser.get("flowauth/api/status")).body)["providers"] == []


async def test_an_account_says_until_when_it_is_good_and_whether_it_is_renewed(browser: Browser, account: Account) -> None:
    [held] = json.loads((await browser.get("flowauth/api/status")).body)["accounts"]
    assert (held["expires_at_seconds"], held["is_renewed"]) == (2e9, True)


async def test_a_refresh_is_done_for_the_account_and_says_what_it_did(browser: Browser, jp_serverapp: Any, account: Account) -> None:
    refreshed: list[Account] = []

    async def refresh(account: Account) -> str:
        refreshed.append(account)
        return "Renewed: 1 token."

    change_context(jp_serverapp, refresh_account=refresh)
    response = await browser.post(f"flowauth/api/accounts/{account.key.digest}/refresh")
    assert (json.loads(response.body), refreshed) == ({"message": "Renewed: 1 token."}, [account])
    assert (await browser.post(f"flowauth/api/accounts/{'0' * 16}-{'0' * 16}/refresh")).code == 404


async def test_a_pending_login_names_the_notebook_whose_kernel_waits(browser: Browser, jp_serverapp: Any, open_login: OpenLogin) -> None:
    request = open_login()

    async def notebooks() -> dict[int, str]:
        return {request.process.pid: "folder/work.ipynb"}

    change_context(jp_serverapp, notebooks=notebooks)
    [pending] = json.loads((await browser.get("flowauth/api/status")).body)["pending"]
    assert pending["notebook"] == "folder/work.ipynb"


async def test_another_identity_is_asked_for_where_it_is_named(browser: Browser, jp_serverapp: Any) -> None:
    asked: list[str | None] = []

    async def start(provider: str | None, scopes: tuple[str, ...], *, account: str | None = None) -> str:
        asked.append(account)
        return generate_login_id()

    change_context(jp_serverapp, start_login=start)
    bodies: list[dict[str, Any]] = [{}, {"account": "bob@example.org"}, {"account": ""}, {"account": ["bob"]}, {"account": "b" * 400}]
    codes = [(await browser.post("flowauth/api/logins", body)).code for body in bodies]
    assert (codes, asked) == ([201, 201, 400, 400, 400], [None, "bob@example.org"])
