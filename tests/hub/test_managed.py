"""A Hub under a prefix, configured by what `jupyter flowauth hub-config` prints, that starts the relay itself; logins from notebooks."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, expect

from jupyter_flowauth.cli.hub_config import build_snippet
from jupyter_flowauth.sandbox import running_sandbox
from tests.browser.chromium import new_context
from tests.browser.notebook import LOAD, Notebook, open_notebook
from tests.browser.provider_pages import agree, open_popup

from .people import PASSWORD, Person
from .world import READY_SECONDS, SECRET_PREFIXES, USERS, HubWorld, free_port, register_relay, wait_for, write_config

LOGIN = "%login"
# Servers that let a browser in by a token in the address, as Hubs before 5 did, and that log all they can.
TALKATIVE = """
c.Spawner.environment["JUPYTERHUB_ALLOW_TOKEN_IN_URL"] = "1"
c.Spawner.debug = True
c.JupyterHub.load_roles.append({"name": "mint", "services": ["tests"], "scopes": ["tokens"]})
"""


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubWorld]:
    with running_sandbox(admin_secret="not-used") as sandbox, contextlib.ExitStack() as stack:
        world = HubWorld(tmp_path_factory.mktemp("managed"), sandbox, free_port(), prefix="/jupyter/", admin_token=secrets.token_hex(32))
        register_relay(world)
        # Port 10101 may be taken on a machine that runs other tests.
        write_config(world, build_snippet(world.url).replace("10101", str(free_port())), extra=TALKATIVE)
        world.start()
        stack.callback(world.stop)
        for user in USERS:
            world.prepare_user(user)
        stack.callback(world.stop_servers)
        yield world


@dataclass
class Home:
    """What the notebooks' tests need of a front end: here it is a user's own server on the Hub."""

    hub: HubWorld
    user: str
    front: str = "lab"

    @property
    def base_url(self) -> str:
        return self.hub.user_url(self.user)

    def page_url(self, name: str) -> str:
        return f"{self.base_url}lab/tree/{name}?reset"

    def write_notebook(self, name: str, cells: tuple[str, ...]) -> None:
        kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel}, cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        nbformat.write(notebook, self.hub.home(self.user) / name)


def test_two_users_log_in_from_their_notebooks_at_once(managed: HubWorld, browser: Browser):
    notebooks: list[tuple[Person, Notebook]] = []
    for user in USERS:
        managed.start_server(user)
        person = Person(managed, new_context(browser, viewport={"width": 1280, "height": 1000}), user)
        person.log_in_to_hub()
        home = Home(managed, user)
        notebooks.append((person, open_notebook(person.context.new_page(), home, "work.ipynb", LOAD, LOGIN, "auth.identity.username")))
    for _, notebook in notebooks:
        notebook.run(0)
        notebook.start(1)
    popups = [(person, open_popup(notebook.expect_card(1))) for person, notebook in notebooks]
    for person, popup in popups:
        agree(popup, person.user)
    for person, notebook in notebooks:
        notebook.expect_ended(1)
        notebook.run(2)
        expect(notebook.output(2)).to_contain_text(f"{person.user}@sandbox.example")
    for (person, notebook), (_, popup) in zip(notebooks, popups, strict=True):
        # No page on its way may cut it off from the card, which closes it.
        wait_for(
            lambda page=notebook.page, popup=popup: popup.is_closed() or page.wait_for_timeout(100), "the end of the popup", seconds=60
        )
        person.context.close()
    assert {asked["redirect_uri"] for asked in managed.sandbox.state.authorize_requests} == {f"{managed.relay_url}callback/globus"}
    expect_nothing_logged(managed)


def expect_nothing_logged(hub: HubWorld, *more: str) -> None:
    """See that no code, token, state or nonce of any login is in a log, nor what is named."""
    secret = [asked[name] for asked in hub.sandbox.state.authorize_requests for name in ("state", "nonce")]
    logs = hub.logs()
    assert "flowauth/login/" in logs
    assert [words for words in (*SECRET_PREFIXES, *secret, *more) if words in logs] == []


def test_a_login_in_a_browser_that_came_by_a_token_in_the_address(managed: HubWorld, browser: Browser):
    """The server lets it in; the relay wants the Hub's own login all the same, and passes that token to nobody."""
    managed.start_server("bob")
    minted = managed.call("users/bob/tokens", "POST", {"scopes": ["access:servers!user=bob"], "note": "a link"})["token"]
    bob = Person(managed, new_context(browser), "bob")
    page = bob.context.new_page()
    page.goto(f"{managed.user_url('bob')}lab?token={minted}")
    login_id = bob.ask()
    seen: list[str] = []
    page.on("request", lambda request: seen.append(f"{request.url} {request.headers.get('referer')}"))
    page.on("response", lambda response: seen.append(str(response.headers.get("location"))))
    link = f"{managed.user_url('bob')}flowauth/login/{login_id}?token={minted}"
    page.goto(link)
    page.locator("#username_input").fill("bob")
    page.locator("#password_input").fill(PASSWORD)
    page.locator("#login_submit").click()
    agree(page, "bob")
    bob.assert_done(page)
    # The link is whoever's who made it; from there on nobody is told.
    assert [words for words in (*seen, page.content(), page.url) if minted in words and words != f"{link} None"] == []
    assert any("/services/flowauth/start?" in words for words in seen)
    expect_nothing_logged(managed, minted)
    bob.context.close()


def check(url: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("jupyter-flowauth")
    return subprocess.run([program, "hub-config", "--check", url], capture_output=True, text=True, check=False, timeout=READY_SECONDS)


def test_the_check_finds_all_that_it_needs_on_a_running_hub(managed: HubWorld):
    done = check(managed.url)
    assert (done.returncode, done.stdout.count("✓"), done.stdout.count("✗")) == (0, 5, 0), done.stdout + done.stderr
    assert f"{managed.relay_url}callback/PROVIDER-NAME" in done.stdout


def test_the_check_says_what_a_hub_without_the_service_lacks(managed: HubWorld):
    done = check(f"{managed.origin}/elsewhere/")
    assert done.returncode == 7
    assert "no login service answers" in done.stdout


def test_the_service_has_no_right_of_its_own(managed: HubWorld):
    service = managed.call("services/flowauth")
    assert json.dumps(service.get("roles", [])) == "[]"
    assert not service.get("admin")
