from __future__ import annotations

from collections.abc import Iterator

import pytest

from jupyter_flowauth.user_agents import loopback
from tests.fakes.presenter import RecordingPresenter
from tests.user_agents.visit import Visit


@pytest.fixture
def presenter() -> RecordingPresenter:
    return RecordingPresenter()


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Browsers that never ask for the last page are not waited for."""
    monkeypatch.setattr(loopback, "LAST_PAGE_SECONDS", 0.05)


@pytest.fixture
def visit(presenter: RecordingPresenter) -> Iterator[Visit]:
    visit = Visit(presenter)
    yield visit
    visit.end()
