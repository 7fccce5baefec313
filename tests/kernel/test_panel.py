"""``auth.widget()``: what it shows, and what its buttons do."""

from __future__ import annotations

import re
import threading

import pytest

from jupyter_flowauth.errors import LoginDenied
from jupyter_flowauth.records import DeviceCode
from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL, VIEW_MY_GROUPS
from tests.storage.login_requests import build_request


@pytest.fixture
def auth(shell, demo):
    return demo.auth()


def press(panel, kind):
    panel._receive(panel, {"type": kind}, [])


def wait_for_the_end():
    for thread in threading.enumerate():
        if thread.name == "flowauth-login":
            thread.join(60)


def test_nobody_is_logged_in(auth):
    panel = auth.widget()
    assert (panel.mode, panel.status, panel.identity, panel.held_count) == ("panel", "logged_out", None, 0)


def test_where_it_cannot_be_drawn_a_sentence_stands_in_its_place(auth, demo):
    panel = auth.widget()
    assert panel._repr_mimebundle_()[0]["text/plain"] == "Nobody is logged in at Globus; run this cell, or %login, to log in."
    auth.login([TRANSFER_ALL])
    panel.refresh()
    said = panel._repr_mimebundle_()[0]["text/plain"]
    assert re.fullmatch(r"Logged in as alice@sandbox.example at Globus on \d{4}-\d\d-\d\d; run this cell to see it as it is now\.", said)
    (path,) = (demo.home / "data" / "flowauth").glob("*.json")
    path.write_text("{")
    assert "set aside" in repr(demo.auth().widget())


def test_its_button_logs_in_and_shows_no_card_besides(auth, capsys):
    auth.require([TRANSFER_ALL])
    panel = auth.widget()
    press(panel, "login")
    wait_for_the_end()
    assert (panel.status, panel.identity) == ("logged_in", {"username": "alice@sandbox.example", "name": "Alice Sandbox"})
    assert panel.message == "You are alice@sandbox.example, 1 scope granted."
    assert [line["granted"] for line in panel.scopes] == [True]


def test_what_is_missing_is_shown_with_what_is_held(auth):
    auth.login([TRANSFER_ALL])
    auth.require([TRANSFER_ALL, VIEW_MY_GROUPS])
    panel = auth.widget()
    assert (panel.status, [line["granted"] for line in panel.scopes]) == ("missing", [True, False])


def test_logging_in_when_nothing_is_missing_changes_nothing(auth, demo):
    auth.login()
    panel = auth.widget()
    press(panel, "login")
    assert (panel.status, demo.sandbox.count("authorize")) == ("logged_in", 1)


def test_its_button_logs_out(auth):
    auth.login()
    panel = auth.widget()
    press(panel, "logout")
    assert (panel.status, auth.identity) == ("logged_out", None)
    assert "is logged out" in panel.message


def test_its_button_cancels(auth, demo, monkeypatch):
    monkeypatch.setattr(demo, "browser", lambda url: None)
    panel = demo.auth().widget()
    press(panel, "cancel")
    press(panel, "login")
    pending = panel._pending
    assert panel.status == "waiting"
    panel.refresh()
    press(panel, "cancel")
    wait_for_the_end()
    assert (panel.status, pending.done) == ("cancelled", True)
    assert isinstance(pending._future.exception(), LoginDenied)


def test_how_a_login_ended_stays_to_be_read_until_something_else_is_held(auth, demo):
    """JupyterLab sends a refresh a moment after every end of a login, for something has changed: the reason is not to vanish with it."""
    demo.deny = True
    panel = auth.widget()
    press(panel, "login")
    wait_for_the_end()
    ended = (panel.status, panel.message)
    press(panel, "refresh")
    assert ended == (panel.status, panel.message)
    assert ended[0] == "denied"
    demo.deny = False
    demo.auth().login([TRANSFER_ALL])
    press(panel, "refresh")
    assert (panel.status, panel.message) == ("logged_in", "")


def test_a_button_counts_whatever_ended_before(auth, demo):
    demo.sandbox.set_fault("configuration", "status:500", times=10)
    panel = auth.widget()
    press(panel, "login")
    assert panel.status == "failed"
    demo.sandbox.state.faults.clear()
    press(panel, "logout")
    assert panel.status == "logged_out"


def test_a_provider_that_is_down_is_shown_as_failed(auth, demo):
    demo.sandbox.set_fault("configuration", "status:500")
    panel = auth.widget()
    press(panel, "login")
    assert panel.status == "failed"
    assert "trouble of its own" in panel.message


def test_a_storage_that_cannot_be_read_is_shown_as_failed(auth, demo):
    auth.login()
    (path,) = (demo.home / "data" / "flowauth").glob("*.json")
    path.write_text("{")
    panel = demo.auth().widget()
    assert panel.status == "failed"
    assert "set aside" in panel.message


def test_any_other_message_is_left_alone(auth):
    panel = auth.widget()
    press(panel, "nonsense")
    panel._receive(panel, {}, [])
    assert panel.status == "logged_out"


def test_no_trait_holds_a_secret(auth, demo):
    """ATTACKS 9."""
    panel = auth.widget()
    press(panel, "login")
    wait_for_the_end()
    assert demo.leaks(str({name: value for name, value in panel.get_state().items() if name != "_esm"})) == []


def test_each_login_is_shown_in_its_own_way(auth):
    panel, code = auth.widget(), DeviceCode("WDJB-MJHT", "https://i.example/device", "", 7.0)
    panel.show(build_request(device=code), address=code.verification_uri, rung="device")
    assert (panel.rung, panel.device["user_code"]) == ("device", "WDJB-MJHT")
    panel.show(build_request(), address="/flowauth/login/x", rung="server")
    assert (panel.rung, panel.device) == ("server", None)
