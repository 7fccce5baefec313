"""The server's own pages, each as a browser shows it under its policy: as it was when it was looked at, and open to everybody."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from jupyter_flowauth.hub import pages as relay_pages
from jupyter_flowauth.records import LoginResult, ScopeLine
from jupyter_flowauth.server import pages
from jupyter_flowauth.tokens import Identity
from tests.server.conftest import build_request

from . import gallery
from .conftest import new_page
from .pictures import compare
from .secrecy import Secrecy

ADDRESS = "http://jupyter.example/flowauth/page"
FILES = ScopeLine(gallery.FILES["scope"], gallery.FILES["title"], gallery.FILES["service"], granted=True)
GROUPS = replace(FILES, scope=gallery.MEMBERSHIPS["scope"], title=gallery.MEMBERSHIPS["title"], service="Globus Groups")
ALICE = Identity("alice", "alice@sandbox.example", "Alice Sandbox")
MISMATCH = gallery.MISMATCH
_AUDIT = (
    "async tags => (await axe.run({ runOnly: { type: 'tag', values: tags } })).violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`)"
)


def result(outcome: str, message: str = "", **changes: object) -> LoginResult:
    return replace(LoginResult("0" * 32, outcome, message, 0.0), **changes)  # type: ignore[arg-type]  # one of the seven


PAGES = {
    "done": pages.build_result_page(result("done", identity=ALICE, scopes=("a", "b")), (FILES, GROUPS)),
    "done-less": pages.build_result_page(
        result("done", identity=ALICE, scopes=("a",), missing=("b",)), (FILES, replace(GROUPS, granted=False))
    ),
    "denied": pages.build_result_page(result("denied"), ()),
    "cancelled": pages.build_result_page(result("cancelled"), ()),
    "timed-out": pages.build_result_page(result("timed_out"), ()),
    "failed": pages.build_result_page(
        result("failed", "Globus has trouble of its own (status 500); nothing was lost here; try again later"), ()
    ),
    "mismatch": pages.build_result_page(result("mismatch", MISMATCH), ()),
    "interrupted": pages.build_result_page(result("interrupted"), ()),
    "finishing": replace(pages.build_finishing_page(is_late=False), refresh_seconds=None),
    "late": pages.build_finishing_page(is_late=True),
    "unknown": pages.build_unknown_page(),
    "answered": pages.build_answered_page(),
    "elsewhere": pages.build_elsewhere_page(build_request(user_agent="loopback")),
    "next-way": pages.build_unregistered_page(
        build_request(), "https://hub.example.org/user/alice/flowauth/callback/globus", paste_link=None
    ),
    "paste": pages.build_unregistered_page(
        build_request(), "https://hub.example.org/user/alice/flowauth/callback/globus", paste_link="/flowauth/login/1?paste=1"
    ),
    "refused": pages.build_refusal_page(
        "This answer isn't ours",
        "This answer belongs to no login that was started in this browser. Nothing was kept. Start the login again from your notebook.",
    ),
}
LOOKS = pytest.mark.parametrize("look", ["light", "dark"])


@pytest.fixture(scope="module")
def window(browser: object, watch: Secrecy) -> Iterator[Page]:
    """A window of the popup's size, whose address answers with whatever page is set."""
    page = new_page(browser, watch)  # type: ignore[arg-type]  # the fixture's own type
    page.set_viewport_size({"width": 560, "height": 720})
    yield page
    page.context.close()


def show(window: Page, name: str) -> None:
    """Show a page of the server's, under the policy that it sends with it."""
    show_text(window, pages.render_page(PAGES[name]), policy=pages.CONTENT_SECURITY_POLICY)


def show_text(window: Page, text: str, *, policy: str) -> None:
    def give(route: Route) -> None:
        route.fulfill(body=text, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": policy})

    window.unroute_all()
    window.route(ADDRESS, give)
    window.goto(ADDRESS)
    expect(window.locator("h1")).to_be_visible()


def audit(window: Page) -> list[str]:
    """Return what axe finds wrong."""
    window.evaluate(gallery.AXE.read_text(encoding="utf-8"))
    found: list[str] = window.evaluate(_AUDIT, [*gallery.STANDARDS, "best-practice"])
    return found


@LOOKS
def test_every_page_looks_as_it_did_and_is_open_to_everybody(window: Page, look: str) -> None:
    window.emulate_media(color_scheme=look, reduced_motion="reduce", forced_colors="none")  # type: ignore[arg-type]
    wrong: list[str] = []
    for name in PAGES:
        show(window, name)
        png = window.locator("main").screenshot(animations="disabled")
        wrong += [compare(f"page-{name}-{look}", png)]
        wrong += [f"{name}: {finding}" for finding in audit(window)]
        if folder := os.environ.get("FLOWAUTH_SCREENSHOTS"):
            window.screenshot(path=Path(folder) / f"page-{name}-{look}.png")
    assert [line for line in wrong if line] == []


@LOOKS
def test_the_pages_of_a_hubs_login_service_are_open_to_everybody(window: Page, look: str) -> None:
    window.emulate_media(color_scheme=look, reduced_motion="reduce", forced_colors="none")  # type: ignore[arg-type]
    text = relay_pages.render_page("Not started in this browser", "This login was started in another browser, or its time is over.")
    show_text(window, text, policy=relay_pages.CONTENT_SECURITY_POLICY)
    assert audit(window) == []


@pytest.mark.parametrize("name", list(PAGES))
def test_every_page_prints_the_next_step(name: str) -> None:
    said = re.sub(r"<[^>]*>", " ", pages.render_page(PAGES[name]).partition("</style>")[2])
    assert re.search("notebook|Look where you started it|This page looks again|register this address", said), said


def test_without_colours_of_their_own_pages_still_say_what_they_say_and_nothing_moves(window: Page) -> None:
    window.emulate_media(forced_colors="active", reduced_motion="reduce")
    show(window, "finishing")
    assert window.evaluate("() => document.getAnimations().length") == 0
    show(window, "done-less")
    marks = window.evaluate("() => [...document.querySelectorAll('li')].map(line => getComputedStyle(line, '::before').content)")
    assert len(set(marks)) == 2, "what was granted and what was not differ by their signs"
    assert window.locator(".mark").evaluate("mark => getComputedStyle(mark).stroke !== 'none' && mark.getBoundingClientRect().width > 0")
    window.emulate_media(forced_colors="none", reduced_motion="no-preference")
    show(window, "finishing")
    assert window.evaluate("() => document.getAnimations().length") == 1, "an animation that runs would be seen"
