"""The demo as a newcomer starts it: what it prints is all that a second terminal needs."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from .conftest import PROGRAM, SECONDS

LOG_IN = """
from jupyter_flowauth import FlowAuth
from jupyter_flowauth.sandbox.visitor import Visitor
from jupyter_flowauth.user_agents import LoopbackUserAgent

somebody = Visitor()
browser = LoopbackUserAgent(open_browser=lambda url: somebody.get(somebody.approve(url)))
print(sorted(FlowAuth(user_agent=browser).login(["openid"])))
"""
ASK = "%load_ext jupyter_flowauth\n%whoami"


@pytest.fixture
def folder(tmp_path: Path, jupyter_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the demo makes its own folder: a name as people give them."""
    folder = tmp_path / "my folder"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def test_a_second_terminal_needs_what_the_demo_prints_and_nothing_else(folder):
    with subprocess.Popen([PROGRAM, "demo", "--no-browser"], stdout=subprocess.PIPE, text=True) as demo:
        try:
            printed = read_until(demo, "Stop it with Ctrl-C.")
            pasted = "\n".join(line.strip() for line in printed if line.startswith("    export "))
            assert any("/lab/tree/demo.ipynb?token=" in line for line in printed)
            assert in_second_terminal(f"{pasted}\npython -c '{LOG_IN}'", home=folder) == "['email', 'openid', 'profile']"
            assert "alice@sandbox.example" in in_second_terminal(f"{pasted}\nipython --no-banner -c '{ASK}'", home=folder)
        finally:
            demo.send_signal(signal.SIGINT)
        assert (demo.wait(SECONDS), read_until(demo, "ended")[-1]) == (0, "The demo has ended, and its folder is removed.\n")
    assert not list(folder.glob("flowauth-demo-*"))


def read_until(process: subprocess.Popen[str], last: str) -> list[str]:
    lines: list[str] = []
    for line in process.stdout or ():
        lines.append(line)
        if last in line:
            break
    return lines


def in_second_terminal(commands: str, *, home: Path) -> str:
    """Return what commands print in a terminal that knows nothing of this environment."""
    bare = {"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    ended = subprocess.run(["bash", "-c", commands], capture_output=True, text=True, check=False, env=bare, timeout=SECONDS)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()
