"""What a person does on the sandbox's pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

TOKENS = Path(__file__).parents[2] / "labextension" / "src" / "tokens.ts"
_STOP = """after => {
  const real = window.keptTimeout = window.setTimeout;
  window.setTimeout = (call, wait, ...more) => wait === after ? 0 : real.call(window, call, wait, ...more);
}"""


def kept_open(page: Page) -> AbstractContextManager[None]:
    """Let the view close no popup meanwhile: it does so when a person has read the last page, and a test may be slower than a person."""
    (after,) = re.findall(r"CLOSE_POPUP_MILLISECONDS = ([0-9_]+)", TOKENS.read_text(encoding="utf-8"))
    return without_timers(page, int(after.replace("_", "")))


@contextmanager
def without_timers(page: Page, after: int) -> Iterator[None]:
    """Let a page start no timer of so many milliseconds meanwhile."""
    page.evaluate(_STOP, after)
    try:
        yield
    finally:
        page.evaluate("() => { window.setTimeout = window.keptTimeout; }")


def open_popup(card: Locator) -> Page:
    """Click a card's button, and return the window that it opens."""
    with card.page.expect_popup() as popup:
        card.get_by_role("button", name="Log in", exact=True).click()
    return popup.value


def unfold(card: Locator) -> None:
    """Show the other ways to log in, if they aren't shown."""
    if card.locator(".jfa-ways").get_attribute("open") is None:
        card.get_by_text("Other ways to log in").click()


def unfold_more(card: Locator) -> None:
    """Show the ways for whom the first one does not work either, if they aren't shown."""
    unfold(card)
    if card.locator(".jfa-more").get_attribute("open") is None:
        card.get_by_text("If no new tab opens, or no page comes back").click()


def open_link(card: Locator) -> Page:
    """Click the link on a card, and return the tab that it opens."""
    unfold(card)
    with card.page.context.expect_page() as tab:
        card.get_by_role("link", name="Open the login page in a new tab").click()
    return tab.value


def choose(page: Page, user: str = "alice") -> None:
    """Say who one is."""
    page.get_by_role("button", name=f"{user}@sandbox.example").click()
    expect(page.get_by_role("heading", name="Allow access?")).to_be_visible()


def allow(page: Page) -> None:
    page.get_by_role("button", name="Allow").click()


def deny(page: Page) -> None:
    page.get_by_role("button", name="Deny").click()


def agree(page: Page, user: str = "alice") -> None:
    """Say who one is, and allow everything."""
    choose(page, user)
    allow(page)


def log_in(card: Locator, user: str = "alice") -> Page:
    """Go the whole way from a card's button to *Allow*, and return the window."""
    popup = open_popup(card)
    agree(popup, user)
    return popup
