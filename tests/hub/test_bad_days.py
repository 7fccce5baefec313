"""A server, a user, or the Hub itself that is gone in the middle of a login: nothing leaks, and the page says so."""

from __future__ import annotations

import os
import re
import signal

from tests.browser.provider_pages import allow

from .conftest import Meet
from .world import HubWorld, wait_for


def test_a_server_that_was_stopped_during_a_login(hub: HubWorld, meet: Meet):
    alice = meet("alice", "gpu", afresh=True)
    page = alice.open(alice.ask("gpu"), "gpu")
    hub.stop_server("alice", "gpu")
    allow(page)
    alice.assert_refused(page, "Your server isn't running")
    assert "“gpu”" in page.inner_text("main")


def test_a_server_that_was_culled_and_started_again_during_a_login(hub: HubWorld, meet: Meet):
    alice = meet("alice", "gpu", afresh=True)
    page = alice.open(alice.ask("gpu"), "gpu")
    hub.stop_server("alice", "gpu")
    hub.start_server("alice", "gpu")
    allow(page)
    alice.assert_refused(page, "This login is over")


def test_a_server_that_died_without_the_hubs_notice_leaves_no_code_in_any_log(hub: HubWorld, meet: Meet):
    """The proxy logs the address that it couldn't reach, and repeats it to the Hub's error page."""
    alice = meet("alice", "gpu", afresh=True)
    page = alice.open(alice.ask("gpu"), "gpu")
    os.kill(hub.servers("alice")["gpu"]["state"]["pid"], signal.SIGKILL)
    allow(page)
    page.wait_for_url("**/user/alice/gpu/**")
    assert wait_for(lambda: re.search("sealed(%3D|=)", hub.logs()), "the proxy's line")
    hub.stop_server("alice", "gpu")


def test_a_user_who_logged_out_of_the_hub_during_a_login(hub: HubWorld, meet: Meet):
    alice = meet("alice", afresh=True)
    page = alice.open(alice.ask())
    alice.context.new_page().goto(f"{hub.url}hub/logout")
    allow(page)
    alice.assert_refused(page, "You aren't logged in to the Hub")
    alice.log_in_to_hub()
    alice.enter()


def test_a_user_who_was_renamed_during_a_login(hub: HubWorld, meet: Meet):
    hub.prepare_user("carol")
    carol = meet("carol")
    page = carol.open(carol.ask())
    hub.call("users/carol", "PATCH", {"name": "caroline"})
    allow(page)
    carol.assert_refused(page, "Another user")
    hub.call("users/caroline", "PATCH", {"name": "carol"})
    hub.stop_server("carol")


def test_a_hub_that_restarts_during_a_login(hub: HubWorld, meet: Meet):
    alice = meet("alice")
    page = alice.open(alice.ask())
    hub.stop()
    hub.start()
    # The Hub answers before it has told its new proxy where everybody's servers are.
    wait_for(lambda: alice.request("flowauth/api/status").status == 200, "the way to alice's server")
    allow(page)
    alice.assert_done(page)


def test_a_hub_that_is_down_when_the_answer_comes(hub: HubWorld, meet: Meet):
    """Here the proxy goes on without the Hub, as on Kubernetes: the relay can't ask, and passes nothing on."""
    alice = meet("alice")
    login_id = alice.ask()
    page = alice.open(login_id)
    assert hub.process is not None
    os.kill(hub.process.pid, signal.SIGSTOP)
    try:
        allow(page)
        alice.assert_refused(page, "The Hub doesn't answer")
    finally:
        os.kill(hub.process.pid, signal.SIGCONT)
