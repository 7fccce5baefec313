"""The demo: a whole login against the sandbox, whose pages come through this server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from jupyter_flowauth import wiring
from jupyter_flowauth.ports import Rendezvous
from jupyter_flowauth.records import LoginResult
from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CONFIDENTIAL_CLIENT_ID, running_sandbox
from jupyter_flowauth.sandbox.server import Sandbox
from jupyter_flowauth.sandbox.visitor import Page, Visitor
from jupyter_flowauth.server.context import SETTINGS_KEY
from jupyter_flowauth.server.sandbox_link import SandboxLink

from .conftest import Browser

TRANSFER = "urn:globus:auth:scope:transfer.api.globus.org:all"
GROUPS = "urn:globus:auth:scope:groups.api.globus.org:view_my_groups_and_memberships"


@pytest.fixture
def sandbox(own_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with running_sandbox(admin_secret="sesame") as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("FLOWAUTH_SANDBOX_ADMIN_SECRET", "sesame")
        monkeypatch.setenv("FLOWAUTH_CLIENT_ID", SANDBOX_CLIENT_ID)
        yield running


@pytest.fixture
def extension_config(sandbox: Sandbox) -> dict[str, Any]:
    return {"sandbox_url": sandbox.url}


async def off_loop(work: Any, *arguments: Any, **options: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(None, lambda: work(*arguments, **options))


async def start_login(browser: Browser) -> str:
    response = await browser.post("flowauth/api/logins", {"scopes": [TRANSFER, GROUPS]})
    assert response.code == 201, response.body
    login_id: str = json.loads(response.body)["login_id"]
    return login_id


async def approve(browser: Browser, login_id: str, *, deny: bool = False) -> Page:
    """Be the person: click the link, choose alice, agree, and go where the provider sends the browser."""
    visitor = Visitor(headers={"Authorization": f"token {browser.token}"})
    page = await off_loop(visitor.get, f"{browser.base}flowauth/login/{login_id}")
    assert page.location is not None
    assert page.location.startswith(f"{browser.base}flowauth/sandbox/v2/oauth2/authorize?")
    callback = await off_loop(visitor.approve, page.location, user="alice", deny=deny)
    assert callback.startswith(f"{browser.base}flowauth/callback/globus?")
    done = await off_loop(visitor.get, callback)
    assert done.status == 303
    return await off_loop(wait_for_end, visitor, done.location)


def wait_for_end(visitor: Visitor, address: str) -> Page:
    """Do what the page's <meta refresh> makes a browser do."""
    while "refresh" in (page := visitor.get(address)).text:
        continue
    return page


async def test_whole_login_without_a_kernel(browser: Browser, rendezvous: Rendezvous) -> None:
    login_id = await start_login(browser)
    page = await approve(browser, login_id)
    assert "You are alice@sandbox.example, 2 scopes granted" in page.text
    [account] = json.loads((await browser.get("flowauth/api/status")).body)["accounts"]
    assert account["username"] == "alice@sandbox.example"
    assert {TRANSFER, GROUPS} <= {line["scope"] for line in account["scopes"]}
    ended = json.loads((await browser.get(f"flowauth/api/logins/{login_id}")).body)
    assert (ended["status"], ended["identity"]["username"]) == ("done", "alice@sandbox.example")


async def test_denial_is_said(browser: Browser) -> None:
    page = await approve(browser, await start_login(browser), deny=True)
    assert "The login was denied" in page.text


async def test_cancel_ends_the_login_of_the_server(browser: Browser, rendezvous: Rendezvous) -> None:
    login_id = await start_login(browser)
    assert (await browser.post(f"flowauth/api/logins/{login_id}/cancel")).code == 204
    result = await off_loop(wait_for_result, rendezvous, login_id)
    assert result.outcome == "cancelled"


def wait_for_result(rendezvous: Rendezvous, login_id: str) -> LoginResult:
    while (result := rendezvous.read_result(login_id)) is None:
        continue
    return result


async def test_second_login_joins_the_first(browser: Browser) -> None:
    first = await start_login(browser)
    assert await start_login(browser) == first
    assert (await browser.post(f"flowauth/api/logins/{first}/cancel")).code == 204


async def test_logout_revokes_at_the_provider(browser: Browser, sandbox: Sandbox) -> None:
    await approve(browser, await start_login(browser))
    [account] = json.loads((await browser.get("flowauth/api/status")).body)["accounts"]
    values = json.loads((await browser.post(f"flowauth/api/accounts/{account['id']}/logout")).body)
    assert (values["revoked"], values["cleared"]) == (True, True)
    assert sandbox.count("revoke") > 0
    assert json.loads((await browser.get("flowauth/api/status")).body)["accounts"] == []


async def test_no_secret_in_the_log_or_in_any_file_but_the_tokens(
    browser: Browser, server_log: list[str], tmp_path: Path, sandbox: Sandbox
) -> None:
    await approve(browser, await start_login(browser))
    secrets = {token.access_token for account in wiring.open_store().accounts() for token in account.tokens}
    assert secrets
    log = "\n".join(server_log)
    assert "flowauth/sandbox/p/consent" in log
    assert not [line for line in server_log if "code=" in line or "state=" in line or any(secret in line for secret in secrets)]
    for path, content in read_files(tmp_path):
        assert "/data/flowauth/" in path or not [secret for secret in secrets if secret.encode() in content], path


def read_files(folder: Path) -> list[tuple[str, bytes]]:
    return [(str(path), path.read_bytes()) for path in folder.rglob("*") if path.is_file()]


async def test_address_is_registered_where_the_client_needs_that(browser: Browser, open_login: Any, sandbox: Sandbox) -> None:
    endpoint = f"{sandbox.url}/v2/oauth2/authorize"
    grant = {"authorization_endpoint": endpoint, "client_id": SANDBOX_CONFIDENTIAL_CLIENT_ID, "redirect_uris": (), "code_page": None}
    request = open_login(authorization=grant)
    assert json.loads((await browser.get(f"flowauth/api/logins/{request.login_id}")).body)["rung"] == "server"
    client = sandbox.state.clients[SANDBOX_CONFIDENTIAL_CLIENT_ID]
    assert f"{browser.base}flowauth/callback/globus" in sandbox.state.registered(client)


async def test_address_is_not_registered_for_another_provider(browser: Browser, open_login: Any, sandbox: Sandbox) -> None:
    request = open_login(authorization={"client_id": SANDBOX_CONFIDENTIAL_CLIENT_ID, "redirect_uris": ()})
    assert json.loads((await browser.get(f"flowauth/api/logins/{request.login_id}")).body)["rung"] == "paste"
    assert sandbox.count("admin") == 0


@pytest.mark.parametrize(
    "path", ["admin/counters", "v2/oauth2/token", "p/../admin/counters", "p/%2e%2e/admin/counters", "jwk.json", "p/login/x"]
)
async def test_only_the_pages_are_passed_on(browser: Browser, sandbox: Sandbox, path: str) -> None:
    assert (await browser.get(f"flowauth/sandbox/{path}")).code == 404
    assert not any(sandbox.count(endpoint) for endpoint in ("admin", "token", "jwks", "other"))


class Upstream(web.RequestHandler):
    """A sandbox that was taken over: sets any cookie, and sends the browser anywhere."""

    def initialize(self, seen: list[Any], location: str) -> None:
        self.seen, self.location = seen, location

    def get(self) -> None:
        self.seen.append(self.request.headers)
        self.add_header("Set-Cookie", "sandbox_a=1; Path=/")
        self.add_header("Set-Cookie", "username-127-0-0-1=mallory; Path=/")
        if self.location:
            self.set_status(302)
            self.set_header("Location", self.location)


async def replace_sandbox(jp_serverapp: Any, location: str = "") -> list[Any]:
    """Put another server where the sandbox was, and return the headers that it will see."""
    seen: list[Any] = []
    listener, port = bind_unused_port()
    server = HTTPServer(web.Application([(".*", Upstream, {"seen": seen, "location": location})]))
    server.add_socket(listener)
    settings = jp_serverapp.web_app.settings
    settings[SETTINGS_KEY] = replace(settings[SETTINGS_KEY], sandbox=SandboxLink(f"http://127.0.0.1:{port}"))
    return seen


async def test_only_the_sandboxs_cookies_pass(browser: Browser, jp_serverapp: Any) -> None:
    headers = await replace_sandbox(jp_serverapp)
    browser.cookies.update({"username-127": "jupyter", "_xsrf": "x", "sandbox_x": "y"})
    page = await browser.get("flowauth/sandbox/p/login")
    assert page.code == 200
    assert (headers[0]["Cookie"], headers[0].get("Authorization")) == ("sandbox_x=y", None)
    assert not [line for line in page.headers.get_list("Set-Cookie") if "mallory" in line]
    assert headers[0]["X-Forwarded-Prefix"] == f"{urlsplit(browser.base).path}flowauth/sandbox"


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "http://127.0.0.1@evil.example/",
    "{base}lab",
    "{base}flowauth/callback.evil",
    "{base}@evil.example",
]


@pytest.mark.parametrize("location", ELSEWHERE)
async def test_sandbox_cannot_send_the_browser_elsewhere(browser: Browser, jp_serverapp: Any, location: str) -> None:
    await replace_sandbox(jp_serverapp, location.format(base=browser.base))
    page = await browser.get("flowauth/sandbox/p/login")
    target = urljoin(f"{browser.base}flowauth/sandbox/p/login", page.headers.get("Location", "").replace("\\", "/"))
    assert page.code == 502 or target.startswith(f"{browser.base}flowauth/sandbox/")


async def test_sandbox_may_send_the_browser_to_our_callback_and_to_its_own_pages(browser: Browser, jp_serverapp: Any) -> None:
    for location in (f"{browser.base}flowauth/callback/globus?code=x", "../p/consent?request=1"):
        await replace_sandbox(jp_serverapp, location)
        page = await browser.get("flowauth/sandbox/p/login")
        assert page.code == 302
        assert page.headers["Location"].startswith(f"{browser.base}flowauth/")


async def test_pages_of_the_sandbox_may_not_run_scripts(browser: Browser) -> None:
    page = await browser.get("flowauth/sandbox/v2/oauth2/authorize", client_id="unknown")
    assert any("script-src 'none'" in policy for policy in page.headers.get_list("Content-Security-Policy"))
    assert (page.headers["Referrer-Policy"], page.headers["Cache-Control"]) == ("no-referrer", "no-store")


async def test_sandbox_that_is_gone_is_said(browser: Browser, sandbox: Sandbox) -> None:
    sandbox.set_fault("authorize", "drop")
    page = await browser.get("flowauth/sandbox/v2/oauth2/authorize")
    assert page.code == 502
    assert urlsplit(sandbox.url).netloc not in page.body.decode()
