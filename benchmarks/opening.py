"""Opening a notebook in JupyterLab with our extension and without it, in turns: is anything to be noticed?"""

from __future__ import annotations

import os
import shutil
import statistics
import time

from playwright.sync_api import Browser, sync_playwright

from jupyter_flowauth.cli.demo import running_demo

from .figures import Figure, milliseconds

ROUNDS = 7
OURS = "**/extensions/@jupyter-flowauth/**"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
# What a person doesn't notice, and a machine that does other things besides can tell from noise.
MOST_SECONDS = 0.1


def measure() -> list[Figure]:
    """Return the figure."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    chromium = next(path for name in names if name and (path := shutil.which(name)))
    ours: list[float] = []
    theirs: list[float] = []
    with running_demo(port=0, say=lambda _: None) as demo, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        open_once(browser, demo.notebook_url, is_ours=True)
        for _ in range(ROUNDS):
            ours.append(open_once(browser, demo.notebook_url, is_ours=True))
            theirs.append(open_once(browser, demo.notebook_url, is_ours=False))
        browser.close()
    mine, others = statistics.median(ours), statistics.median(theirs)
    spread = statistics.stdev(theirs)
    note = f"medians of {ROUNDS} each; without it, they vary by {milliseconds(spread)}"
    is_ok = mine - others < max(MOST_SECONDS, spread)
    return [Figure("opening a notebook, with and without it", "no slower", milliseconds(mine), milliseconds(others), is_ok, note)]


def open_once(browser: Browser, address: str, *, is_ours: bool) -> float:
    """Return the seconds until a notebook's first cell is to be seen, in a browser that has loaded nothing before."""
    context = browser.new_context()
    page = context.new_page()
    if not is_ours:
        page.route(OURS, lambda route: route.abort())
    start = time.perf_counter()
    page.goto(address)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    seconds = time.perf_counter() - start
    page.unroute_all(behavior="ignoreErrors")
    context.close()
    return seconds
