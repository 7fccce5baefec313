"""What one user of a Hub can try on another, and what an admin or a guest may do in somebody's server (ATTACKS 3, 19, 24)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from tests.browser.provider_pages import allow, choose

from .conftest import Meet
from .people import authorize_url
from .world import HubWorld


def start_link(hub: HubWorld, person, login_id: str) -> dict[str, str]:
    """Return what a server tells the relay, from a second opening that goes nowhere."""
    answer = person.request(f"flowauth/login/{login_id}")
    assert answer.headers["location"].startswith(f"{hub.relay_url}start?")
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query, keep_blank_values=True).items()}


def test_an_address_that_bob_made_gives_him_nothing_of_alices(hub: HubWorld, meet: Meet):
    alice, bob = meet("alice"), meet("bob")
    login_id = bob.ask()
    bob.open(login_id)
    page = alice.context.new_page()
    page.goto(authorize_url(hub))
    choose(page, "alice")
    allow(page)
    alice.assert_refused(page, "Not started in this browser")
    assert page.url.startswith(hub.redirect_uri)
    assert bob.status(login_id)["status"] == "waiting"


def test_a_start_link_of_bobs_is_refused_in_alices_browser(hub: HubWorld, meet: Meet):
    alice, bob = meet("alice"), meet("bob")
    login_id = bob.ask()
    query = start_link(hub, bob, login_id)
    answer = alice.context.request.get(f"{hub.relay_url}start", params=query)
    assert answer.status == 403
    assert "This is another person" in answer.text()


def test_even_alices_own_name_in_bobs_link_leads_to_no_server_but_hers(hub: HubWorld, meet: Meet):
    """The worst that bob can send: his login, his key, his state, and her name. The code ends at her server, sealed, and is refused."""
    alice, bob = meet("alice"), meet("bob")
    login_id = bob.ask()
    bob.open(login_id)
    sent = authorize_url(hub)
    query = start_link(hub, bob, login_id) | {"user": "alice"}
    page = alice.context.new_page()
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    page.goto(f"{hub.relay_url}start?{'&'.join(f'{name}={value}' for name, value in query.items())}")
    alice.assert_refused(page, "This login is over")
    page.goto(sent)
    choose(page, "alice")
    allow(page)
    alice.assert_refused(page, "Not started in this browser")
    assert page.url.startswith(hub.user_url("alice"))
    assert [url for url in seen if "/user/bob/" in url] == []
    assert bob.status(login_id)["status"] == "waiting"


def test_bob_reaches_neither_a_page_nor_the_api_of_alices_server(hub: HubWorld, meet: Meet):
    alice, bob = meet("alice"), meet("bob")
    login_id = alice.ask()
    for path in (f"login/{login_id}", f"done/{login_id}", "api/status", f"api/logins/{login_id}"):
        answer = bob.context.request.get(f"{hub.user_url('alice')}flowauth/{path}")
        assert answer.status == 403, path
    answer = bob.context.request.post(f"{hub.user_url('alice')}flowauth/api/logins/{login_id}/cancel", data="{}")
    assert answer.status == 403
    assert alice.status(login_id)["status"] == "waiting"


def test_an_admin_in_a_users_server_is_not_logged_in_there(hub: HubWorld, meet: Meet):
    alice, admin = meet("alice"), meet("root", enter=False)
    login_id = alice.ask()
    admin.enter("alice")
    page = admin.context.new_page()
    page.goto(f"{hub.user_url('alice')}flowauth/login/{login_id}")
    admin.assert_refused(page, "This is another person's server")


def test_a_guest_in_a_shared_server_is_not_logged_in_there(hub: HubWorld, meet: Meet):
    alice, bob = meet("alice"), meet("bob", enter=False)
    login_id = alice.ask()
    hub.call("shares/alice/", "POST", {"user": "bob"})
    bob.enter("alice")
    page = bob.context.new_page()
    page.goto(f"{hub.user_url('alice')}flowauth/login/{login_id}")
    bob.assert_refused(page, "This is another person's server")
    hub.call("shares/alice/", "DELETE")


def test_an_answer_is_good_for_one_browser_and_once(hub: HubWorld, meet: Meet):
    alice, bob = meet("alice"), meet("bob")
    page = alice.open(alice.ask())
    forwarded: list[str] = []
    page.on("request", lambda request: forwarded.append(request.url) if "sealed=" in request.url else None)
    allow(page)
    alice.assert_done(page)
    assert bob.context.request.get(forwarded[0]).status == 403
    assert alice.context.request.get(forwarded[0]).status in (403, 410)


def test_the_relay_redirects_to_nothing_that_it_is_given(hub: HubWorld, meet: Meet):
    alice = meet("alice")
    query = start_link(hub, alice, alice.ask())
    # Once rightly, so that the relay knows this browser: it would send it to the Hub's login first.
    assert alice.context.request.get(f"{hub.relay_url}start", params=query).status == 200
    odd = ("//evil.example", "\\\\evil.example", "https:///evil.example", "../bob", "/%2Fevil.example", "https://evil.example/", "bob/x")
    for name in ("server", "login_id", "provider", "user"):
        for value in odd:
            answer = alice.context.request.get(f"{hub.relay_url}start", params=query | {name: value}, max_redirects=0)
            assert answer.status >= 400, (name, value)
            assert "location" not in answer.headers
