"""``auth.widget()``: the login state of a notebook, with buttons."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, expect

from .conftest import OpenNotebook
from .notebook import GROUPS, LOAD, TRANSFER, Notebook
from .provider_pages import agree, open_popup
from .world import World

REQUIRE = f'auth.require(["{TRANSFER}", "{GROUPS}"])'


def show_widget(notebook: OpenNotebook, *cells: str) -> tuple[Notebook, Locator]:
    work = notebook(LOAD, f"{REQUIRE}\nauth.widget()", *cells)
    work.run(0, 1)
    return work, work.card(1)


def test_the_widget_says_that_nobody_is_logged_in(notebook: OpenNotebook) -> None:
    _, widget = show_widget(notebook)
    expect(widget).to_have_attribute("data-status", "logged_out")
    expect(widget).to_contain_text("Not logged in")
    expect(widget.get_by_role("button", name="Log out")).to_be_hidden()


def test_the_widgets_button_logs_in(notebook: OpenNotebook) -> None:
    work, widget = show_widget(notebook, f"auth.missing(['{TRANSFER}'])")
    agree(open_popup(widget))
    expect(widget).to_have_attribute("data-status", "logged_in")
    expect(widget).to_contain_text("alice@sandbox.example")
    expect(widget.locator(".jfa-mod-granted")).to_have_count(2)
    work.run(2)
    expect(work.output(2)).to_contain_text("()")


def test_the_widgets_login_can_be_cancelled(notebook: OpenNotebook) -> None:
    _, widget = show_widget(notebook)
    popup = open_popup(widget)
    expect(popup.get_by_role("heading", name="Log in")).to_be_visible()
    widget.get_by_role("button", name="Cancel").click()
    expect(widget).to_have_attribute("data-status", "cancelled")
    expect(widget.get_by_role("button", name="Log in", exact=True)).to_be_visible()


def test_the_widget_logs_out(notebook: OpenNotebook, world: World, log_in_quietly: Callable[..., None]) -> None:
    log_in_quietly(TRANSFER, GROUPS)
    _, widget = show_widget(notebook)
    expect(widget).to_have_attribute("data-status", "logged_in")
    widget.get_by_role("button", name="Log out").click()
    expect(widget).to_have_attribute("data-status", "logged_out")
    expect(widget).to_contain_text("revoked at Globus")
    assert list(world.tokens.glob("*.json")) == []


def test_the_widget_lists_what_is_missing_with_a_tick_for_what_is_held(notebook: OpenNotebook, log_in_quietly: Callable[..., None]) -> None:
    log_in_quietly(TRANSFER)
    _, widget = show_widget(notebook)
    expect(widget).to_have_attribute("data-status", "missing")
    expect(widget).to_contain_text("1 scope is missing")
    expect(widget.locator(".jfa-mod-granted .jfa-scope")).to_have_text([TRANSFER])


def test_the_widget_logs_in_while_it_says_why_a_denial_ended_it(notebook: OpenNotebook) -> None:
    _, widget = show_widget(notebook)
    popup = open_popup(widget)
    popup.get_by_role("button", name="alice@sandbox.example").click()
    popup.get_by_role("button", name="Deny").click()
    expect(widget).to_have_attribute("data-status", "denied")
    expect(widget).to_contain_text("The login was denied")
