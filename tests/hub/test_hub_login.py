"""The Hub's own login reused: a real Keycloak as the login of a real Hub, and as the provider in its users' servers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.chromium import new_context
from tests.browser.notebook import LOAD, open_notebook
from tests.browser.provider_pages import open_popup
from tests.interop.instance import running_instance
from tests.interop.keycloak_server import Keycloak

from .school import School, running_school, server_environment
from .test_managed import Home
from .world import wait_for

VIEWPORT = {"width": 1280, "height": 1000}
CALL = """import requests
answer = requests.get("{url}/{name}", auth=auth.bearer("school.{name}"))
answer.status_code, answer.json()["hello"]"""


@pytest.fixture(scope="module")
def school(keycloak: Keycloak, tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with running_instance(keycloak) as instance, running_school(tmp_path_factory.mktemp("school"), keycloak, instance) as running:
        yield running


@pytest.fixture
def come(school: School, browser: Browser) -> Iterator[Callable[..., tuple[str, BrowserContext]]]:
    """Return a new person who has logged in to the Hub, and whose server runs; and their browser."""
    contexts: list[BrowserContext] = []

    def come(*, lifespan: int = 300) -> tuple[str, BrowserContext]:
        contexts.append(new_context(browser, viewport=VIEWPORT))
        school.set_lifespan(lifespan)
        person = school.keycloak.new_person()
        school.enter(contexts[-1], person).close()
        return person, contexts[-1]

    yield come
    for context in contexts:
        context.close()


def test_one_login_at_the_hub_serves_a_notebook_until_it_needs_more(school: School, come) -> None:
    person, browser = come()
    home, url = Home(school.hub, person), school.instance.url
    read, write = (CALL.format(url=url, name=name) for name in ("read", "write"))
    cells = (LOAD, "%login school.read", read, "%whoami", "%login school.write", write, "%logout")
    work = open_notebook(browser.new_page(), home, "work.ipynb", *cells)
    work.run(0, 1)
    expect(work.output(1)).to_contain_text(f"✓ You are {person} by the JupyterHub's own login, with email openid profile school.read")
    work.run(2, 3)
    expect(work.output(2)).to_contain_text(f"(200, '{person}')")
    expect(work.output(3)).to_contain_text("By the JupyterHub's own login, which renews it: email openid profile school.read")
    work.start(4)
    popup = open_popup(work.expect_card(4))
    work.expect_ended(4)
    expect(work.output(4)).to_contain_text(f"You are {person}")
    work.run(5)
    expect(work.output(5)).to_contain_text(f"(200, '{person}')")
    wait_for(lambda: popup.is_closed() or work.page.wait_for_timeout(100), "the end of the popup", seconds=60)
    assert school.keycloak.events("CODE_TO_TOKEN", client_id=school.own_client, user=person) == 1
    work.run(6)
    expect(work.output(6)).to_contain_text("they belong to the Hub's login")
    assert school.hub_client in school.keycloak.clients_in_use(person)
    school.run(person, LOGIN)


LOGIN = "import threading\nauth.login(['school.read'])"


def test_the_hub_renews_before_the_end_and_nobody_is_asked(school: School, come) -> None:
    """Tokens that last for 20 s: a program that goes on for longer always has one that the service takes."""
    person, _ = come(lifespan=20)
    calls = f"""
import requests
seen, codes = set(), set()
while len(seen) < 3:
    seen.add(auth.token('school.read'))
    codes.add(requests.get('{school.instance.url}/read', auth=auth.bearer('school.read')).status_code)
    threading.Event().wait(0.5)
print(len(seen), codes)"""
    assert "3 {200}" in school.run(person, LOGIN + calls)
    assert school.keycloak.events("REFRESH_TOKEN", client_id=school.hub_client, user=person) >= 2
    assert school.keycloak.events("REFRESH_TOKEN_ERROR", client_id=school.hub_client, user=person) == 0


@pytest.mark.parametrize("how", ["their session was ended", "they were disabled"])
def test_a_login_that_has_ended_at_the_provider_is_said(school: School, come, how: str) -> None:
    person, _ = come(lifespan=20)
    school.run(person, LOGIN)
    if how == "they were disabled":
        school.keycloak.set_enabled(person, False)
    school.keycloak.end_sessions(person)
    code = """
from jupyter_flowauth import LoginRequired
while True:
    try:
        auth.token('school.read')
    except LoginRequired as error:
        print(error)
        break
    threading.Event().wait(0.5)"""
    said = school.run(person, "import threading" + code)
    assert "the JupyterHub, whose login it is, holds nothing newer; log out of the Hub and in again, or be asked here" in said
    assert "log in again: %login" in said
    assert "log in for it: %login" in school.run(person, "try: auth.token('school.read')\nexcept Exception as error: print(error)")


ASK = """
import os, requests
headers = {"Authorization": f"token {os.environ['JUPYTERHUB_API_TOKEN']}"}
for user in USERS:
    answer = requests.get(f"{os.environ['JUPYTERHUB_API_URL']}/users/{user}", headers=headers)
    print(answer.status_code, "school.read" in answer.text, "refresh_token" in answer.text)"""


def test_what_a_login_was_issued_is_for_its_own_users_server_and_in_no_environment(school: School, come) -> None:
    (alice, _), (bob, _) = come(), come()
    assert school.run(bob, f"USERS = {[alice, bob]}{ASK}").splitlines() == ["404 False False", "200 True True"]
    school.run(bob, LOGIN)
    accounts = [json.loads(path.read_text()) for path in school.hub.home(bob).glob(".local/share/jupyter/flowauth/*.json")]
    tokens = [token["access_token"] for account in accounts for token in account["tokens"]]
    assert tokens
    everywhere = json.dumps(server_environment(school.hub, bob)) + school.hub.logs()
    assert [token for token in tokens if token in everywhere] == []
    assert f"✓ this server may see what the login of {bob} was issued, and of nobody else" in (said := school.check(bob))
    assert f"✓ school: the Hub's login is that of {bob}, with email openid profile school.read" in said
