"""Everything a person sees in JupyterLab, in a language in which each of our messages is in brackets: no letter stands outside."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from . import gallery, language
from .conftest import OpenNotebook
from .notebook import LOAD, LOGIN, TRANSFER
from .world import World

ALICE, BOB = "alice@sandbox.example", "bob@sandbox.example"
# What the made-up states hold of strangers: names, hosts, codes and commands.
NAMES = ("Globus", "auth.globus.org", "Alice Sandbox", "כניסה אחידה", "sso.example.org", "WDJB-MJHT", "Service", "Use thing", ALICE, BOB)
ADDRESSES = ("https://sso.example.org/realms/school/device", "Data of a collection")


@pytest.fixture
def lab(fresh_page: Page, world: World) -> Page:
    """A JupyterLab that speaks the pseudo-language."""
    language.speak(fresh_page)
    gallery.open_front(fresh_page, f"{world.base_url}lab?token={world.token}&reset")
    expect(fresh_page.locator(".jp-FlowAuth-status")).to_have_text(re.compile("^⟦"))
    return fresh_page


def test_every_state_of_the_card_is_translated(lab: Page) -> None:
    left = {}
    for name, state in gallery.STATES.items():
        shown = gallery.mount(lab, state)
        initial = state.traits["identity"]["username"][0].upper() if state.traits.get("identity") else ""
        left[name] = language.untranslated(shown, *NAMES, *ADDRESSES, initial)
    assert {name: texts for name, texts in left.items() if texts} == {}
    lab.evaluate("() => window.galleryEnd()")


def test_the_panel_the_status_bar_and_a_notice_are_translated(
    lab: Page, notebook: OpenNotebook, world: World, log_in_quietly: Callable[..., None]
) -> None:
    log_in_quietly(TRANSFER)
    spoiled = world.tokens / f"{'0' * 16}-{'0' * 16}.json"
    spoiled.write_text('{"format": 99}', encoding="utf-8")
    waits = notebook(LOAD, f"{LOGIN} --account {BOB}", page=lab)
    waits.start(0)
    waits.start(1)
    waits.expect_card(1)
    other = notebook(LOAD, page=lab)
    notice = lab.locator(".Toastify__toast").filter(has_text=waits.name)
    expect(notice).to_be_visible()
    status, panel = lab.locator(".jp-FlowAuth-status"), lab.locator(".jp-FlowAuth-panel")
    status.click()
    panel.get_by_role("button", name="⟦Log in as somebody else⟧").dispatch_event("click")
    expect(panel.locator(".jfa-view")).to_have_count(2)
    expect(panel).to_contain_text(spoiled.name)
    host = re.sub("^http://", "", world.sandbox.url)
    data = (waits.name, other.name, host, str(world.tokens), spoiled.name, "Globus", "Alice Sandbox", ALICE, BOB, "A")
    assert [text for place in (notice.locator(".jp-toast-message"), status, panel) for text in language.untranslated(place, *data)] == []
    notice.get_by_role("button", name="⟦Go there⟧").click()
    waits.card(1).get_by_role("button", name="⟦Cancel⟧").click()
    waits.expect_ended(1)


def test_the_menu_and_the_palette_are_translated(lab: Page) -> None:
    # JupyterLab moves its palette from the side to a window of its own, closed, once it has read how it is set up.
    lab.locator(".jp-ModalCommandPalette").wait_for(state="attached")
    # The palette hides when something else takes the focus, or a command is run: JupyterLab itself does both, at any time after its start.
    lab.evaluate("() => window.addEventListener('blur', event => event.stopImmediatePropagation(), true)")
    lab.evaluate("() => { window.jupyterapp.commands.commandExecuted.emit = () => undefined; }")
    lab.evaluate("() => window.jupyterapp.commands.execute('apputils:activate-command-palette')")
    found = lab.locator(".lm-CommandPalette-item").filter(has_text="FlowAuth")
    expect(found).to_have_count(2)
    assert [text for place in found.all() for text in language.untranslated(place)] == []
    lab.keyboard.press("Escape")
    expect(found.first).to_be_hidden()
    lab.locator(".lm-MenuBar-item").get_by_text("View", exact=True).click()
    menu = lab.locator(".lm-Menu-item").filter(has_text="FlowAuth")
    expect(menu).to_have_count(2)
    assert [text for place in menu.all() for text in language.untranslated(place)] == []
    lab.keyboard.press("Escape")


def test_a_message_that_nobody_translated_is_found(lab: Page) -> None:
    shown = gallery.mount(lab, gallery.ended("denied", "The login was denied for a reason that is in no catalogue."))
    assert language.untranslated(shown, *NAMES) == ["The login was denied for a reason that is in no catalogue."]
    lab.evaluate("() => window.galleryEnd()")
