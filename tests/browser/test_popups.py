"""What people and providers do to the window of a login: none of it costs a login, or makes two of one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from .chromium import new_context
from .conftest import VIEWPORT, OpenNotebook
from .elsewhere import CUTS_THE_TIE, Elsewhere, go_to, running_elsewhere
from .notebook import LOAD, LOGIN, TRANSFER, Notebook
from .provider_pages import agree, allow, choose, open_link, open_popup, unfold, unfold_more
from .secrecy import Secrecy
from .world import BOTH_FRONTS, World

GRANTED = "You are alice@sandbox.example, 2 scopes granted."
LEAD_AWAY = """address => {
  const ways = [() => window.opener, () => window.opener.top, () => window.opener.parent];
  return ways.map(way => {
    try {
      way().location = address;
      return 'led';
    } catch (error) {
      return error.name;
    }
  });
}"""
NO_NEW_WINDOW = """() => {
  window.open = () => null;
  Object.defineProperty(navigator, 'userAgentData', { value: undefined });
}"""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    with running_elsewhere() as site:
        yield site


@pytest.fixture
def waiting(notebook: OpenNotebook) -> Notebook:
    """A notebook whose second cell waits for a login."""
    return start_login(notebook)


def start_login(notebook: OpenNotebook, page: Page | None = None) -> Notebook:
    work = notebook(LOAD, LOGIN, **({"page": page} if page else {}))
    work.start(0)
    work.start(1)
    work.expect_card(1)
    return work


def show_again(card: Locator) -> None:
    card.get_by_role("button", name="Show the login window").click()


def windows(context: BrowserContext) -> list[Page]:
    return [page for page in context.pages if "/lab" not in page.url]


def test_a_second_click_finds_the_popup_that_is_at_another_site(waiting: Notebook, context: BrowserContext, elsewhere: Elsewhere) -> None:
    card = waiting.card(1)
    popup = open_popup(card)
    before = elsewhere.lead(popup)
    show_again(card)
    show_again(card)
    # Where the browser can't find it by its name, and so can't bring it to the front, the card says so.
    expect(card).not_to_contain_text("behind this one")
    assert windows(context) == [popup]
    assert popup.url == elsewhere.url
    go_to(popup, before)
    agree(popup)
    expect(waiting.output(1)).to_contain_text(GRANTED)


def test_two_clicks_at_once_are_one_popup_and_one_login(notebook: OpenNotebook, context: BrowserContext, world: World) -> None:
    work = notebook(LOAD, f'auth.require(["{TRANSFER}"])\nauth.widget()')
    work.run(0, 1)
    before = world.sandbox.count("authorize")
    with work.page.expect_popup() as opened:
        work.card(1).get_by_role("button", name="Log in", exact=True).dblclick()
    agree(opened.value)
    expect(work.card(1)).to_have_attribute("data-status", "logged_in")
    assert world.sandbox.count("authorize") == before + 1
    assert len(windows(context)) <= 1


def test_a_page_of_another_site_cannot_lead_the_jupyter_tab_away(waiting: Notebook, elsewhere: Elsewhere) -> None:
    popup, at = open_popup(waiting.card(1)), waiting.page.url
    before = elsewhere.lead(popup)
    said = popup.evaluate(LEAD_AWAY, f"{elsewhere.url}stolen")
    assert set(said) <= {"SecurityError", "TypeError"}
    go_to(popup, before)
    agree(popup)
    expect(waiting.output(1)).to_contain_text(GRANTED)
    assert waiting.page.url == at


def test_cancel_closes_the_popup_that_is_at_another_site(waiting: Notebook, elsewhere: Elsewhere) -> None:
    popup = open_popup(waiting.card(1))
    elsewhere.lead(popup)
    with popup.expect_event("close"):
        waiting.card(1).get_by_role("button", name="Cancel").click()
    waiting.expect_ended(1)
    assert popup.is_closed()


def test_a_provider_that_cuts_the_tie_ends_nothing_and_the_last_page_says_what_to_do(waiting: Notebook, elsewhere: Elsewhere) -> None:
    card = waiting.card(1)
    popup = open_popup(card)
    before = elsewhere.lead(popup, CUTS_THE_TIE)
    expect(card.get_by_role("button", name="Open the login again")).to_be_visible()
    expect(card).to_have_attribute("data-status", "waiting")
    waiting.expect_running(1)
    go_to(popup, before)
    agree(popup)
    expect(waiting.output(1)).to_contain_text(GRANTED)
    expect(popup.get_by_text("Go back to your notebook. You can close this page.")).to_be_visible()


def test_of_two_windows_of_one_browser_either_logs_in_and_the_one_that_is_left_is_closed(waiting: Notebook, elsewhere: Elsewhere) -> None:
    card = waiting.card(1)
    first = open_popup(card)
    before = elsewhere.lead(first, CUTS_THE_TIE)
    with waiting.page.expect_popup() as opened:
        card.get_by_role("button", name="Open the login again").click()
    expect(opened.value.get_by_role("heading", name="Log in")).to_be_visible()
    go_to(first, before)
    with opened.value.expect_event("close"):
        agree(first)
    expect(first.get_by_role("heading", name="You are alice@sandbox.example")).to_be_visible()
    expect(waiting.output(1)).to_contain_text(GRANTED)


def test_back_on_the_providers_pages_costs_no_login(waiting: Notebook) -> None:
    popup = open_popup(waiting.card(1))
    choose(popup, "bob")
    popup.go_back()
    agree(popup, "alice")
    expect(waiting.output(1)).to_contain_text(GRANTED)


def test_back_from_the_last_page_undoes_and_repeats_nothing(waiting: Notebook, world: World) -> None:
    tab, link = open_link(waiting.card(1)), link_of(waiting.card(1))
    agree(tab)
    expect(tab.get_by_role("heading", name="You are alice@sandbox.example")).to_be_visible()
    waiting.expect_ended(1)
    kept = {path.name for path in world.tokens.glob("*.json")}
    tab.go_back()
    expect(tab.get_by_role("heading", name="This login is over")).to_be_visible()
    tab.goto(link)
    expect(tab.get_by_role("heading", name="You are alice@sandbox.example")).to_be_visible()
    expect(waiting.output(1)).to_contain_text(GRANTED)
    assert {path.name for path in world.tokens.glob("*.json")} == kept


def test_after_a_reload_the_panel_has_the_login_and_the_popup_still_ends_it(fresh_page: Page, notebook: OpenNotebook) -> None:
    work = start_login(notebook, fresh_page)
    popup = open_popup(work.card(1))
    choose(popup)
    work.save()
    work.reload()
    status = fresh_page.locator(".jp-FlowAuth-status")
    expect(status).to_have_text("1 login waiting")
    status.click()
    panel = fresh_page.locator('.jp-FlowAuth-panel .jfa-view[data-status="waiting"]')
    expect(panel.get_by_role("button", name="Log in", exact=True)).to_be_visible()
    allow(popup)
    expect(popup.get_by_role("heading", name="You are alice@sandbox.example")).to_be_visible()
    expect(status).to_have_text("Logged in: alice@sandbox.example")
    expect(panel).to_have_count(0)


@pytest.fixture
def other_browser(browser: Browser, world: World, secrecy: Secrecy) -> Iterator[Page]:
    """The same person in another browser, logged in to the same Jupyter."""
    context = new_context(browser, viewport=VIEWPORT)
    secrecy.watch(context)
    page = context.new_page()
    page.goto(f"{world.base_url}api?token={world.token}")
    page.goto(f"{world.base_url}login?token={world.token}")
    yield page
    secrecy.close(context)


def link_of(card: Locator) -> str:
    unfold(card)
    return str(card.get_by_role("link", name="Open the login page in a new tab").get_attribute("href"))


def test_of_two_browsers_the_one_that_opened_last_answers(waiting: Notebook, other_browser: Page) -> None:
    card = waiting.card(1)
    popup = open_popup(card)
    choose(popup)
    other_browser.goto(link_of(card))
    choose(other_browser)
    allow(popup)
    expect(popup.get_by_role("heading", name="Opened again since")).to_be_visible()
    expect(card).to_have_attribute("data-status", "waiting")
    allow(other_browser)
    expect(other_browser.get_by_role("heading", name="You are alice@sandbox.example")).to_be_visible()
    expect(waiting.output(1)).to_contain_text(GRANTED)


def test_an_answer_in_a_browser_that_opened_nothing_is_refused(waiting: Notebook, other_browser: Page) -> None:
    card = waiting.card(1)
    popup = open_popup(card)
    choose(popup)
    other_browser.goto(popup.url)
    expect(other_browser.get_by_role("heading")).not_to_have_text(re.compile("You are"))
    expect(card).to_have_attribute("data-status", "waiting")
    allow(popup)
    expect(waiting.output(1)).to_contain_text(GRANTED)


@BOTH_FRONTS
def test_where_no_window_opens_each_way_is_offered_after_the_one_before(fresh_page: Page, notebook: OpenNotebook) -> None:
    fresh_page.add_init_script(f"({NO_NEW_WINDOW})()")
    work = start_login(notebook, fresh_page)
    card = work.card(1)
    link, here, code = (
        card.get_by_role("link", name=name) for name in (re.compile("in a new tab"), re.compile("in this tab"), re.compile("shows a code"))
    )
    for way in (link, here, code):
        expect(way).to_be_hidden()
    card.get_by_role("button", name="Log in", exact=True).click()
    expect(card).to_contain_text("Your browser has blocked the login window.")
    expect(link).to_be_visible()
    expect(here).to_be_hidden()
    expect(code).to_be_hidden()
    unfold_more(card)
    expect(here).to_be_visible()
    expect(code).to_be_visible()
    agree(open_link(card))
    work.expect_ended(1)
    expect(work.output(1)).to_contain_text(GRANTED)


def test_the_login_in_the_same_tab_leads_back_to_jupyter(fresh_page: Page, notebook: OpenNotebook) -> None:
    work = start_login(notebook, fresh_page)
    work.save()
    unfold_more(work.card(1))
    fresh_page.once("dialog", lambda dialog: dialog.accept())
    work.card(1).get_by_role("link", name="Open the login page in this tab").click()
    agree(fresh_page)
    expect(fresh_page.get_by_text("Your notebook is where you left it.")).to_be_visible()
    fresh_page.get_by_role("link", name="Back to Jupyter").click()
    expect(fresh_page.locator(".jp-FlowAuth-status")).to_have_text("Logged in: alice@sandbox.example")
