"""The real Chromium that tests drive: one for each process of a run, for playwright's own loop can be started there only once."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
# Generous: a machine that is busy with other tests is slow, and a condition that holds ends its wait at once.
WAIT_MILLISECONDS = 60_000


def find_chromium() -> str:
    """Return where Chromium is; skip the test if it is nowhere."""
    if named := os.environ.get("CHROMIUM"):
        return named
    found = [path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))]
    if not found:
        pytest.skip("no Chromium here: apt-get install chromium, or set CHROMIUM to one")
    return found[0]


@contextlib.contextmanager
def running_chromium() -> Iterator[Browser]:
    """Run it until the block ends."""
    path = find_chromium()
    expect.set_options(timeout=WAIT_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def new_context(browser: Browser, **settings: Any) -> BrowserContext:
    """Return a browser that has nothing of the others, and that waits as patiently for everything as `expect` does."""
    context = browser.new_context(**settings)
    context.set_default_timeout(WAIT_MILLISECONDS)
    return context
