from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pexpect
import pytest

from jupyter_flowauth import wiring
from jupyter_flowauth.cli.main import run
from tests.fakes.demo import Demo

ROOT = Path(__file__).parents[2]
PROGRAM = str(Path(sys.executable).with_name("jupyter-flowauth"))
SECONDS = 40


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def no_terminal_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave nothing of the desktop on which the tests run: what a command would ask on, the test says."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], jupyter_home: Path) -> Callable[..., Ended]:
    """Run a command in this process, in Jupyter folders of the test's own."""

    def run_here(*arguments: str) -> Ended:
        capsys.readouterr()
        code = run(list(arguments))
        written = capsys.readouterr()
        return Ended(code, written.out, written.err)

    return run_here


@pytest.fixture
def shell(demo: Demo) -> Callable[..., Ended]:
    """Run a command as a process of its own, without a terminal, in the demo's environment."""

    def run_there(*arguments: str, **variables: str) -> Ended:
        done = subprocess.run(
            [PROGRAM, *arguments],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **variables},
            timeout=SECONDS,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return run_there


@pytest.fixture
def aged(jupyter_home: Path) -> Callable[..., None]:
    """Let every token that is held end in so many seconds; one that can't renew itself is as a service account's token is kept."""

    def age(seconds_left: float, *, renews: bool) -> None:
        store = wiring.open_store()
        for account in store.accounts():
            end = time.time() + seconds_left
            tokens = [replace(token, expires_at_seconds=end, obtained_at_seconds=end - 86400) for token in account.tokens]
            tokens = tokens if renews else [replace(token, refresh_token=None) for token in tokens]
            with store.transaction(account.key, timeout_seconds=10) as transaction:
                transaction.write(replace(account, tokens=tuple(tokens)))

    return age


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seat somebody at a browser, whom the processes of this test find as BROWSER."""
    monkeypatch.setenv("BROWSER", f"{sys.executable} {Path(__file__).with_name('browser.py')} %s")


@pytest.fixture
def terminal(demo: Demo) -> Iterator[Callable[..., Any]]:
    """Run a program on a terminal of its own."""
    started = []

    def start(program: str, *arguments: str, **variables: str) -> Any:
        environment = {**os.environ, "TERM": "xterm", **variables}
        child = pexpect.spawn(program, list(arguments), env=environment, encoding="utf-8", timeout=SECONDS, dimensions=(50, 200))
        started.append(child)
        return child

    yield start
    for child in started:
        child.close(force=True)


def need(program: str) -> str:
    """Return a program's path, or skip the test with a sentence where it isn't installed."""
    return shutil.which(program) or pytest.skip(f"{program} is not installed; .ci/setup.sh dev installs it on Debian")


def ended(child: Any) -> tuple[int, str]:
    """Wait for a program on a terminal, and return its exit code and what it has written since it was last looked at."""
    child.expect(pexpect.EOF)
    child.wait()
    return child.exitstatus, child.before
