"""A script that nobody watches: no prompt, no hang, an error at once that says what is missing and how to provide it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL

SCRIPT = f"""
from jupyter_flowauth import FlowAuth, InteractionRequired
try:
    FlowAuth().login(["{TRANSFER_ALL}"])
except InteractionRequired as error:
    print(error.missing, error)
"""
# What cron gives a job: next to nothing.
BARE = ("HOME", "LOGNAME", "SHELL", "PATH", "PYTHONPATH", "VIRTUAL_ENV")


def run(stdin, **variables):
    """Run the script in a bare environment; return what it printed, and how long it took."""
    kept = {name: value for name, value in os.environ.items() if name in BARE or name.startswith(("JUPYTER_", "FLOWAUTH_", "GLOBUS_"))}
    before = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        stdin=stdin,
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
        env={**kept, **variables},
    )
    return ended.stdout, time.monotonic() - before


def check_it_is_said(said, seconds, demo):
    assert said.startswith(f"('{TRANSFER_ALL}',) a login is needed for {TRANSFER_ALL}, and nobody is there to be asked (")
    assert all(way in said for way in ("log in once where somebody is", "FLOWAUTH_TOKEN"))
    assert seconds < 60  # about one second here, most of it imports; the wait for a person is five minutes
    assert demo.sandbox.count("configuration") == 0


def test_cron_has_no_terminal_and_no_desktop(demo):
    check_it_is_said(*run(subprocess.DEVNULL), demo)


def test_a_ci_job_has_nobody_even_where_it_has_a_terminal_and_a_display(demo):
    controller, terminal = pty.openpty()
    try:
        said, seconds = run(terminal, CI="true", DISPLAY=":0", BROWSER="true")
    finally:
        os.close(controller)
        os.close(terminal)
    check_it_is_said(said, seconds, demo)
    assert "CI job" in said
