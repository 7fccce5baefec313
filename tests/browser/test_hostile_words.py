"""ATTACKS 18: what a stranger says is shown as it is spelled, and never read as markup."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from jupyter_flowauth.sandbox.settings import HOSTILE_MARKUP

from .conftest import OpenNotebook
from .notebook import LOAD, LOGIN, TRANSFER, open_notebook
from .provider_pages import choose, deny, log_in, open_link
from .world import World


@pytest.fixture
def hostile(world: World) -> World:
    """A provider whose user's name and whose error are markup."""
    world.sandbox.configure(display_names={"alice": HOSTILE_MARKUP}, denial_description=HOSTILE_MARKUP)
    return world


@pytest.fixture(autouse=True)
def no_script_ran(page: Page) -> Iterator[None]:
    dialogs: list[str] = []

    def refuse(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.context.on("dialog", refuse)
    yield
    # The page is kept for the tests that come.
    page.context.remove_listener("dialog", refuse)
    assert dialogs == []


def expect_text_alone(place: Locator) -> None:
    """See that no element came of the markup."""
    expect(place.locator('img, script, b, [onerror], [src="x"]')).to_have_count(0)


def test_a_hostile_name_is_text_in_the_cell_and_on_the_last_page(notebook: OpenNotebook, hostile: World) -> None:
    work = notebook(LOAD, LOGIN)
    work.start(0)
    work.start(1)
    tab = open_link(work.expect_card(1))
    choose(tab)
    expect(tab.get_by_text(HOSTILE_MARKUP)).to_be_visible()
    tab.get_by_role("button", name="Allow").click()
    expect(tab.get_by_role("heading", name="You are alice@sandbox.example")).to_be_visible()
    expect_text_alone(tab.locator("body"))
    work.expect_ended(1)
    expect_text_alone(work.output(1))


def test_a_hostile_name_is_text_in_the_widget(notebook: OpenNotebook, hostile: World, log_in_quietly: Callable[..., None]) -> None:
    log_in_quietly(TRANSFER)
    work = notebook(LOAD, "auth.widget()")
    work.run(0, 1)
    expect(work.card(1).get_by_text(HOSTILE_MARKUP)).to_be_visible()
    expect_text_alone(work.card(1))


def test_a_hostile_name_is_text_in_the_side_panel(notebook: OpenNotebook, hostile: World) -> None:
    work = notebook(LOAD, LOGIN)
    work.start(0)
    work.start(1)
    log_in(work.expect_card(1))
    work.expect_ended(1)
    work.page.locator(".jp-FlowAuth-status").click()
    panel = work.page.locator(".jp-FlowAuth-panel")
    expect(panel.get_by_text(HOSTILE_MARKUP)).to_be_visible()
    expect_text_alone(panel)


def test_a_notebooks_hostile_name_is_text_in_the_notice_and_in_the_side_panel(page: Page, notebook: OpenNotebook, world: World) -> None:
    """A shared folder may hold it: JupyterLab's notice is what shows it."""
    name = "<img src=x onerror=alert(1)>.ipynb"
    work = open_notebook(page, world, name, LOAD, LOGIN)
    work.start(0)
    work.start(1)
    work.expect_card(1)
    notebook(LOAD)
    toast = page.locator(".Toastify__toast").filter(has_text=f"{name} waits for you to log in through Globus.")
    expect(toast).to_be_visible()
    expect_text_alone(toast)
    page.locator(".jp-FlowAuth-status").click()
    panel = page.locator(".jp-FlowAuth-panel")
    expect(panel.get_by_text(name).first).to_be_visible()
    expect_text_alone(panel)
    panel.get_by_role("button", name="Cancel").click()
    expect(toast).to_have_count(0)


def test_a_hostile_error_is_text_in_the_cell_and_on_the_last_page(notebook: OpenNotebook, hostile: World) -> None:
    work = notebook(LOAD, LOGIN)
    work.start(0)
    work.start(1)
    tab = open_link(work.expect_card(1))
    choose(tab)
    deny(tab)
    expect(tab.get_by_role("heading", name="The login was denied")).to_be_visible()
    expect_text_alone(tab.locator("body"))
    work.expect_ended(1)
    expect(work.output(1)).to_contain_text("The login was denied")
    expect_text_alone(work.output(1))


def test_a_hostile_scope_is_text_on_the_card(notebook: OpenNotebook) -> None:
    scope = "urn:<img/src=x/onerror=alert(1)>"
    work = notebook(LOAD, f"%login {scope}")
    work.start(0)
    work.start(1)
    card = work.expect_card(1)
    expect(card.locator(".jfa-scope")).to_have_text([scope])
    expect_text_alone(card)
    card.get_by_role("button", name="Cancel").click()
    work.expect_ended(1)
    expect_text_alone(work.output(1))
