"""The picture of the relay's page in the manual: taken here, of a real relay, and stale if the page looks otherwise now."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import new_context
from tests.browser.pictures import compare

from .world import HubWorld

PICTURES = Path(__file__).parents[2] / "docs" / "_static"
STRANGE_ANSWER = "callback/globus?code=a-code&state=a-state"


@pytest.mark.parametrize("look", ["light", "dark"])
def test_the_manual_shows_the_relays_page_as_it_is(hub: HubWorld, browser: Browser, look: str) -> None:
    context = new_context(browser, viewport={"width": 480, "height": 340}, device_scale_factor=1.5, color_scheme=look)
    page = context.new_page()
    page.goto(f"{hub.relay_url}{STRANGE_ANSWER}")
    wrong = compare(f"relay-{look}", page.screenshot(animations="disabled"), folder=PICTURES)
    context.close()
    assert wrong == "", "FLOWAUTH_NEW_REFERENCES=1 takes it anew; then look at it"
