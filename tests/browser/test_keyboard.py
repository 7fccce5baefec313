"""A whole login by the keyboard alone, and what a screen reader says of it: kept as a transcript that was read."""

from __future__ import annotations

import os
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from . import gallery
from .conftest import OpenNotebook
from .notebook import LOAD, LOGIN
from .provider_pages import kept_open

TRANSCRIPT = Path(__file__).parent / "references" / "login-transcript.txt"
# More than the card has; a button that can't be reached by them can't be reached.
MOST_TABS = 30


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until a control has the focus."""
    for _ in range(MOST_TABS):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{target} can't be reached by the Tab key")


def read(place: Locator) -> str:
    """Return what the accessibility tree holds, without what differs from run to run."""
    said = re.sub(r"127\.0\.0\.1:\d+", "auth.example.org", place.aria_snapshot())
    return re.sub(r"\d:\d\d left", "4:59 left", said)


def test_a_whole_login_by_the_keyboard_as_a_screen_reader_says_it(notebook: OpenNotebook) -> None:
    work = notebook(LOAD, LOGIN)
    work.start(0)
    work.start(1)
    card, said = work.expect_card(1), []
    said.append(f"# The card, in the cell's output\n{read(card)}")
    work.page.keyboard.press("Escape")
    button = card.get_by_role("button", name="Log in", exact=True)
    tab_to(work.page, button)
    with kept_open(work.page):
        with work.page.expect_popup() as opened:
            work.page.keyboard.press("Enter")
        said.append(f"# The popup's last page\n{go_through(opened.value)}")
        work.expect_ended(1)
        expect(work.output(1)).to_contain_text("2 scopes granted")
        said.append(f"# The cell's output afterwards\n{read(work.output(1))}")
        # The focus is where it was: in the cell.
        work.page.wait_for_function("() => document.activeElement.closest('.jp-Cell') !== null")
    transcript = "\n\n".join(said) + "\n"
    if os.environ.get("FLOWAUTH_NEW_REFERENCES"):
        TRANSCRIPT.write_text(transcript, encoding="utf-8")
    assert transcript == TRANSCRIPT.read_text(encoding="utf-8")


def go_through(popup: Page) -> str:
    """Say who one is and agree, by the keyboard; return what the last page says, once axe has found nothing wrong with it."""
    alice = popup.get_by_role("button", name="alice@sandbox.example")
    expect(alice).to_be_visible()
    tab_to(popup, alice)
    popup.keyboard.press("Enter")
    allow = popup.get_by_role("button", name="Allow")
    expect(allow).to_be_visible()
    tab_to(popup, allow)
    popup.keyboard.press("Enter")
    expect(popup.get_by_role("heading", name="You are alice@sandbox.example, 2 scopes granted")).to_be_visible()
    popup.evaluate(gallery.AXE.read_text(encoding="utf-8"))
    assert popup.evaluate("async () => (await axe.run()).violations.map(({ id }) => id)") == []
    return read(popup.locator("main"))
