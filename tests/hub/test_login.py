"""Logins of two users and three servers through the one redirect URI, on a real Hub with two relays."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.provider_pages import allow

from .conftest import Meet
from .world import HubWorld, Replica, wait_for


def test_users_and_servers_log_in_at_the_same_time_through_one_uri(hub: HubWorld, meet: Meet):
    alice, bob = meet("alice"), meet("bob")
    hub.start_server("alice", "gpu")
    alice.enter(server="gpu")
    opened = [(person, person.open(person.ask(server), server)) for person, server in ((alice, "gpu"), (bob, ""))]
    for person, page in opened:
        allow(page)
        person.assert_done(page)
    alice.assert_done(alice.log_in())
    assert {asked["redirect_uri"] for asked in hub.sandbox.state.authorize_requests} == {hub.redirect_uri}
    # How many connections each got depends on which ones the proxy keeps open.
    assert hub.balancer is not None
    assert min(hub.balancer.served.values()) >= 1


def test_the_api_says_which_way_a_login_takes(hub: HubWorld, meet: Meet):
    alice = meet("alice")
    login_id = alice.ask()
    assert alice.status(login_id)["rung"] == "server"
    assert alice.status(login_id)["rung_reason"] == f"by way of this Hub's relay at {hub.relay_url}"


def test_both_relays_may_die_during_a_login(hub: HubWorld, meet: Meet):
    alice = meet("alice")
    page = alice.open(alice.ask())
    for replica in hub.replicas:
        replica.kill()
    for replica in hub.replicas:
        replica.start()
    allow(page)
    alice.assert_done(page)


def test_a_relay_ends_well_when_it_is_told_to(hub: HubWorld):
    replica = hub.replicas[0]
    assert replica.stop() == 0
    replica.start()


def test_a_post_without_the_servers_own_xsrf_token_starts_nothing(meet: Meet):
    alice = meet("alice")
    answer = alice.request("flowauth/api/logins", method="POST", values={"provider": "globus"}, xsrf=False)
    assert answer.status == 403


def test_a_get_without_the_servers_own_xsrf_token_says_nothing(meet: Meet):
    """The Hub's own rule since 4.1: a page of another user's server on the same origin can't read ours."""
    alice = meet("alice")
    assert alice.request("flowauth/api/status", xsrf=False).status in (302, 403)
    assert alice.request("flowauth/api/status").status == 200


def find_forwarded(hub: HubWorld, login_id: str) -> list[dict[str, str]]:
    """Return what the replicas have written down of the answer to a login that they passed on."""
    # A line without its end is still being written.
    whole = [line for line in hub.logs().splitlines(keepends=True) if "audit] " in line and line.endswith("\n")]
    lines = [json.loads(line.partition("audit] ")[2]) for line in whole]
    wanted = {"leg": "callback", "outcome": "forwarded", "login": login_id}
    # A refusal names no login.
    return [line for line in lines if wanted.items() <= line.items()]


def read_metrics(hub: HubWorld, replica: Replica) -> str:
    """Return what one replica has counted: by way of the proxy, its balancer chooses which one is asked."""
    url = f"http://127.0.0.1:{replica.port}{urlsplit(hub.relay_url).path}metrics"
    request = urllib.request.Request(url, headers={"Authorization": f"token {hub.admin_token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(answer.read().decode())


def test_the_relay_counts_and_writes_down_who_and_never_what(hub: HubWorld, meet: Meet):
    alice = meet("alice")
    login_id = alice.ask()
    page = alice.open(login_id)
    allow(page)
    alice.assert_done(page)
    (forwarded,) = wait_for(lambda: find_forwarded(hub, login_id), "the audit")
    assert forwarded == {"leg": "callback", "outcome": "forwarded", "user": "alice", "provider": "globus", "login": login_id}
    found = [read_metrics(hub, replica) for replica in hub.replicas]
    assert any('flowauth_relay_legs_total{leg="callback",outcome="forwarded",provider="globus"}' in text for text in found)
    assert all("alice" not in text for text in found)


def test_the_metrics_want_a_token_that_may_read_metrics(hub: HubWorld):
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{hub.relay_url}metrics", timeout=60)


def test_a_browser_that_never_met_the_relay_gets_no_more_than_a_page(hub: HubWorld, meet: Meet):
    alice = meet("alice", enter=False)
    page = alice.context.new_page()
    answer = page.goto(f"{hub.relay_url}callback/globus?code=sbxsecret-code&state={'0' * 32}.secret")
    assert answer is not None
    assert (answer.status, answer.request.redirected_from) == (403, None)
    expect(page.get_by_role("heading", name="Not started in this browser")).to_be_visible()
    assert "secret-code" not in hub.logs()
