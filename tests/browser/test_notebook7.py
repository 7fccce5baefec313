"""What Notebook 7 has places for: the panel, its menu entries, and the notice that a notebook in another tab waits."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .conftest import OpenNotebook
from .notebook import LOAD, LOGIN
from .world import World


@pytest.fixture
def front() -> str:
    return "notebook"


def test_a_notebook_in_another_tab_that_waits_is_told_and_a_click_goes_there(
    notebook: OpenNotebook, page: Page, fresh_page: Page, world: World
) -> None:
    work = notebook(LOAD, LOGIN)
    fresh_page.goto(f"{world.base_url}tree?token={world.token}")
    work.start(0)
    work.start(1)
    work.expect_card(1)
    toast = fresh_page.locator(".Toastify__toast").filter(has_text=f"{work.name} waits for you to log in through Globus.")
    with fresh_page.expect_popup() as opened:
        toast.get_by_role("button", name="Go there").click()
    expect(opened.value).to_have_url(f"{world.base_url}notebooks/{work.name}")
    expect(page.locator(".Toastify__toast")).to_have_count(0)
    work.card(1).get_by_role("button", name="Cancel").click()
    work.expect_ended(1)
    expect(toast).to_have_count(0)


def test_the_menu_leads_to_the_panel(notebook: OpenNotebook, page: Page) -> None:
    work = notebook(LOAD)
    for entry in ("FlowAuth: Log In", "FlowAuth: Show Logins"):
        page.locator(".lm-MenuBar-item").get_by_text("View", exact=True).click()
        expect(page.locator(".lm-Menu-item").filter(has_text=entry)).to_be_visible()
        page.keyboard.press("Escape")
    work.menu("View", "FlowAuth: Show Logins")
    panel = page.locator(".jp-FlowAuth-panel")
    expect(panel.get_by_role("button", name="Log in")).to_be_visible()
