from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID, running_sandbox
from jupyter_flowauth.sandbox.server import Sandbox
from tests.torture.forker import Forker
from tests.torture.homes import Home


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox, and a home of this test's own that other processes find through the environment."""
    for name in ("DATA", "RUNTIME", "CONFIG"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv("FLOWAUTH_CLIENT_ID", SANDBOX_CLIENT_ID)
    # One for all tests would go on with what was held back for a process that is gone, and count it in the midst of another test.
    with running_sandbox(access_token_lifetime=3600) as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def home(sandbox: Sandbox) -> Home:
    return Home(sandbox)


@pytest.fixture
def forker(sandbox: Sandbox) -> Iterator[Forker]:
    with Forker() as running:
        yield running
