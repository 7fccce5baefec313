"""A login made elsewhere, until a real JupyterLab shows it: in a widget of a notebook, in the panel, in the status bar."""

from __future__ import annotations

import os
import shutil
import statistics
from pathlib import Path
from unittest.mock import patch

import nbformat
from playwright.sync_api import Page, expect, sync_playwright

from jupyter_flowauth import FlowAuth
from jupyter_flowauth.cli.demo import RunningDemo, running_demo
from jupyter_flowauth.sandbox.visitor import Visitor
from jupyter_flowauth.user_agents import LoopbackUserAgent
from jupyter_flowauth.user_agents.terminal import SilentPresenter

from .figures import Figure, milliseconds
from .opening import ARGUMENTS
from .world import GROUPS

CHANGES, BOUND_SECONDS, PATIENCE_MILLISECONDS = 10, 1.0, 60_000
NOTEBOOK, CELL = "live.ipynb", "%load_ext jupyter_flowauth\nauth.widget()"
PLACES = {"widget": ".jp-OutputArea .jfa-view", "panel": ".jp-FlowAuth-panel", "status bar": ".jp-FlowAuth-status"}
USER = "alice@sandbox.example"
# The page's clock is this machine's: when a place says what it should, or no longer says it, is comparable with a file's time.
WATCH = """([places, user, isThere]) => {
  window.shown = new Promise(done => {
    const times = {};
    const look = () => {
      for (const [name, selector] of Object.entries(places)) {
        const text = document.querySelector(selector)?.textContent ?? '';
        times[name] ??= text.includes(user) === isThere ? Date.now() : undefined;
      }
      Object.keys(places).every(name => times[name]) ? done(times) : setTimeout(look, 5);
    };
    look();
  });
}"""


def measure() -> list[Figure]:
    """Return the figures."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    chromium = next(path for name in names if name and (path := shutil.which(name)))
    with patch.dict(os.environ), running_demo(port=0, say=lambda _: None) as demo, sync_playwright() as playwright:
        os.environ.update(demo.environment)
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        open_everything(page, demo)
        waits = [wait_for_change(page, demo, is_there=number % 2 == 0) for number in range(CHANGES)]
        browser.close()
    return [_figure(place, [wait[place] for wait in waits]) for place in PLACES]


def _figure(place: str, waits: list[float]) -> Figure:
    slowest, note = max(waits), f"median {milliseconds(statistics.median(waits))}"
    what = f"a login or logout elsewhere, until the {place} shows it, the slowest of {CHANGES}"
    return Figure(what, "≤ 1 s", milliseconds(slowest), "–", slowest <= BOUND_SECONDS, note)


def open_everything(page: Page, demo: RunningDemo) -> None:
    """Open a notebook with a widget in it, and the panel at the side."""
    notebooks = Path(demo.environment["JUPYTER_CONFIG_DIR"]).parent / "notebooks"
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel}, cells=[nbformat.v4.new_code_cell(CELL)])
    nbformat.write(notebook, notebooks / NOTEBOOK)
    page.goto(demo.notebook_url.replace("demo.ipynb", NOTEBOOK))
    expect(page.locator(".jp-StatusBar-Widget")).to_contain_text("| Idle", timeout=PATIENCE_MILLISECONDS)
    page.locator(".jp-Notebook-cell .cm-content").first.click()
    page.locator(".jp-Notebook-cell .cm-content").first.press("Control+Enter")
    page.locator(PLACES["widget"]).wait_for()
    page.locator(PLACES["status bar"]).click()
    page.locator(PLACES["panel"]).wait_for()


def wait_for_change(page: Page, demo: RunningDemo, *, is_there: bool) -> dict[str, float]:
    """Log in or out in this process, and return the seconds until each place shows it, from when it was written."""
    store = Path(demo.environment["JUPYTER_DATA_DIR"]) / "flowauth"
    page.evaluate(WATCH, [PLACES, USER, is_there])
    auth = FlowAuth(user_agent=LoopbackUserAgent(open_browser=browse, presenter=SilentPresenter()))
    auth.login([GROUPS]) if is_there else auth.logout()
    written = store.stat().st_mtime
    return {place: milliseconds / 1000 - written for place, milliseconds in page.evaluate("() => window.shown").items()}


def browse(url: str) -> None:
    """Be the person: choose who one is, and allow everything."""
    visitor = Visitor()
    visitor.get(visitor.approve(url))
