"""ATTACKS 6, 9, 11, 12, 19, 20: what the browser keeps, what it can be told, and what a stranger's notebook can reach."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Page, Response, expect

from jupyter_flowauth.server.watch import CHANGED_EVENT

from .conftest import OpenNotebook
from .notebook import GROUPS, LOAD, LOGIN, TRANSFER, Notebook
from .provider_pages import agree, open_link, open_popup, unfold
from .secrecy import find_secrets
from .world import World

# What a stranger's notebook could do in its own output: ask for everything with the person's own cookies.
FETCH_ALL = """async paths => {
  const xsrf = document.cookie.match(/_xsrf=([^;]*)/)?.[1] ?? '';
  const ask = async path => {
    const answer = await fetch(new URL(path, location.origin), { headers: { 'X-XSRFToken': xsrf }, redirect: 'manual' });
    return await answer.text();
  };
  return (await Promise.all(paths.map(ask))).join('\\n');
}"""
FORGE = """id => {
  const words = [{ type: 'login_ready', login_id: 'f'.repeat(32) }, { status: 'done' },
    { type: 'flowauth', outcome: 'done', login_id: id }];
  for (const word of words) {
    window.postMessage(word, '*');
    new BroadcastChannel('flowauth').postMessage(word);
    window.dispatchEvent(new StorageEvent('storage', { key: `flowauth-${id}`, newValue: JSON.stringify(word) }));
  }
}"""

FORGE_EVENTS = """async ([schema_id, ...words]) => {
  const headers = { 'X-XSRFToken': document.cookie.match(/_xsrf=([^;]*)/)[1], 'Content-Type': 'application/json' };
  const post = data => fetch('/api/events', { method: 'POST', headers, body: JSON.stringify({ schema_id, version: '1', data }) });
  return (await Promise.all(words.map(post))).map(answer => answer.status);
}"""
RENEW = """async id => {
  const headers = { 'X-XSRFToken': document.cookie.match(/_xsrf=([^;]*)/)[1], 'Content-Type': 'application/json' };
  return await (await fetch(`/flowauth/api/accounts/${id}/refresh`, { method: 'POST', headers, body: '{}' })).text();
}"""
START_LOGIN = """async scope => {
  const headers = { 'X-XSRFToken': document.cookie.match(/_xsrf=([^;]*)/)[1], 'Content-Type': 'application/json' };
  const answer = await fetch('/flowauth/api/logins', { method: 'POST', headers, body: JSON.stringify({ scopes: [scope] }) });
  return (await answer.json()).login_id;
}"""
CANCEL_LOGIN = """async id => {
  const headers = { 'X-XSRFToken': document.cookie.match(/_xsrf=([^;]*)/)[1], 'Content-Type': 'application/json' };
  return (await fetch(`/flowauth/api/logins/${id}/cancel`, { method: 'POST', headers })).status;
}"""
IS_OVER = """async id => {
  const headers = { 'X-XSRFToken': document.cookie.match(/_xsrf=([^;]*)/)[1] };
  return (await (await fetch(`/flowauth/api/logins/${id}`, { headers })).json()).status === 'cancelled';
}"""


def start_login(notebook: OpenNotebook) -> Notebook:
    work = notebook(LOAD, LOGIN)
    work.start(0)
    work.start(1)
    work.expect_card(1)
    return work


def login_id_of(work: Notebook) -> str:
    unfold(work.card(1))
    link = work.card(1).get_by_role("link", name="Open the login page in a new tab").get_attribute("href")
    return str(link).rpartition("/")[2]


def history_of(page: Page) -> list[str]:
    """Return every address that the page's Back button could lead to."""
    entries = page.context.new_cdp_session(page).send("Page.getNavigationHistory")["entries"]
    return [entry["url"] for entry in entries]


def finish_in_tab(work: Notebook) -> tuple[Page, list[Response]]:
    """Log in in another tab; return it at its last page, with every answer that it was given."""
    tab, answers = open_link(work.card(1)), list[Response]()
    tab.on("response", lambda answer: answers.append(answer))
    agree(tab)
    expect(tab.get_by_role("heading", name="You are alice@sandbox.example")).to_be_visible()
    return tab, answers


def test_neither_code_nor_state_stays_in_the_history(notebook: OpenNotebook) -> None:
    tab, _ = finish_in_tab(start_login(notebook))
    visited = history_of(tab)
    assert [url for url in visited if re.search(r"code=|state=|callback", url)] == []
    assert urlsplit(tab.url).query == ""


def test_the_last_page_may_load_and_tell_nothing(notebook: OpenNotebook) -> None:
    tab, answers = finish_in_tab(start_login(notebook))
    headers = next(answer.all_headers() for answer in reversed(answers) if "/flowauth/done/" in answer.url)
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert tab.locator("script, link, img, iframe").count() == 0


def test_the_callback_is_answered_by_a_redirect_to_a_clean_address(notebook: OpenNotebook) -> None:
    _, answers = finish_in_tab(start_login(notebook))
    (callback,) = [answer for answer in answers if "/flowauth/callback/" in answer.url]
    headers = callback.all_headers()
    assert callback.status == 303
    assert re.fullmatch(r"/flowauth/done/[0-9a-f]{32}", headers["location"])
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"


def test_no_script_can_read_the_cookies_of_a_login(notebook: OpenNotebook) -> None:
    tab, _ = finish_in_tab(start_login(notebook))
    cookies = {cookie["name"]: cookie for cookie in tab.context.cookies() if cookie["name"].startswith(("flowauth-", "sandbox_"))}
    assert cookies
    assert all(cookie["httpOnly"] and cookie["sameSite"] == "Lax" for cookie in cookies.values())
    assert all(cookie["path"].startswith("/flowauth/") for cookie in cookies.values())


def test_nothing_of_ours_is_in_the_origins_storage_or_channels(notebook: OpenNotebook) -> None:
    work = start_login(notebook)
    stored = work.page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert login_id_of(work) not in stored
    popup = open_popup(work.card(1))
    agree(popup)
    work.expect_ended(1)
    stored = work.page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert not re.search(r"login_id|alice@sandbox", stored)


def test_forged_messages_end_no_login(notebook: OpenNotebook) -> None:
    work = start_login(notebook)
    work.page.evaluate(FORGE, login_id_of(work))
    card = work.card(1)
    card.get_by_role("button", name="Log in", exact=True).hover()
    expect(card).to_have_attribute("data-status", "waiting")
    work.expect_running(1)
    agree(open_popup(card))
    expect(work.output(1)).to_contain_text("You are alice@sandbox.example, 2 scopes granted.")


def test_a_forged_event_says_nothing_but_look_again(notebook: OpenNotebook) -> None:
    """Anybody on this server may emit one: the schema has no place for words, and the page asks the server what is so."""
    work = start_login(notebook)
    word = {"status": "done", "login_id": login_id_of(work)}
    said, empty = work.page.evaluate(FORGE_EVENTS, [CHANGED_EVENT, word, {}])
    assert (said >= 400, empty) == (True, 204)
    work.page.wait_for_function("() => document.querySelector('.jp-FlowAuth-status').textContent.includes('waiting')")
    expect(work.card(1)).to_have_attribute("data-status", "waiting")
    work.expect_running(1)
    agree(open_popup(work.card(1)))
    expect(work.output(1)).to_contain_text("You are alice@sandbox.example, 2 scopes granted.")


def test_a_strangers_script_that_renews_an_account_is_told_a_sentence(
    notebook: OpenNotebook, world: World, log_in_quietly: Callable[..., None]
) -> None:
    log_in_quietly(TRANSFER)
    work, (account,) = notebook("1"), world.call("flowauth/api/status")["accounts"]
    before = world.sandbox.count("token")
    answer = work.page.evaluate(RENEW, account["id"])
    assert list(json.loads(answer)) == ["message"]
    assert world.sandbox.count("token") > before
    (file,) = world.tokens.glob("*.json")
    tokens = re.findall(r'"(?:access_token|refresh_token|id_token)": "([^"]+)"', file.read_text(encoding="utf-8"))
    assert len(tokens) >= 2
    assert not [token for token in tokens if token in answer]


def test_a_strangers_script_gets_no_token_of_any_route(notebook: OpenNotebook, world: World, log_in_quietly: Callable[..., None]) -> None:
    log_in_quietly(TRANSFER)
    work = notebook(LOAD, f"%login {GROUPS}")
    work.start(0)
    work.start(1)
    work.expect_card(1)
    login_id, account = login_id_of(work), world.call("flowauth/api/status")["accounts"][0]["id"]
    routes = ("api/status", "api/logins", f"api/logins/{login_id}", f"api/accounts/{account}/logout", f"done/{login_id}", "callback/globus")
    answers = work.page.evaluate(FETCH_ALL, [f"/flowauth/{route}" for route in routes])
    assert "alice@sandbox.example" in answers
    state = world.rendezvous.joinpath(f"{login_id}.request.json").read_text()
    known = [("a state", re.findall(r'"(?:state|nonce)": "([^"]+)"', state)[0].encode())]
    assert list(find_secrets(answers.encode(), known)) == []
    work.card(1).get_by_role("button", name="Cancel").click()
    work.expect_ended(1)


def test_a_strangers_script_that_starts_a_login_gets_no_further_than_the_consent_page(
    page: Page, notebook: OpenNotebook, world: World
) -> None:
    work, counters = notebook("1"), ("codes_issued", "token:authorization_code")
    before = {name: world.sandbox.count(name) for name in counters}
    login_id = work.page.evaluate(START_LOGIN, TRANSFER)
    tab = page.context.new_page()
    tab.goto(f"{world.base_url}flowauth/login/{login_id}")
    expect(tab.get_by_role("heading", name="Log in")).to_be_visible()
    assert {name: world.sandbox.count(name) for name in counters} == before
    assert list(world.tokens.glob("*.json")) == []
    assert work.page.evaluate(CANCEL_LOGIN, login_id) == 204
    work.page.wait_for_function(IS_OVER, arg=login_id)
