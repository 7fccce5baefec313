"""JupyterLab's own panel and status bar, with no kernel at all."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import OpenNotebook
from .notebook import GROUPS, LOAD, LOGIN, TRANSFER
from .provider_pages import agree, log_in, open_popup
from .world import World

IN_FRONT = "path => window.jupyterapp.shell.currentWidget?.context?.path === path"


@pytest.fixture
def lab(fresh_page: Page, world: World) -> Page:
    """A JupyterLab with nothing open."""
    fresh_page.goto(f"{world.base_url}lab?token={world.token}&reset")
    expect(status_item(fresh_page)).to_be_visible()
    return fresh_page


def status_item(page: Page) -> Locator:
    return page.locator(".jp-FlowAuth-status")


def open_panel(page: Page) -> Locator:
    """Click the status bar, and return the panel."""
    status_item(page).click()
    panel = page.locator(".jp-FlowAuth-panel")
    expect(panel).to_be_visible()
    return panel


def test_the_panel_logs_in_with_no_kernel(lab: Page, world: World) -> None:
    expect(status_item(lab)).to_have_text("Log in")
    panel = open_panel(lab)
    agree(open_popup(panel))
    expect(status_item(lab)).to_have_text("Logged in: alice@sandbox.example")
    expect(panel.get_by_role("heading", name="Accounts")).to_be_visible()
    assert world.call("api/kernels") == []


def test_a_login_of_the_panel_is_there_in_a_notebook(lab: Page, notebook: OpenNotebook) -> None:
    agree(open_popup(open_panel(lab)))
    expect(status_item(lab)).to_have_text("Logged in: alice@sandbox.example")
    work = notebook(LOAD, "%whoami")
    work.run(0, 1)
    expect(work.output(1)).to_contain_text("alice@sandbox.example is logged in at Globus")


def test_the_panel_logs_an_account_out(lab: Page, world: World, log_in_quietly: Callable[..., None]) -> None:
    log_in_quietly(TRANSFER)
    lab.reload()
    expect(status_item(lab)).to_have_text("Logged in: alice@sandbox.example")
    open_panel(lab).get_by_role("button", name="Log out").click()
    expect(status_item(lab)).to_have_text("Log in")
    assert list(world.tokens.glob("*.json")) == []


def test_the_panel_shows_the_login_that_a_notebook_waits_for(notebook: OpenNotebook) -> None:
    work = notebook(LOAD, LOGIN)
    work.start(0)
    work.start(1)
    work.expect_card(1)
    page = work.page
    expect(status_item(page)).to_have_text("1 login waiting")
    panel = open_panel(page)
    waiting = panel.locator('.jfa-view[data-status="waiting"]')
    expect(waiting.locator(".jfa-scope")).to_have_text([TRANSFER, GROUPS])
    log_in(waiting)
    expect(work.output(1)).to_contain_text("You are alice@sandbox.example, 2 scopes granted.")
    expect(status_item(page)).to_have_text("Logged in: alice@sandbox.example")


def test_a_login_made_elsewhere_shows_in_the_status_bar_and_in_a_widget(
    notebook: OpenNotebook, log_in_quietly: Callable[..., None]
) -> None:
    work = notebook(LOAD, "auth.widget()")
    work.run(0, 1)
    expect(work.card(1)).to_have_attribute("data-status", "logged_out")
    expect(status_item(work.page)).to_have_text("Log in")
    log_in_quietly(TRANSFER)
    # Without word from the server it is asked every other minute.
    expect(status_item(work.page)).to_have_text("Logged in: alice@sandbox.example")
    expect(work.card(1)).to_have_attribute("data-status", "logged_in")


def test_a_second_identity_logs_in_beside_the_first(lab: Page, world: World, log_in_quietly: Callable[..., None]) -> None:
    log_in_quietly(TRANSFER)
    expect(status_item(lab)).to_have_text("Logged in: alice@sandbox.example")
    panel = open_panel(lab)
    expect(panel).to_contain_text("Renewed by itself, the next time in")
    panel.get_by_role("button", name="Log in as somebody else").click()
    panel.get_by_label("Username or email").fill("bob@sandbox.example")
    with lab.expect_popup() as popup:
        panel.get_by_role("button", name="Log in as that one").click()
    agree(popup.value, "bob")
    expect(status_item(lab)).to_have_text("Logged in: bob@sandbox.example and 1 more")
    before = world.sandbox.count("token")
    panel.get_by_role("button", name="Renew now").first.click()
    expect(panel).to_contain_text(re.compile(r"Renewed: \d tokens?\."))
    assert world.sandbox.count("token") > before


def test_a_login_that_a_notebook_behind_another_waits_for_is_told_and_a_click_goes_there(notebook: OpenNotebook) -> None:
    work = notebook(LOAD, LOGIN)
    work.start(0)
    work.start(1)
    work.expect_card(1)
    notebook(LOAD)
    toast = work.page.locator(".Toastify__toast").filter(has_text=f"{work.name} waits for you to log in through Globus.")
    toast.get_by_role("button", name="Go there").click()
    work.expect_card(1)
    expect(toast).to_have_count(0)
    work.card(1).get_by_role("button", name="Cancel").click()
    work.expect_ended(1)


def test_an_account_names_the_notebooks_that_use_it_and_a_click_goes_there(
    lab: Page, notebook: OpenNotebook, log_in_quietly: Callable[..., None]
) -> None:
    log_in_quietly(TRANSFER)
    work = notebook(LOAD, f"auth.authorizers['{TRANSFER}'].get_authorization_header() and None", page=lab)
    uses = open_panel(lab).locator(".jp-FlowAuth-uses")
    work.run(0)
    expect(uses).to_be_hidden()
    work.run(1)
    expect(uses).to_have_text(f"Used by 1 notebook: {work.name}")
    other = notebook(LOAD, page=lab)
    lab.wait_for_function(IN_FRONT, arg=other.name)
    uses.get_by_role("button", name=work.name).click()
    lab.wait_for_function(IN_FRONT, arg=work.name)


def test_the_menu_leads_to_the_panel(lab: Page) -> None:
    lab.locator(".lm-MenuBar-item").get_by_text("View", exact=True).click()
    lab.locator(".lm-Menu-item").filter(has_text="FlowAuth: Show Logins").click()
    expect(lab.locator(".jp-FlowAuth-panel")).to_be_visible()


def test_the_panel_cancels_its_own_login(lab: Page) -> None:
    panel = open_panel(lab)
    popup = open_popup(panel)
    expect(popup.get_by_role("heading", name="Log in")).to_be_visible()
    panel.get_by_role("button", name="Cancel").click()
    expect(panel.locator(".jfa-view")).to_have_attribute("data-status", "cancelled")
