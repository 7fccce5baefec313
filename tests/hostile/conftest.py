from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_flowauth import FlowAuth
from tests.hostile.world import World, running_world


@pytest.fixture
def world(jupyter_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A provider that answers what a test tells it to."""
    with running_world(jupyter_home, monkeypatch) as running:
        yield running


@pytest.fixture
def held(world: World) -> FlowAuth:
    """Somebody who holds a token of it already."""
    auth = world.auth()
    auth.login(["read"])
    return auth
