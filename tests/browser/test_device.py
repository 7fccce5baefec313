"""A code on a card in JupyterLab, entered at the real Keycloak's own page in another tab."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.interop.keycloak_server import Keycloak

from .conftest import OpenNotebook
from .notebook import Notebook

# Whichever is the first starts a Keycloak. On the test itself: what the folder marks every test with is nearer than a module's mark.
patiently = pytest.mark.timeout(600, method="signal")

LOAD = "from jupyter_flowauth import FlowAuth, OIDCProvider"
BY_DEVICE = 'auth = FlowAuth(OIDCProvider({issuer!r}, "notebook"), storage="memory", user_agent="device")\nauth.login()'
# What is registered here leads nowhere near this server.
BY_SERVER = (
    'provider = OIDCProvider({issuer!r}, "notebook", redirect_uris=["http://127.0.0.1:*/callback"])\n'
    'auth = FlowAuth(provider, storage="memory")\nauth.login()'
)


def enter(page: Page, keycloak: Keycloak, code: str, answer: str) -> None:
    """Be the person at Keycloak's page: type the code, log in, press a button."""
    page.goto(f"{keycloak.issuer}/device")
    page.fill("#device-user-code", code)
    page.locator("input[type=submit]").click()
    page.fill("#username", "alice")
    page.fill("#password", keycloak.password_of("alice"))
    page.locator("#kc-login").click()
    page.locator(f"[name={answer}]").click()
    expect(page).to_have_url(re.compile("/device/status"))


def code_on(work: Notebook, number: int) -> str:
    card = work.expect_card(number)
    shown = card.locator(".jfa-code")
    expect(shown).to_have_text(re.compile(r"^[A-Z]{4}-[A-Z]{4}$"))
    expect(card).to_contain_text("/realms/school/device")
    return shown.inner_text()


@patiently
def test_the_cell_goes_on_once_the_code_was_entered_elsewhere(notebook: OpenNotebook, fresh_page: Page, keycloak: Keycloak) -> None:
    work = notebook(LOAD, BY_DEVICE.format(issuer=keycloak.issuer))
    work.run(0)
    work.start(1)
    enter(fresh_page, keycloak, code_on(work, 1), "accept")
    work.expect_ended(1)
    expect(work.output(1)).to_contain_text("You are alice, 1 scope granted.")


@patiently
def test_no_said_there_ends_the_cell(notebook: OpenNotebook, fresh_page: Page, keycloak: Keycloak) -> None:
    work = notebook(LOAD, BY_DEVICE.format(issuer=keycloak.issuer))
    work.run(0)
    work.start(1)
    enter(fresh_page, keycloak, code_on(work, 1), "cancel")
    work.expect_ended(1)
    expect(work.output(1)).to_contain_text("LoginDenied")


@patiently
def test_cancel_on_the_card_ends_the_cell(notebook: OpenNotebook, keycloak: Keycloak) -> None:
    work = notebook(LOAD, BY_DEVICE.format(issuer=keycloak.issuer))
    work.run(0)
    work.start(1)
    code_on(work, 1)
    work.card(1).get_by_role("button", name="Cancel").click()
    work.expect_ended(1)
    expect(work.output(1)).to_contain_text("the login was cancelled")


@patiently
def test_a_link_that_leads_nowhere_back_turns_into_a_code(notebook: OpenNotebook, fresh_page: Page, keycloak: Keycloak) -> None:
    """DESIGN.md, 4: a click that gets there all the same sees a page with the next rung, and the kernel takes it."""
    work = notebook(LOAD, BY_SERVER.format(issuer=keycloak.issuer))
    work.run(0)
    work.start(1)
    link = work.expect_card(1).get_by_role("link").first
    with work.page.expect_popup() as popup:
        link.click()
    expect(popup.value.locator("body")).to_contain_text("it asks you there now")
    enter(fresh_page, keycloak, code_on(work, 1), "accept")
    work.expect_ended(1)
    expect(work.output(1)).to_contain_text("You are alice")
