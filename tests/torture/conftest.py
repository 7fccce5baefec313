from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID, running_sandbox
from jupyter_flowauth.sandbox.server import Sandbox
from tests.torture.forker import Forker
from tests.torture.homes import Home


@pytest.fixture(scope="session")
def one_sandbox() -> Iterator[Sandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def sandbox(one_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox, well-behaved again, and a home of this test's own that other processes find through the environment."""
    one_sandbox.configure(access_token_lifetime=3600, rotate_refresh_tokens=True, withheld_scopes=(), clock_offset=0.0)
    one_sandbox.state.faults.clear()
    one_sandbox.state.counters.clear()
    for name, value in one_sandbox.environment.items():
        monkeypatch.setenv(name, value)
    for name in ("DATA", "RUNTIME", "CONFIG"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv("FLOWAUTH_CLIENT_ID", SANDBOX_CLIENT_ID)
    return one_sandbox


@pytest.fixture
def home(sandbox: Sandbox) -> Home:
    return Home(sandbox)


@pytest.fixture
def forker(sandbox: Sandbox) -> Iterator[Forker]:
    with Forker() as running:
        yield running
