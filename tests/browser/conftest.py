"""A real Chromium, real front ends, and the search for secrets after each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page

from jupyter_flowauth import FlowAuth, GlobusProvider
from jupyter_flowauth.cli.demo_folder import build_demo_environment
from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID
from jupyter_flowauth.user_agents import LoopbackUserAgent

from .chromium import new_context
from .notebook import Notebook, empty_lab, is_as_opened, open_notebook
from .secrecy import Secrecy
from .world import World, running_world

# Pictures to look at, not behaviour to hold.
collect_ignore = [] if os.environ.get("FLOWAUTH_SCREENSHOTS") else ["test_screenshots.py"]
VIEWPORT = {"width": 1280, "height": 1000}

OpenNotebook = Callable[..., Notebook]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            # By signal: the default way ends this process on the spot, and would leave the front end behind.
            item.add_marker(pytest.mark.timeout(method="signal"))


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], World]]:
    """The front ends, each started when the first test asks for it."""
    started: dict[str, World] = {}
    with ExitStack() as stack:

        def start(front: str) -> World:
            if front not in started:
                started[front] = stack.enter_context(running_world(front, tmp_path_factory.mktemp(front)))
            return started[front]

        yield start


@pytest.fixture(scope="session")
def names() -> Iterator[str]:
    """Names of notebooks, no two alike: JupyterLab remembers what it knew of a file of the same name."""
    return (f"work-{number}.ipynb" for number in count(1))


@pytest.fixture
def front() -> str:
    """Which front end; a module overrides it by parametrizing."""
    return "lab"


@pytest.fixture
def world(worlds: Callable[[str], World], front: str) -> World:
    return worlds(front)


@pytest.fixture(scope="session")
def watch() -> Secrecy:
    return Secrecy()


@pytest.fixture
def secrecy(watch: Secrecy) -> Secrecy:
    """What the pages of this test see."""
    watch.begin()
    return watch


@pytest.fixture(scope="session")
def kept_pages() -> dict[str, Page]:
    """A JupyterLab takes seconds to load: it stays open from test to test, with an empty browser around it."""
    return {}


@pytest.fixture
def page(browser: Browser, front: str, secrecy: Secrecy, kept_pages: dict[str, Page]) -> Iterator[Page]:
    """The page of the front end, whose browser has no cookies of ours and no other page."""
    if front in kept_pages:
        yield kept_pages[front]
        return
    page = new_page(browser, secrecy)
    if front == "lab":
        kept_pages[front] = page
    yield page
    if front != "lab":
        secrecy.close(page.context)


@pytest.fixture
def context(page: Page) -> BrowserContext:
    return page.context


@pytest.fixture
def fresh_page(browser: Browser, secrecy: Secrecy) -> Iterator[Page]:
    """A page in a browser of its own, for tests that change it for good."""
    page = new_page(browser, secrecy)
    yield page
    secrecy.close(page.context)


def new_page(browser: Browser, secrecy: Secrecy) -> Page:
    context = new_context(browser, viewport=VIEWPORT, locale="en-GB")
    secrecy.watch(context)
    return context.new_page()


def show_failure(browser: Browser, name: str) -> None:
    """Write what every page shows to FLOWAUTH_SCREENSHOTS, if that names a folder."""
    if folder := os.environ.get("FLOWAUTH_SCREENSHOTS"):
        for number, page in enumerate(page for context in browser.contexts for page in context.pages):
            with suppress(Error):
                page.screenshot(path=Path(folder) / f"failed-{name}-{number}.png")


@pytest.fixture(autouse=True)
def nothing_secret_is_seen(
    request: pytest.FixtureRequest, world: World, browser: Browser, secrecy: Secrecy, kept_pages: dict[str, Page]
) -> Iterator[None]:
    """Search whatever a test has seen and left, and see that no login is left behind; then clear up."""
    secrecy.world, failed = world, request.session.testsfailed
    yield
    has_failed = request.session.testsfailed > failed
    if has_failed:
        show_failure(browser, request.node.name)
    for context in browser.contexts:
        for page in context.pages:
            secrecy.look_at(page)
    pending, found = world.pending_files(patience=0 if has_failed else 60), secrecy.search()
    for front, page in list(kept_pages.items()):
        if has_failed or not is_as_opened(page):
            kept_pages.pop(front).context.close()
        else:
            empty_lab(page)
    world.clear()
    assert bool(found) == secrecy.planted, found
    assert pending == []


@pytest.fixture
def notebook(page: Page, world: World, names: Iterator[str]) -> OpenNotebook:
    """Open a notebook with these cells."""

    def open_one(*cells: str, page: Page = page) -> Notebook:
        return open_notebook(page, world, next(names), *cells)

    return open_one


@pytest.fixture
def log_in_quietly(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Hold these scopes from before, without a browser: for tests that begin where a login has ended."""
    for name, value in build_demo_environment(world.folder, world.sandbox.url).items():
        monkeypatch.setenv(name, value)

    def log_in(*scopes: str, user: str = "alice") -> None:
        visitor = world.sandbox.visitor()
        agent = LoopbackUserAgent(open_browser=lambda url: visitor.get(visitor.approve(url, user=user)))
        FlowAuth(GlobusProvider(SANDBOX_CLIENT_ID), storage=world.tokens, user_agent=agent).login(scopes)

    return log_in
