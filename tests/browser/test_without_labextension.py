"""JupyterLab and Notebook where our labextension is not there, or is switched off: the card is a widget, and needs none of it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import OpenNotebook
from .notebook import LOAD, LOGIN
from .provider_pages import log_in

OURS = "**/extensions/@jupyter-flowauth/**"


@pytest.mark.parametrize("front", ["lab", "notebook"])
def test_the_card_logs_in_without_the_labextension(fresh_page: Page, notebook: OpenNotebook) -> None:
    refused: list[str] = []

    def refuse(route: Route) -> None:
        refused.append(route.request.url)
        route.abort()

    fresh_page.route(OURS, refuse)
    work = notebook(LOAD, LOGIN, page=fresh_page)
    work.start(0)
    work.start(1)
    log_in(work.expect_card(1))
    work.expect_ended(1)
    expect(work.output(1)).to_contain_text("You are alice@sandbox.example, 2 scopes granted.")
    assert refused
    expect(fresh_page.locator(".jp-FlowAuth-status, .jp-FlowAuth-panel")).to_have_count(0)
