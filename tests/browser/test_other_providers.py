"""Whole logins in a notebook at providers that nobody here wrote, on their own pages: the card, the popup, the sentence, and a call."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.interop.glewlwyd_server import CLIENT_ID, PASSWORD, USER, running_glewlwyd
from tests.interop.instance import running_instance
from tests.interop.keycloak_server import Keycloak
from tests.interop.oidc_peer import running_peer

from .conftest import OpenNotebook
from .notebook import LOAD, Notebook
from .provider_pages import open_popup
from .world import World

CALL = """import requests
answer = requests.get("{url}", auth=auth.bearer({scope!r}))
answer.status_code, answer.json()"""
# The session at the provider is the browser's: the next test's person is somebody else.
THEIR_COOKIES = re.compile("KEYCLOAK|AUTH_SESSION|KC_|GLEWLWYD|_session|_interaction|_grant")

PORTAL_SECRET = "throwaway-portal-secret"

Configure = Callable[..., None]


@pytest.fixture
def configure(world: World, page: Page) -> Iterator[Configure]:
    """Add providers to the configuration that kernel and server read."""
    file = world.root / "config" / "jupyter_flowauth.json"
    before = file.read_text(encoding="utf-8")

    def add(name: str, **settings: Any) -> None:
        values = json.loads(before)
        values["providers"][name] = {"kind": "oidc", **settings}
        file.write_text(json.dumps(values), encoding="utf-8")

    yield add
    file.write_text(before, encoding="utf-8")
    page.context.clear_cookies(name=THEIR_COOKIES)


def start_login(notebook: OpenNotebook, line: str, *more: str) -> tuple[Notebook, Page]:
    """Run the cell, click the card's button, and return the provider's page in the popup."""
    work = notebook(LOAD, f"%login {line}", *more)
    work.start(0)
    work.start(1)
    return work, open_popup(work.expect_card(1))


def find_tokens(folder: Path) -> list[str]:
    """Return every token at rest, so that it can be looked for elsewhere."""
    accounts = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    return re.findall(r'"(?:access_token|refresh_token|id_token)": "([^"]+)"', json.dumps(accounts))


def expect_no_token_elsewhere(work: Notebook, world: World, *, at_least: int) -> None:
    """Save the notebook, and see that no token is in it, in the server's log, or in the pages' storage."""
    saved, tokens = work.save(), find_tokens(world.tokens)
    assert len(tokens) >= at_least
    stored = work.page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    for place in (saved, world.log.read_text(encoding="utf-8"), stored):
        assert not [token for token in tokens if token in place]
    assert "✓ You are" in saved


def sign_in(popup: Page, keycloak: Keycloak, person: str) -> None:
    expect(popup.get_by_role("heading", name="Sign in to your account")).to_be_visible()
    popup.get_by_label("Username or email").fill(person)
    popup.get_by_label("Password", exact=True).fill(keycloak.password_of(person))
    popup.get_by_role("button", name="Sign In").click()


def test_a_login_at_an_instance_on_keycloaks_own_page(
    notebook: OpenNotebook, world: World, configure: Configure, keycloak: Keycloak
) -> None:
    person = keycloak.new_person()
    with running_instance(keycloak) as instance:
        configure("school", issuer=keycloak.issuer, client_id="notebook", instances=[instance.url], scopes=["openid", "school.read"])
        call = CALL.format(url=f"{instance.url}/read", scope="school.read")
        work, popup = start_login(notebook, f"--instance-url {instance.url}", call)
        sign_in(popup, keycloak, person)
        expect(work.output(1)).to_contain_text(f"You are {person}, 2 scopes granted.")
        work.run(2)
        expect(work.output(2)).to_contain_text(f"(200, {{'hello': '{person}'")
        expect_no_token_elsewhere(work, world, at_least=3)


def test_the_server_pushes_the_request_of_a_client_with_a_secret(
    notebook: OpenNotebook, page: Page, world: World, configure: Configure, keycloak: Keycloak, tmp_path: Path
) -> None:
    """RFC 9126, at the click: the browser is sent on with a reference alone, and Keycloak takes nothing else of this client."""
    person, secret = keycloak.new_person(), tmp_path / "secret"
    secret.write_text(PORTAL_SECRET, encoding="utf-8")
    secret.chmod(0o600)
    client_id = keycloak.new_client("portal", **{"require.pushed.authorization.requests": "true"})
    confidential = {"client_id": client_id, "client_secret_file": str(secret), "token_endpoint_auth_method": "client_secret_basic"}
    configure("pushing", issuer=keycloak.issuer, scopes=["openid"], require_pushed_authorization_requests=True, **confidential)
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    work, popup = start_login(notebook, "--provider pushing")
    sign_in(popup, keycloak, person)
    expect(work.output(1)).to_contain_text(f"You are {person}, 1 scope granted.")
    assert [set(parse_qs(urlsplit(url).query)) for url in asked if urlsplit(url).path.endswith("/auth")] == [{"client_id", "request_uri"}]
    assert PORTAL_SECRET not in json.dumps(asked)
    expect_no_token_elsewhere(work, world, at_least=3)


def test_a_login_on_glewlwyds_own_pages(notebook: OpenNotebook, world: World, configure: Configure, tmp_path: Path) -> None:
    with running_glewlwyd(tmp_path) as glewlwyd:
        glewlwyd.allow(f"{world.base_url}flowauth/callback/glewlwyd")
        configure("glewlwyd", issuer=glewlwyd.issuer, client_id=CLIENT_ID, scopes=["openid", "read"])
        call = CALL.format(url=f"{glewlwyd.issuer}/userinfo", scope="read")
        work, popup = start_login(notebook, "--provider glewlwyd", call)
        popup.get_by_placeholder("Your username").fill(USER)
        popup.get_by_placeholder("Your password").fill(PASSWORD)
        popup.get_by_role("button", name="OK").click()
        popup.locator("#grant-read").check()
        popup.get_by_role("button", name="Grant access").click()
        popup.get_by_role("button", name="Continue").click()
        expect(work.output(1)).to_contain_text("2 scopes granted.")
        work.run(2)
        expect(work.output(2)).to_contain_text("(200, {'sub':")
        expect_no_token_elsewhere(work, world, at_least=3)


def test_a_login_on_the_pages_of_oidc_provider(notebook: OpenNotebook, world: World, configure: Configure) -> None:
    with running_peer() as peer:
        configure("peer", issuer=peer.issuer, client_id="notebook", scopes=["openid", "profile"])
        work, popup = start_login(notebook, "--provider peer", CALL.format(url=f"{peer.issuer}/me", scope="openid"))
        popup.get_by_placeholder("Enter any login").fill("alice")
        popup.get_by_placeholder("and password").fill("any")
        popup.get_by_role("button", name="Sign-in").click()
        popup.get_by_role("button", name="Continue").click()
        expect(work.output(1)).to_contain_text("You are alice, 2 scopes granted.")
        work.run(2)
        expect(work.output(2)).to_contain_text("(200, {'sub': 'alice'")
        expect_no_token_elsewhere(work, world, at_least=2)
