"""A real Hub for the tests of this folder, real browsers, and a search of every log after each test."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error

from tests.browser.chromium import new_context

from .people import Person
from .world import HubWorld, register_relay, running_hub

_CODES = re.compile(r"sbx(?:code|access|refresh)_[A-Za-z0-9_-]{8,}|[?&;%]code(?:=|%3D)(?!\[secret\])[^&\s]*sbx")

Meet = Callable[..., Person]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def one_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubWorld]:
    with running_hub(tmp_path_factory.mktemp("hub")) as world:
        yield world


@pytest.fixture
def hub(one_hub: HubWorld) -> Iterator[HubWorld]:
    """The Hub; after each test every log is searched for what it must not hold."""
    one_hub.sandbox.state.authorize_requests.clear()
    register_relay(one_hub)
    yield one_hub
    logs = one_hub.logs()
    assert _CODES.findall(logs) == []
    secret = [asked[name] for asked in one_hub.sandbox.state.authorize_requests for name in ("state", "nonce")]
    assert [words for words in secret if words in logs] == []


@pytest.fixture(scope="session")
def visits() -> dict[tuple[str, str], Any]:
    """The cookies of those who were here before: logging in to the Hub is not what most tests are about."""
    return {}


@pytest.fixture
def meet(hub: HubWorld, browser: Browser, visits: dict[tuple[str, str], Any]) -> Iterator[Meet]:
    """Return a person in a browser of their own, logged in to the Hub and to their server."""
    met: list[tuple[Person, str]] = []

    def meet(user: str, server: str = "", *, enter: bool = True, afresh: bool = False) -> Person:
        known = None if afresh or not enter else visits.get((user, server))
        context = new_context(browser, storage_state=known)
        person = Person(hub, context, user)
        if enter:
            hub.start_server(user, server)
        if known is None:
            person.log_in_to_hub()
            if enter:
                person.enter(server=server)
                visits.setdefault((user, server), context.storage_state())
        met.append((person, server))
        return person

    yield meet
    for person, server in met:
        with suppress(Error, AssertionError, KeyError, ValueError):  # a server that is gone, a login that ended
            person.cancel_all(server)
        person.context.close()
