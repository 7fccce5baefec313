"""Pictures of everything a person sees, light and dark: written to FLOWAUTH_SCREENSHOTS, collected only where that is set."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import OpenNotebook
from .notebook import GROUPS, LOAD, LOGIN, MANAGE_GROUPS, TRANSFER, Notebook
from .provider_pages import agree, choose, deny, open_link
from .world import World

FOLDER = Path(os.environ.get("FLOWAUTH_SCREENSHOTS", ""))
SENTENCES = {
    "done": "2 scopes granted",
    "denied": "denied",
    "cancelled": "cancelled",
    "timed_out": "Nobody answered the login in time",
    "failed": "trouble of its own",
    "interrupted": "interrupted",
}
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
CHANGE_THEME = "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"

pytestmark = pytest.mark.parametrize("look", ["light", "dark"])


@pytest.fixture
def lab(fresh_page: Page, world: World, look: str) -> Page:
    """A JupyterLab of its own in the theme."""
    fresh_page.emulate_media(color_scheme=look)  # type: ignore[arg-type]
    fresh_page.goto(f"{world.base_url}lab?token={world.token}&reset")
    expect(fresh_page.locator(".jp-FlowAuth-status")).to_be_visible()
    fresh_page.evaluate(CHANGE_THEME, THEMES[look])
    expect(fresh_page.locator("body")).to_have_attribute("data-jp-theme-light", "true" if look == "light" else "false")
    return fresh_page


def shoot(what: Page | Locator, name: str, look: str) -> None:
    what.screenshot(path=FOLDER / f"{name}-{look}.png")


def start(notebook: OpenNotebook, lab: Page, cell: str = LOGIN) -> Notebook:
    work = notebook(LOAD, cell, page=lab)
    work.start(0)
    work.start(1)
    work.expect_card(1)
    return work


def end(work: Notebook, how: str) -> None:
    """End the login that a notebook waits for."""
    if how == "cancelled":
        work.card(1).get_by_role("button", name="Cancel").click()
    elif how == "interrupted":
        work.menu("Kernel", "Interrupt Kernel")
    elif how == "failed":
        work.world.sandbox.set_fault("token", "status:500")
    if how in {"done", "failed", "denied"}:
        tab = open_link(work.card(1))
        tab.set_viewport_size({"width": 560, "height": 720})
        choose(tab)
        (deny if how == "denied" else lambda page: page.get_by_role("button", name="Allow").click())(tab)
        expect(tab.locator("main:not(.wait) h1")).to_be_visible()
        expect(tab).to_have_url(re.compile("/flowauth/done/"))


@pytest.mark.parametrize("how", ["done", "denied", "cancelled", "timed_out", "failed", "interrupted"])
def test_every_end_of_a_login(notebook: OpenNotebook, lab: Page, look: str, how: str) -> None:
    work = start(notebook, lab, f"{LOGIN} --timeout 2" if how == "timed_out" else LOGIN)
    if how == "done":
        shoot(work.card(1), "card-waiting", look)
        shoot(lab, "lab-waiting", look)
    end(work, how)
    work.expect_ended(1)
    expect(work.output(1)).to_contain_text(SENTENCES[how], ignore_case=True)
    shoot(work.cell(1), f"sentence-{how}", look)
    for tab in lab.context.pages[1:]:
        tab.emulate_media(color_scheme=look)  # type: ignore[arg-type]
        shoot(tab, f"page-{how}", look)


def test_the_side_panel(notebook: OpenNotebook, lab: Page, look: str, log_in_quietly: Callable[..., None]) -> None:
    lab.locator(".jp-FlowAuth-status").click()
    panel = lab.locator(".jp-FlowAuth-panel")
    expect(panel.get_by_role("button", name="Log in")).to_be_visible()
    shoot(panel, "panel-logged-out", look)
    log_in_quietly(TRANSFER, GROUPS)
    work = start(notebook, lab, f"%login {MANAGE_GROUPS}")
    expect(panel.get_by_role("heading", name="Waiting")).to_be_visible()
    expect(panel.get_by_role("heading", name="Accounts")).to_be_visible()
    shoot(panel, "panel-waiting", look)
    shoot(lab, "lab-panel", look)
    agree(open_link(work.card(1)))
    work.expect_ended(1)


def test_the_widget(notebook: OpenNotebook, lab: Page, look: str, log_in_quietly: Callable[..., None]) -> None:
    log_in_quietly(TRANSFER)
    work = notebook(LOAD, f'auth.require(["{TRANSFER}", "{GROUPS}"])\nauth.widget()', "auth.logout()\nauth.widget()", page=lab)
    work.run(0, 1)
    expect(work.card(1)).to_have_attribute("data-status", "missing")
    shoot(work.card(1), "widget-missing", look)
    work.run(2)
    expect(work.card(2)).to_have_attribute("data-status", "logged_out")
    shoot(work.card(2), "widget-logged-out", look)
