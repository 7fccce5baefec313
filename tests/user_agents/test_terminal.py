from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_flowauth.flow_needs import RunDocument
from jupyter_flowauth.records import DeviceCode, LoginResult, ScopeLine
from jupyter_flowauth.user_agents.terminal import SilentPresenter, TextPresenter
from tests.storage.login_requests import build_request

LOGIN = build_request(
    missing=(ScopeLine("urn:a", "Use a", "A"), ScopeLine("urn:b", "urn:b", "")), created_at_seconds=0, expires_at_seconds=300
)
RESULT = LoginResult(LOGIN.login_id, "done", "You are alice.", 0)


@pytest.mark.parametrize("address, whole", [("/x", "http://h:1/x"), ("https://y", "https://y"), (None, None)])
def test_a_login_is_shown_as_lines(address, whole):
    written = []
    TextPresenter(written.append, origin="http://h:1/").show(LOGIN, address=address, rung="server")
    assert "".join(written).splitlines() == [
        "This notebook asks for access through Fake Auth (https://x):",
        "  - A: Use a",
        "    urn:a",
        "  - urn:b",
        *([f"Log in here (this waits 5 min): {whole}"] if whole else []),
    ]


def test_a_device_code_is_shown_as_lines():
    written, code = [], DeviceCode("WDJB-MJHT", "https://i.example/device", "", 300)
    TextPresenter(written.append).show(replace(LOGIN, device=code), address=code.verification_uri, rung="device")
    assert "".join(written).splitlines()[4:] == [
        "On any device, open   https://i.example/device",
        "and enter this code:  WDJB-MJHT",
        "It is good for 5 min. Give it to nobody: whoever enters it decides who is logged in here.",
    ]


def test_sentences_and_the_end_are_lines():
    written = []
    presenter = TextPresenter(written.append)
    presenter.say(None, "Something.")
    presenter.finish(LOGIN, RESULT)
    assert written == ["Something.\n", "You are alice.\n"]


def test_even_a_short_wait_is_a_minute():
    written = []
    TextPresenter(written.append).show(replace(LOGIN, expires_at_seconds=5), address="/x", rung="server")
    assert "(this waits 1 min)" in written[-1]


def test_a_run_is_a_line_for_each_state_and_its_address_once():
    written, active, done = [], RunDocument("run-1", "ACTIVE", {}), RunDocument("run-1", "SUCCEEDED", {})
    presenter = TextPresenter(written.append)
    for run in (active, active, done):
        presenter.show_run(run)
    assert written == [f"{active.sentence} {active.web_address}\n", f"{done.sentence}\n"]


def test_the_silent_one_shows_nothing(capsys):
    presenter = SilentPresenter()
    presenter.show(LOGIN, address="/x", rung="server")
    presenter.say(LOGIN, "x")
    presenter.finish(LOGIN, RESULT)
    assert capsys.readouterr() == ("", "")
