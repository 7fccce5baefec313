"""Word of a login that was made elsewhere: it comes on a socket that is open anyway, and an idle JupyterLab asks nothing."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, Request, WebSocket, expect

from jupyter_flowauth.server.watch import CHANGED_EVENT

from .notebook import TRANSFER
from .world import World

A_MINUTE = 60_000


def hear(page: Page) -> list[str]:
    """Take note of each time that the page asks how things stand, and of each event of ours that it is told, in their order."""
    heard: list[str] = []

    def ask(request: Request) -> None:
        if "/flowauth/api/status" in request.url:
            heard.append("asked")

    def tell(payload: str | bytes) -> None:
        if CHANGED_EVENT in str(payload):
            heard.append("told")

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", tell)

    page.on("request", ask)
    page.on("websocket", listen)
    return heard


def test_a_login_made_elsewhere_is_told_and_nothing_is_asked_that_was_not_told(
    fresh_page: Page, world: World, log_in_quietly: Callable[..., None]
) -> None:
    heard, status = hear(fresh_page), fresh_page.locator(".jp-FlowAuth-status")
    fresh_page.clock.install()
    fresh_page.goto(f"{world.base_url}lab?token={world.token}&reset")
    expect(status).to_have_text("Log in")
    # It asks a second time soon after its start, for what it may not have been told by then; from there on it listens.
    fresh_page.clock.run_for(A_MINUTE)
    while heard.count("asked") < 2:
        fresh_page.wait_for_timeout(50)  # house: ok - this is how a condition is waited for
    before = len(heard)
    log_in_quietly(TRANSFER)
    expect(status).to_have_text("Logged in: alice@sandbox.example")
    # The page's own clock: every timer of that minute has run.
    fresh_page.clock.run_for(A_MINUTE)
    since = heard[before:]
    assert since[0] == "told"
    assert since.count("asked") <= since.count("told")
