"""Every state of the card, in JupyterLab and in Notebook 7, in every theme: as it was when it was looked at, and open to everybody."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page

from . import gallery
from .pictures import compare, share_of_difference
from .world import World

pytestmark = pytest.mark.timeout(600)
FRONTS = pytest.mark.parametrize("front", ["lab", "notebook"])


@pytest.fixture
def empty(fresh_page: Page, world: World, front: str) -> Iterator[Page]:
    """A front end with nothing open."""
    gallery.open_front(fresh_page, f"{world.base_url}{'lab' if front == 'lab' else 'tree'}?token={world.token}")
    yield fresh_page
    fresh_page.evaluate("() => window.galleryEnd?.()")


@FRONTS
@pytest.mark.parametrize("look", list(gallery.THEMES))
def test_every_state_looks_as_it_did_and_is_open_to_everybody(empty: Page, front: str, look: str) -> None:
    gallery.change_theme(empty, look)
    wrong: list[str] = []
    for name, state in gallery.STATES.items():
        shown = gallery.mount(empty, state)
        wrong += [f"{name}: {finding}" for finding in gallery.audit(empty)]
        png = shown.screenshot(animations="disabled")
        if look != "contrast":
            wrong += [compare(f"{name}-{front}-{look}", png)]
        wrong += [f"{name}: it runs out of a narrow card"] if gallery.is_overflowing(shown) else []
        if folder := os.environ.get("FLOWAUTH_SCREENSHOTS"):
            (Path(folder) / f"gallery-{name}-{front}-{look}.png").write_bytes(png)
    assert [line for line in wrong if line] == []
    empty.evaluate("() => document.querySelector('#gallery .jfa-mod-primary').replaceChildren()")
    assert any("button-name" in finding for finding in gallery.audit(empty)), "a button without a name would be found"


def test_a_word_that_is_drawn_differently_is_noticed() -> None:
    plain = Image.new("RGB", (100, 100), "white")
    changed = plain.copy()
    changed.paste((0, 0, 0), (10, 10, 30, 24))
    assert share_of_difference(plain, plain) == 0
    assert share_of_difference(plain, changed) > 0.02
