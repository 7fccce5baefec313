from __future__ import annotations

import io
import sys
import webbrowser
from types import SimpleNamespace

import pytest

from jupyter_flowauth.user_agents import surroundings
from jupyter_flowauth.user_agents.surroundings import has_desktop, in_kernel, look_around


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "SSH_CONNECTION", "SSH_TTY", "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")


def kernel(monkeypatch, parent):
    shell = SimpleNamespace(kernel=SimpleNamespace(get_parent=lambda: parent))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


def test_a_plain_process_is_no_kernel(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_kernel()


def test_a_terminal_ipython_is_no_kernel(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace()))
    assert not in_kernel()


@pytest.mark.parametrize(
    "parent, allowed",
    [
        ({"content": {"allow_stdin": False}}, False),
        ({"content": {"allow_stdin": True}}, True),
        ({"content": {}}, True),
        ({}, True),
        (None, True),
    ],
)
def test_a_kernel_asks_the_message_that_runs_now(monkeypatch, parent, allowed):
    kernel(monkeypatch, parent)
    around = look_around(None)
    assert (around.in_kernel, around.allows_stdin, around.in_server_kernel) == (True, allowed, False)


def test_a_kernel_of_a_server_is_known(monkeypatch):
    kernel(monkeypatch, {})
    monkeypatch.setenv("JPY_SESSION_NAME", "x.ipynb")
    assert look_around(None).in_server_kernel


@pytest.mark.parametrize("stdin", [None, io.StringIO("")])
def test_without_a_terminal_nobody_types(monkeypatch, stdin):
    monkeypatch.setattr(surroundings, "in_kernel", lambda: False)
    monkeypatch.setattr(sys, "stdin", stdin)
    assert not look_around("no server").allows_stdin


@pytest.mark.parametrize("name", ["SSH_CONNECTION", "SSH_TTY"])
def test_a_remote_session_is_known(monkeypatch, name):
    assert not look_around(None).over_ssh
    monkeypatch.setenv(name, "x")
    assert look_around(None).over_ssh


def test_a_desktop_has_a_display_and_a_browser(monkeypatch):
    monkeypatch.setattr(webbrowser, "get", lambda: None)
    assert not has_desktop()
    monkeypatch.setenv("DISPLAY", ":0")
    assert has_desktop()


def test_a_display_without_a_browser_is_none(monkeypatch):
    def fail():
        raise webbrowser.Error("none")

    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setattr(webbrowser, "get", fail)
    assert not has_desktop()


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_a_mac_and_a_windows_machine_are_desktops(monkeypatch, platform):
    monkeypatch.setattr(sys, "platform", platform)
    assert has_desktop()
