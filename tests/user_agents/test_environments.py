"""Every row of the table in docs/ladder.md: what is found there is set up, what is missing is missing, and the ladder is climbed."""

from __future__ import annotations

import re
import sys
import webbrowser
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from jupyter_flowauth import wiring
from jupyter_flowauth.errors import InteractionRequired
from jupyter_flowauth.pkce import generate_login_id
from jupyter_flowauth.providers.globus import GlobusProvider
from jupyter_flowauth.records import ServerAnnouncement
from tests.fakes.presenter import RecordingPresenter

PAGE = Path(__file__).parents[2] / "docs" / "ladder.md"
NAMES = re.compile(
    r"^(DISPLAY|WAYLAND_DISPLAY|BROWSER|SSH_.*|CODESPACES|REMOTE_CONTAINERS.*|VSCODE_.*|GITPOD_.*|COLAB_.*|KAGGLE_.*|BINDER_.*|WSL_.*|TERM.*|JPY_.*)$"
)
HELPER = "/vscode/bin/linux-x64/1/bin/helpers/browser.sh"  # opens pages on the machine where VS Code's window is
SSH = {"SSH_CONNECTION": "10.0.0.2 50000 10.0.0.1 22", "SSH_CLIENT": "10.0.0.2 50000 22", "SSH_TTY": "/dev/pts/0"}
DESKTOP, SESSION = {"DISPLAY": ":0"}, {"JPY_SESSION_NAME": "/home/me/x.ipynb", "JPY_PARENT_PID": "7"}


@dataclass(frozen=True)
class Place:
    """Where code runs.

    :param input: whether a kernel's front end allows input; None outside a kernel.
    :param terminal: whether standard input is one.
    :param browser: whether a browser is installed.
    :param server: whether a Jupyter server with this extension started the process.
    """

    variables: dict[str, str] = field(default_factory=dict)
    input: bool | None = None
    terminal: bool = False
    browser: bool = False
    server: bool = False
    platform: str = "linux"


def kernel(allows_input=True, **place):
    variables = place.pop("variables", {})
    return Place(input=allows_input, variables=variables, **place)


def terminal(*variables, **place):
    return Place(terminal=True, variables={name: value for some in variables for name, value in some.items()}, **place)


PLACES = {
    "JupyterLab or Notebook with this extension": kernel(variables=SESSION, server=True),
    "JupyterHub with this extension": kernel(variables={**SESSION, "JUPYTERHUB_USER": "me"}, server=True),
    "Binder with this extension": kernel(variables={**SESSION, "BINDER_LAUNCH_HOST": "https://mybinder.org/"}, server=True),
    "a terminal inside JupyterLab with this extension": terminal(server=True),
    "a Jupyter server without this extension": kernel(variables={**SESSION, **DESKTOP}, browser=True),
    "VS Code notebook on your own machine": kernel(variables={**DESKTOP, "VSCODE_PID": "7"}, browser=True),
    "VS Code notebook over Remote-SSH": kernel(variables={**SSH, "VSCODE_PID": "7", "BROWSER": HELPER}, browser=True),
    "VS Code notebook in a dev container": kernel(variables={"REMOTE_CONTAINERS": "true", "BROWSER": HELPER}, browser=True),
    "a codespace": kernel(variables={"CODESPACES": "true", "BROWSER": HELPER}, browser=True),
    "Colab": kernel(variables={"COLAB_RELEASE_TAG": "release-colab", "JPY_PARENT_PID": "7"}),
    "Kaggle, interactive": kernel(variables={"KAGGLE_KERNEL_RUN_TYPE": "Interactive"}),
    "Binder without this extension": kernel(variables={**SESSION, "BINDER_LAUNCH_HOST": "https://mybinder.org/"}),
    "terminal on a desktop": terminal(DESKTOP, browser=True),
    "script on a desktop, started without a terminal": Place(variables=DESKTOP, browser=True),
    "terminal on a Mac": terminal(platform="darwin", browser=True),
    "terminal in WSL, a browser found": terminal({"WSL_DISTRO_NAME": "Debian", "DISPLAY": ":0", "BROWSER": "wslview"}, browser=True),
    "terminal in WSL, none found": terminal({"WSL_DISTRO_NAME": "Debian", "DISPLAY": ":0"}),
    "terminal of VS Code in WSL": terminal({"WSL_DISTRO_NAME": "Debian", "VSCODE_IPC_HOOK_CLI": "/s", "BROWSER": HELPER}, browser=True),
    "terminal of VS Code on another machine": terminal({"VSCODE_IPC_HOOK_CLI": "/s", "BROWSER": HELPER}, browser=True),
    "terminal over SSH": terminal(SSH),
    "terminal over SSH with X forwarding": terminal(SSH, {"DISPLAY": "localhost:10.0"}, browser=True),
    "terminal on a Mac over SSH": terminal(SSH, platform="darwin", browser=True),
    "interactive container (`docker run -it`)": terminal(),
    "container without a terminal": Place(),
    "cron, a batch job": Place(),
    "a CI job": Place(variables={"CI": "true", "GITHUB_ACTIONS": "true"}),
    "a CI job with a terminal": terminal({"CI": "true", **DESKTOP}, browser=True),
    "papermill, nbclient, `nbconvert --execute`": kernel(False, variables={**DESKTOP}, browser=True, server=True),
    "Kaggle, *Save & Run All*": kernel(False, variables={"KAGGLE_KERNEL_RUN_TYPE": "Batch"}),
}


class WithDevice:
    """A provider that offers device codes."""

    title, redirect_uris = "School", ("http://127.0.0.1:*/*",)
    asked = 0

    def why_no_device(self):
        self.asked += 1
        return ""

    def start_device_login(self): ...

    def poll_device_login(self): ...


@pytest.fixture
def go(jupyter_home, monkeypatch):
    """Set a place up."""

    def set_up(place):
        for name in [name for name in __import__("os").environ if NAMES.match(name)]:
            monkeypatch.delenv(name)
        for name, value in place.variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "platform", place.platform)
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: place.terminal))
        monkeypatch.setattr(webbrowser, "get", lambda: None if place.browser else _fail())
        parent = {"content": {"allow_stdin": place.input}}
        shell = SimpleNamespace(kernel=SimpleNamespace(get_parent=lambda: parent)) if place.input is not None else SimpleNamespace()
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
        if place.server:
            found = ServerAnnouncement(generate_login_id(), wiring.this_process(), "/x/", "http://localhost:8888/")
            wiring.open_rendezvous().announce(found)
            monkeypatch.setenv(wiring.SERVER_ID_VARIABLE, found.server_id)

    return set_up


def _fail():
    raise webbrowser.Error("could not locate runnable browser")


def used(provider):
    try:
        client = wiring.client_side(provider)
        return wiring.choose_user_agent(None, ("a",), wiring.open_rendezvous(), RecordingPresenter(), client).name
    except InteractionRequired:
        return "none"


def rows():
    """Return the table: what is in the first column, and the rungs of the other two."""
    section = PAGE.read_text(encoding="utf-8").partition("## Where you get which")[2].partition("\n\nGlobus")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.strip().splitlines()[2:]]
    return {where: (globus.strip("`"), device.strip("`")) for where, globus, device in cells}


@pytest.mark.parametrize("where", PLACES)
def test_the_table_says_what_is_used_there(go, where):
    go(PLACES[where])
    assert (used(GlobusProvider("c")), used(WithDevice())) == rows()[where]


def test_the_table_has_no_row_that_is_not_tried():
    assert list(rows()) == list(PLACES)


def test_nobody_is_asked_about_device_codes_where_a_way_above_holds_or_nobody_is_there(go):
    provider = WithDevice()
    for where in ("terminal on a desktop", "JupyterLab or Notebook with this extension", "cron, a batch job", "a CI job with a terminal"):
        go(PLACES[where])
        used(provider)
    assert provider.asked == 0


@pytest.mark.parametrize("value", ["", "0", "false", "False"])
def test_a_variable_that_says_no_is_none(go, monkeypatch, value):
    go(PLACES["terminal on a desktop"])
    monkeypatch.setenv("CI", value)
    assert used(GlobusProvider("c")) == "loopback"
