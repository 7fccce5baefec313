"""ATTACKS 10 and 11: neither code nor state in the server's log, whatever happens to the callback."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from jupyter_flowauth.records import LoginRequest
from jupyter_flowauth.server.context import SETTINGS_KEY

from .conftest import CODE, ISSUER, Browser

OpenLogin = Callable[..., LoginRequest]
LEAKY = f"iss={ISSUER}&code={CODE}&c%6fde={CODE}&error_description={CODE}"


def assert_clean(lines: list[str], request: LoginRequest) -> None:
    log = "\n".join(lines)
    assert "flowauth/" in log, "nothing was logged: the test looks in the wrong place"
    assert CODE not in log
    assert request.authorization.state not in log
    assert request.authorization.state.partition(".")[2] not in log


@pytest.mark.parametrize(
    "path",
    [
        *("callback/globus", "callback/globus/", "callback//globus", "callback", "callback/", "callback/a/b"),
        *("/callback/globus", "callbackglobus", "callback;globus"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("who", ["browser", "stranger"])
async def test_callback_is_logged_without_its_query(
    server_log: list[str], browser: Browser, stranger: Browser, open_login: OpenLogin, who: str, method: str, path: str
) -> None:
    login, visitor = open_login(), browser if who == "browser" else stranger
    if who == "browser":
        await visitor.open(login)
    response = await visitor.request(method, f"flowauth/{path}?state={login.authorization.state}&{LEAKY}")
    assert CODE not in response.headers.get("Location", "")
    assert CODE not in response.body.decode()
    assert_clean(server_log, login)


async def test_slashes_in_front_have_no_callback_logged_either(server_log: list[str], stranger: Browser, open_login: OpenLogin) -> None:
    login = open_login()
    response = await stranger.get(f"//flowauth/callback/globus?state={login.authorization.state}&{LEAKY}")
    assert (response.code, response.headers.get("Location")) == (400, None)
    assert_clean(server_log, login)


async def test_refused_host_is_logged_without_the_query(server_log: list[str], browser: Browser, open_login: OpenLogin) -> None:
    login = open_login()
    browser.headers["Host"] = "evil.example.org"
    response = await browser.get(f"flowauth/callback/globus?state={login.authorization.state}&{LEAKY}")
    assert response.code == 403
    assert_clean(server_log, login)


async def test_referrer_is_logged_without_its_query(server_log: list[str], browser: Browser, open_login: OpenLogin) -> None:
    login = open_login()
    browser.headers["Referer"] = f"{browser.base}flowauth/callback/globus?c%6fde={CODE}"
    response = await browser.get("flowauth/callback/globus")
    assert response.code == 400
    assert_clean(server_log, login)


class BrokenRendezvous:
    """A rendezvous that fails with a secret in its message."""

    def __getattr__(self, name: str) -> Any:
        def fail(*_: Any) -> None:
            raise RuntimeError(f"{name}: {CODE}")

        return fail


async def test_unexpected_failure_is_logged_and_shown_without_its_message(
    server_log: list[str], browser: Browser, open_login: OpenLogin, jp_serverapp: Any
) -> None:
    login = open_login()
    await browser.open(login)
    settings = jp_serverapp.web_app.settings
    settings[SETTINGS_KEY] = replace(settings[SETTINGS_KEY], rendezvous=BrokenRendezvous())
    response = await browser.come_back(login)
    assert response.code == 500
    assert CODE not in response.body.decode()
    assert "RuntimeError" in "\n".join(server_log)
    assert_clean(server_log, login)


async def test_redirect_to_the_provider_is_not_logged(server_log: list[str], browser: Browser, open_login: OpenLogin) -> None:
    login = open_login()
    sent = await browser.open(login)
    assert sent["state"] == login.authorization.state
    assert_clean(server_log, login)


async def test_pasted_code_is_not_logged(server_log: list[str], browser: Browser, open_login: OpenLogin) -> None:
    login = open_login()
    address = f"{ISSUER}/show-code?code={CODE}&state={login.authorization.state}&iss=wrong"
    response = await browser.post(f"flowauth/api/logins/{login.login_id}/paste", {"response": address})
    assert response.code == 400
    assert CODE not in response.body.decode()
    assert_clean(server_log, login)


async def test_a_hubs_server_writes_down_where_a_browser_is_sent_and_no_query_of_it(
    jp_serverapp: Any, server_log: list[str], browser: Browser, open_login: OpenLogin
) -> None:
    """JupyterHub's own log line names the address of a redirect, and scrubs a state there, but no nonce."""
    from jupyterhub.log import log_request

    jp_serverapp.web_app.settings["log_function"] = log_request
    login = open_login()
    assert (await browser.open(login))["nonce"] == login.authorization.nonce
    assert_clean(server_log, login)
    assert " -> https://auth.example.org/authorize?[scrubbed]" in "\n".join(server_log)
    assert "nonce" not in "\n".join(server_log)
