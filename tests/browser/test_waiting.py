"""What can happen while a cell waits, and how each of it ends."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from .conftest import OpenNotebook
from .notebook import GROUPS, LOAD, LOGIN, TRANSFER, Notebook
from .provider_pages import agree, allow, choose, deny, log_in, open_link, open_popup, unfold, unfold_more, without_timers
from .world import BOTH_FRONTS, World

GRANTED = "You are alice@sandbox.example, 2 scopes granted."
AWAIT = f'await auth.login_async(["{TRANSFER}", "{GROUPS}"])'
TICK = """import asyncio
async def tick():
    while True:
        print("tick", flush=True)
        await asyncio.sleep(0.1)
ticking = asyncio.create_task(tick())"""
# Once there is a file "later", it is a minute later: a machine that is slow shows a card of three seconds too late.
LEAP = """import pathlib, time, jupyter_flowauth.storage.system_clock as clocks
clocks.SystemClock.monotonic = staticmethod(lambda: time.monotonic() + 60 * pathlib.Path("later").exists())"""

# Of two keys that belong together, JupyterLab takes the second for one of its own after that; a machine may be slower.
CHORD_MILLISECONDS = 1_000


@pytest.fixture
def waiting(notebook: OpenNotebook) -> Notebook:
    """A notebook whose second cell waits for a login."""
    work = notebook(LOAD, LOGIN, "print('went on')")
    work.start(0)
    work.start(1)
    work.expect_card(1)
    return work


@BOTH_FRONTS
def test_a_cell_that_blocks_logs_in_and_the_next_one_goes_on(waiting: Notebook) -> None:
    waiting.start(2)
    waiting.expect_running(2)
    log_in(waiting.card(1))
    expect(waiting.output(1)).to_contain_text(GRANTED)
    expect(waiting.output(2)).to_contain_text("went on")


@BOTH_FRONTS
def test_a_cell_that_awaits_leaves_the_kernel_free(notebook: OpenNotebook) -> None:
    work = notebook(LOAD, TICK, AWAIT, "ticking.cancel()")
    work.run(0, 1)
    work.start(2)
    card = work.expect_card(2)
    ticks = work.output(1).get_by_text("tick")
    before = ticks.inner_text().count("tick")
    expect(ticks).to_have_text(re.compile(rf"(tick\s*){{{before + 3},}}"))
    work.expect_running(2)
    log_in(card)
    work.expect_ended(2)
    expect(work.output(2)).to_contain_text(GRANTED)
    work.run(3)


def test_an_awaiting_cell_is_cancelled_by_its_card(notebook: OpenNotebook) -> None:
    work = notebook(LOAD, AWAIT)
    work.start(0)
    work.start(1)
    work.expect_card(1).get_by_role("button", name="Cancel").click()
    work.expect_ended(1)
    expect(work.output(1)).to_contain_text("LoginDenied: see above")
    expect(work.output(1).get_by_text("The login was cancelled")).to_have_count(1)


@BOTH_FRONTS
def test_an_interrupt_ends_the_wait_at_once(waiting: Notebook, world: World) -> None:
    waiting.menu("Kernel", "Interrupt Kernel")
    waiting.expect_ended(1)
    expect(waiting.output(1)).to_contain_text("interrupted")
    expect(waiting.card(1)).to_have_count(0)
    assert world.pending_files() == []


def test_the_keys_that_interrupt_end_the_wait(waiting: Notebook) -> None:
    waiting.cell(1).locator(".jp-InputPrompt").click()
    with without_timers(waiting.page, CHORD_MILLISECONDS):
        for _ in range(2):
            waiting.page.keyboard.press("i")
    waiting.expect_ended(1)
    expect(waiting.output(1)).to_contain_text("interrupted")


def test_an_interrupted_await_ends_and_says_so(notebook: OpenNotebook, world: World) -> None:
    work = notebook(LOAD, AWAIT)
    work.start(0)
    work.start(1)
    work.expect_card(1)
    work.menu("Kernel", "Interrupt Kernel")
    work.expect_ended(1)
    expect(work.output(1).get_by_text("■ The login was interrupted")).to_be_visible()
    assert world.pending_files() == []


@BOTH_FRONTS
def test_a_deadline_ends_the_wait_and_says_so(notebook: OpenNotebook, world: World) -> None:
    work = notebook(f"{LOAD}\n{LEAP}", f"{LOGIN} --timeout 60")
    work.run(0)
    work.start(1)
    expect(work.expect_card(1).get_by_role("timer")).to_have_text(re.compile(r"(1:00|0:\d\d) left"))
    (later := world.folder.notebooks / "later").touch()
    work.expect_ended(1)
    later.unlink()
    expect(work.output(1)).to_contain_text("Nobody answered the login in time")
    assert world.pending_files() == []


@BOTH_FRONTS
def test_a_denial_is_said_on_the_page_and_in_the_cell(waiting: Notebook) -> None:
    tab = open_link(waiting.card(1))
    choose(tab)
    deny(tab)
    expect(tab.get_by_role("heading", name="The login was denied")).to_be_visible()
    waiting.expect_ended(1)
    expect(waiting.output(1)).to_contain_text("✕ The login was denied")


def test_cancel_ends_a_cell_that_blocks(waiting: Notebook, world: World) -> None:
    waiting.card(1).get_by_role("button", name="Cancel").click()
    waiting.expect_ended(1)
    expect(waiting.output(1)).to_contain_text("⊘ The login was cancelled")
    assert world.pending_files() == []


@BOTH_FRONTS
def test_a_page_that_was_reloaded_leaves_the_login_open(fresh_page: Page, notebook: OpenNotebook) -> None:
    work = notebook(LOAD, LOGIN, "print('went on')", page=fresh_page)
    work.start(0)
    work.start(1)
    unfold(work.expect_card(1))
    link = work.card(1).get_by_role("link", name="Open the login page in a new tab").get_attribute("href")
    work.save()
    work.reload()
    tab = fresh_page.context.new_page()
    tab.goto(str(link))
    agree(tab)
    expect(tab.get_by_role("heading", name="You are alice@sandbox.example, 2 scopes granted")).to_be_visible()
    work.run(2)


def test_a_popup_that_was_closed_can_be_opened_again(waiting: Notebook) -> None:
    card = waiting.card(1)
    open_popup(card).close()
    again = card.get_by_role("button", name="Open the login again")
    expect(again).to_be_visible()
    with waiting.page.expect_popup() as popup:
        again.click()
    agree(popup.value)
    expect(waiting.output(1)).to_contain_text(GRANTED)


def test_a_link_that_was_opened_twice_works_where_it_was_opened_last(waiting: Notebook) -> None:
    first, second = open_link(waiting.card(1)), open_link(waiting.card(1))
    agree(second)
    expect(waiting.output(1)).to_contain_text(GRANTED)
    expect(second.get_by_role("heading", name="You are alice@sandbox.example")).to_be_visible()
    choose(first)
    allow(first)
    expect(first.get_by_role("heading")).to_contain_text(re.compile("over|Opened again|Not started"))


def test_a_provider_that_cuts_the_tie_to_its_opener_does_no_harm(waiting: Notebook, context: BrowserContext) -> None:
    def cut(route: Route) -> None:
        answer = route.fetch(max_redirects=0)
        route.fulfill(response=answer, headers={**answer.headers, "cross-origin-opener-policy": "same-origin"})

    context.route(re.compile("/flowauth/sandbox/p/"), cut)
    agree(open_popup(waiting.card(1)))
    waiting.expect_ended(1)
    expect(waiting.output(1)).to_contain_text(GRANTED)


def test_an_unknown_scope_stays_at_the_provider_and_can_be_cancelled(notebook: OpenNotebook) -> None:
    work = notebook(LOAD, "%login urn:globus:auth:scope:nowhere.example:all")
    work.start(0)
    work.start(1)
    card = work.expect_card(1)
    popup = open_popup(card)
    expect(popup.get_by_role("heading", name="Unknown scope")).to_be_visible()
    expect(card).to_have_attribute("data-status", "waiting")
    card.get_by_role("button", name="Cancel").click()
    work.expect_ended(1)
    expect(work.output(1)).to_contain_text("The login was cancelled")


def test_the_popup_knows_no_window_but_an_empty_one(waiting: Notebook) -> None:
    popup = open_popup(waiting.card(1))
    expect(popup.get_by_role("heading", name="Log in")).to_be_visible()
    assert popup.evaluate("() => [window.opener.location.href, window.opener.document.body.childElementCount]") == ["about:blank", 0]
    with popup.expect_event("close"):
        agree(popup)
    waiting.expect_ended(1)


def test_a_code_can_be_pasted_on_the_card(waiting: Notebook) -> None:
    card = waiting.card(1)
    unfold_more(card)
    with waiting.page.context.expect_page() as tab:
        card.get_by_role("link", name="Open the page that shows a code").click()
    agree(tab.value)
    code = tab.value.locator("code.code").inner_text()
    tab.value.close()
    card.get_by_label("Code or address").fill(code)
    card.get_by_role("button", name="Use it").click()
    waiting.expect_ended(1)
    expect(waiting.output(1)).to_contain_text(GRANTED)
