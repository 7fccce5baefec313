"""The pictures of the card and the panel in README and manual: taken here, in a real JupyterLab, and stale if they look otherwise now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from . import gallery
from .chromium import new_context
from .conftest import VIEWPORT, OpenNotebook
from .notebook import LOAD, LOGIN
from .pictures import compare
from .secrecy import Secrecy
from .test_panel_looks import answer
from .world import World

PICTURES = Path(__file__).parents[2] / "docs" / "_static"
SCALE, LARGEST_BYTES = 1.5, 100_000


@pytest.fixture
def sharp_page(browser: Browser, secrecy: Secrecy) -> Iterator[Page]:
    """A page on a screen with finer pixels."""
    context = new_context(browser, viewport=VIEWPORT, locale="en-GB", device_scale_factor=SCALE)
    secrecy.watch(context)
    yield context.new_page()
    secrecy.close(context)


_HANG = """card => {
  const home = document.createElement('div');
  home.id = 'picture';
  home.style.cssText = `position: fixed; inset: 0 auto auto 0; z-index: 99999; width: 560px; padding: 2px 6px;
    background: var(--jp-layout-color0)`;
  home.append(card);
  document.body.append(home);
}"""


def hang(card: Locator) -> Locator:
    """Take a card to the window's corner, where it lies on whole pixels, and return what is around it."""
    page = card.page
    card.evaluate(_HANG)
    return page.locator("#picture")


@pytest.mark.parametrize("look", ["light", "dark"])
def test_the_manual_shows_the_card_as_it_is(sharp_page: Page, world: World, notebook: OpenNotebook, look: str) -> None:
    gallery.open_front(sharp_page, f"{world.base_url}lab?token={world.token}&reset")
    gallery.change_theme(sharp_page, look)
    work = notebook(LOAD, LOGIN, page=sharp_page)
    work.start(0)
    work.start(1)
    card = work.expect_card(1)
    expect(card.get_by_role("button", name="Log in", exact=True)).to_be_visible()
    picture = hang(card)
    wrong = compare(f"card-{look}", picture.screenshot(animations="disabled"), folder=PICTURES)
    picture.get_by_role("button", name="Cancel").click()
    work.expect_ended(1)
    assert wrong == "", "FLOWAUTH_NEW_REFERENCES=1 takes it anew; then look at it"
    assert (PICTURES / f"card-{look}.png").stat().st_size < LARGEST_BYTES


@pytest.mark.parametrize("look", ["light", "dark"])
def test_the_manual_shows_the_panel_as_it_is(sharp_page: Page, world: World, look: str) -> None:
    values = answer()
    one = {**values, "accounts": values["accounts"][:1], "pending": [], "problems": []}
    sharp_page.route("**/flowauth/api/**", lambda route: route.fulfill(json=one))
    sharp_page.set_viewport_size({"width": 1100, "height": 610})
    gallery.open_front(sharp_page, f"{world.base_url}lab?token={world.token}&reset")
    gallery.change_theme(sharp_page, look)
    sharp_page.locator(".jp-FlowAuth-status").click()
    panel = sharp_page.locator(".jp-FlowAuth-panel")
    expect(panel.get_by_role("button", name="Renew now")).to_be_visible()
    wrong = compare(f"panel-{look}", panel.screenshot(animations="disabled"), folder=PICTURES)
    assert wrong == "", "FLOWAUTH_NEW_REFERENCES=1 takes it anew; then look at it"
