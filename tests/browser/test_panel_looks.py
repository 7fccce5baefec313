"""The panel and the status bar with made-up values: as they were when they were looked at, and open to everybody."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from . import gallery
from .pictures import compare
from .world import World

LOOKS = pytest.mark.parametrize("look", list(gallery.THEMES))
_AUDIT = """async ([where, standards]) => {
  const found = await axe.run({ include: where }, { runOnly: { type: 'tag', values: standards }, resultTypes: ['violations'] });
  return found.violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html} ${node.failureSummary}`));
}"""
# What a picture drawn with the system's colours still has to tell: each sign has a colour other than what is behind it.
_HIDDEN = """home => [...home.querySelectorAll('.jfa-icon')].filter(icon => {
  const { stroke } = getComputedStyle(icon);
  const behind = getComputedStyle(icon.closest('.jfa-badge') ?? icon.closest('.jfa-view')).backgroundColor;
  return stroke === 'none' || stroke === behind;
}).length"""

# A window without an address is closed after ten seconds, which a busy machine may take to look at it.
_PATIENT = "() => { const wait = window.setTimeout; window.setTimeout = (done, after) => wait(done, after === 10_000 ? 600_000 : after); }"


def answer() -> dict[str, Any]:
    """Return what the server says of one account that is well, one that has ended, a login that waits, and a file that can't be used."""
    now, provider = time.time(), gallery.BASE["provider"]
    held = [{key: line[key] for key in ("scope", "title", "service")} | {"expires_at_seconds": None} for line in gallery.HELD]
    account = {"provider": "globus", "title": "Globus", "issuer_host": "auth.globus.org", "scopes": held, "logged_in_at_seconds": 1}
    return {
        "server_id": "0" * 32,
        "providers": [{**provider, "kind": "globus"}],
        "accounts": [
            {
                **account,
                "id": "1",
                **gallery.ALICE,
                "expires_at_seconds": now + 3030,
                "is_renewed": True,
                "notebooks": ["work/first.ipynb"],
            },
            {
                **account,
                "id": "2",
                "username": "bob@sandbox.example",
                "name": "",
                "expires_at_seconds": now - 60,
            },
        ],
        "problems": [
            "/home/alice/.local/share/jupyter/flowauth/0000000000000000-0000000000000000.json was written by a newer version "
            "(format 99, this one knows 1); it was left untouched; upgrade jupyter_flowauth here"
        ],
        "pending": [
            {
                **{key: gallery.BASE[key] for key in ("login_id", "scopes", "consent")},
                **{"provider": "globus", "title": "Globus", "issuer_host": "auth.globus.org", "asked_by": "kernel", "user_agent": "server"},
                **{"notebook": "work/second.ipynb", "started_at_seconds": now - 40, "expires_at_seconds": now + 260},
            }
        ],
    }


@pytest.fixture
def lab(fresh_page: Page, world: World) -> Page:
    """A JupyterLab whose server says what is made up."""
    values = answer()

    def give(route: Route) -> None:
        is_status = "/api/status" in route.request.url
        route.fulfill(json=values if is_status else {"message": "This login is over."}, status=200 if is_status else 404)

    fresh_page.route("**/flowauth/api/**", give)
    fresh_page.set_viewport_size({"width": 1280, "height": 1900})
    gallery.open_front(fresh_page, f"{world.base_url}lab?token={world.token}&reset")
    fresh_page.locator(".jp-FlowAuth-status").click()
    fresh_page.get_by_role("button", name="Log in as somebody else").first.click()
    expect(fresh_page.locator(".jp-FlowAuth-panel .jfa-view")).to_have_count(3)
    return fresh_page


@LOOKS
def test_the_panel_looks_as_it_did_and_is_open_to_everybody(lab: Page, look: str) -> None:
    gallery.change_theme(lab, look)
    panel = lab.locator(".jp-FlowAuth-panel")
    expect(lab.locator(".Toastify__toast")).to_be_visible()
    wrong = lab.evaluate(_AUDIT, [[".jp-FlowAuth-panel", ".jp-FlowAuth-status", ".Toastify__toast"], gallery.STANDARDS])
    # It stands in front of the panel.
    lab.add_style_tag(content=".Toastify { display: none }")
    panel.get_by_label("Username or email").first.evaluate("input => { input.blur(); input.closest('.jp-FlowAuth-panel').scrollTop = 0; }")
    png = panel.screenshot(animations="disabled", mask=[panel.locator(".jfa-time")])
    if folder := os.environ.get("FLOWAUTH_SCREENSHOTS"):
        (Path(folder) / f"panel-{look}.png").write_bytes(png)
        lab.screenshot(path=Path(folder) / f"panel-lab-{look}.png")
    if look != "contrast":
        wrong += [line for line in [compare(f"panel-{look}", png)] if line]
    assert wrong == []
    lab.evaluate("() => document.querySelector('.jp-FlowAuth-tools .jfa-row button:not([hidden])').replaceChildren()")
    assert lab.evaluate(_AUDIT, [[".jp-FlowAuth-panel"], gallery.STANDARDS]), "a button without a name would be found"


def test_with_the_systems_colours_everything_is_still_told_apart_and_nothing_moves(lab: Page) -> None:
    lab.emulate_media(forced_colors="active", reduced_motion="reduce")
    wrong: list[str] = []
    for name, state in gallery.STATES.items():
        shown = gallery.mount(lab, state)
        moving = lab.evaluate("() => document.querySelector('#gallery .jfa-view').getAnimations({ subtree: true }).length")
        wrong += [f"{name}: {moving} animations run"] if moving else []
        hidden = shown.evaluate(_HIDDEN)
        wrong += [f"{name}: {hidden} signs can't be seen"] if hidden else []
        if folder := os.environ.get("FLOWAUTH_SCREENSHOTS"):
            shown.screenshot(path=Path(folder) / f"forced-{name}.png")
    assert wrong == []
    shown = gallery.mount(lab, gallery.STATES["missing"])
    signs = shown.locator(".jfa-mark path").evaluate_all("paths => paths.map(path => path.getAttribute('d'))")
    assert len(set(signs)) == 2, "what is granted and what is not differ by their signs"
    shown = gallery.mount(lab, gallery.STATES["consent"])
    assert set(shown.locator(".jfa-sign").all_inner_texts()) == {"+", "✓"}
    lab.emulate_media(forced_colors="none", reduced_motion="no-preference")
    gallery.mount(lab, gallery.STATES["finishing"])
    running = "() => document.querySelector('#gallery .jfa-view').getAnimations({ subtree: true }).length"
    assert lab.evaluate(running) == 1, "an animation that runs would be seen"
    lab.evaluate("() => window.galleryEnd()")


def test_the_status_bar_tells_its_looks_apart_by_their_signs(lab: Page) -> None:
    lab.emulate_media(forced_colors="active")
    status = lab.locator(".jp-FlowAuth-status")
    signs = status.evaluate(
        """button => ['ok', 'waiting', 'attention', 'out'].map(look => {
          button.dataset.look = look;
          return getComputedStyle(button, '::before').content;
        })"""
    )
    assert len(set(signs)) == 4


@pytest.mark.parametrize("look", ["light", "dark"])
def test_the_popup_says_what_it_waits_for_to_everybody(lab: Page, look: str) -> None:
    """The server takes its time with the login's address: until then the window has nothing but our words."""
    lab.route("**/flowauth/api/logins*", lambda route: None)
    lab.evaluate(_PATIENT)
    lab.emulate_media(color_scheme=look)  # type: ignore[arg-type]  # one of the two
    panel = lab.locator(".jp-FlowAuth-panel")
    panel.get_by_label("Username or email").first.fill("carol@sandbox.example")
    with lab.expect_popup() as opened:
        panel.get_by_role("button", name="Log in as that one").first.click()
    popup = opened.value
    expect(popup.get_by_role("heading", name="Starting the login…")).to_be_visible()
    popup.emulate_media(color_scheme=look)  # type: ignore[arg-type]
    popup.evaluate(gallery.AXE.read_text(encoding="utf-8"))
    assert popup.evaluate(_AUDIT, [["html"], gallery.STANDARDS]) == []
    if folder := os.environ.get("FLOWAUTH_SCREENSHOTS"):
        popup.screenshot(path=Path(folder) / f"popup-{look}.png")
    popup.close()
