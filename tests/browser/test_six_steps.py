"""What a newcomer sees, in JupyterLab and in Notebook 7."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .conftest import OpenNotebook
from .notebook import GROUPS, LOAD, LOGIN, MANAGE_GROUPS, TRANSFER
from .provider_pages import agree, log_in, open_link, open_popup
from .world import World

USE_SDK = f"""import globus_sdk
[task["label"] for task in globus_sdk.TransferClient(authorizer=auth.authorizers["{TRANSFER}"]).task_list()]"""
USE_HTTP = f"""import os, httpx, requests
url = os.environ["GLOBUS_SDK_SERVICE_URL_GROUPS"] + "/v2/groups/my_groups"
[get(url, auth=auth.bearer("{GROUPS}")).json()[0]["name"] for get in (requests.get, httpx.get)]"""

pytestmark = pytest.mark.parametrize("front", ["lab", "notebook"])


def test_the_card_says_who_asks_for_what_and_how_long_is_left(notebook: OpenNotebook) -> None:
    work = notebook(LOAD, LOGIN)
    work.start(0)
    work.start(1)
    card = work.expect_card(1)
    for words in ("This notebook asks for access through Globus", "Manage your transfers and files", TRANSFER, "Globus Groups", GROUPS):
        expect(card).to_contain_text(words)
    expect(card.get_by_role("timer")).to_have_text(re.compile(r"[45]:\d\d left"))
    work.expect_running(1)
    card.get_by_role("button", name="Cancel").click()
    work.expect_ended(1)


def test_the_last_page_says_who_one_is_and_how_much_was_granted(notebook: OpenNotebook) -> None:
    work = notebook(LOAD, LOGIN)
    work.start(0)
    work.start(1)
    tab = open_link(work.expect_card(1))
    agree(tab)
    expect(tab.get_by_role("heading", name="You are alice@sandbox.example, 2 scopes granted")).to_be_visible()
    expect(tab).to_have_url(re.compile(r"/flowauth/done/[0-9a-f]{32}$"))


def test_the_consent_page_names_the_scopes(notebook: OpenNotebook) -> None:
    work = notebook(LOAD, LOGIN)
    work.start(0)
    work.start(1)
    popup = open_popup(work.expect_card(1))
    popup.get_by_role("button", name="bob@sandbox.example").click()
    for scope in (TRANSFER, GROUPS):
        expect(popup.get_by_text(scope)).to_be_visible()
    popup.get_by_role("button", name="Allow").click()
    expect(work.output(1)).to_contain_text("You are bob@sandbox.example, 2 scopes granted.")


def test_the_card_turns_into_a_green_sentence_and_the_cell_returns(notebook: OpenNotebook) -> None:
    work = notebook(LOAD, LOGIN)
    work.start(0)
    work.start(1)
    popup = log_in(work.expect_card(1))
    work.expect_ended(1)
    sentence = work.output(1).get_by_text("You are alice@sandbox.example, 2 scopes granted.")
    green = sentence.evaluate("element => getComputedStyle(element).color.match(/\\d+/g).map(Number)")
    assert green[1] > green[0]
    assert green[1] > green[2]
    expect(work.card(1)).to_have_count(0)
    popup.wait_for_event("close") if not popup.is_closed() else None


def test_the_authorizers_work_in_an_unmodified_sdk_client(notebook: OpenNotebook, log_in_quietly: Callable[..., None]) -> None:
    log_in_quietly(TRANSFER, GROUPS)
    work = notebook(LOAD, USE_SDK)
    work.run(0, 1)
    expect(work.output(1)).to_contain_text("Sandbox")


def test_the_bearer_works_in_requests_and_httpx(notebook: OpenNotebook, log_in_quietly: Callable[..., None]) -> None:
    log_in_quietly(TRANSFER, GROUPS)
    work = notebook(LOAD, USE_HTTP)
    work.run(0, 1)
    expect(work.output(1)).to_contain_text(re.compile(r"\['(.+)', '\1'\]"))


def test_a_restarted_kernel_runs_everything_again_with_no_prompt_and_no_request(notebook: OpenNotebook, world: World) -> None:
    work = notebook(LOAD, LOGIN, f"import os; os.getpid(), sorted(auth.authorizers)[-1] == '{TRANSFER}'")
    work.start(0)
    work.start(1)
    log_in(work.expect_card(1))
    work.run(2)
    expect(work.output(2)).to_contain_text("True")
    before = work.output(2).inner_text()
    asked = {name: world.sandbox.count(name) for name in ("authorize", "token", "configuration", "userinfo")}
    work.restart()
    expect(work.output(1)).to_contain_text("2 scopes held already; nothing had to be asked.")
    expect(work.output(2)).not_to_have_text(before)
    expect(work.output(2)).to_contain_text("True")
    assert asked == {name: world.sandbox.count(name) for name in asked}


def test_a_third_scope_is_asked_for_alone_and_then_all_three_work(notebook: OpenNotebook, log_in_quietly: Callable[..., None]) -> None:
    log_in_quietly(TRANSFER, GROUPS)
    work = notebook(LOAD, f"%login {TRANSFER} {GROUPS} {MANAGE_GROUPS}", USE_SDK, USE_HTTP, USE_HTTP.replace(GROUPS, MANAGE_GROUPS))
    work.start(0)
    work.start(1)
    card = work.expect_card(1)
    expect(card.locator(".jfa-scope")).to_have_text([MANAGE_GROUPS])
    log_in(card)
    expect(work.output(1)).to_contain_text("You are alice@sandbox.example, 1 scope granted.")
    work.run(2, 3, 4)
    expect(work.output(2)).to_contain_text("Sandbox")
    for number in (3, 4):
        expect(work.output(number)).to_contain_text(re.compile(r"\['(.+)', '\1'\]"))


def test_whoami_says_who_is_logged_in_with_which_scopes(notebook: OpenNotebook, log_in_quietly: Callable[..., None]) -> None:
    log_in_quietly(TRANSFER)
    work = notebook(LOAD, "%whoami")
    work.run(0, 1)
    expect(work.output(1)).to_contain_text("alice@sandbox.example is logged in at Globus")
    expect(work.output(1)).to_contain_text(TRANSFER)


def test_logout_forgets_here_and_revokes_there_and_says_so(
    notebook: OpenNotebook, world: World, log_in_quietly: Callable[..., None]
) -> None:
    log_in_quietly(TRANSFER, GROUPS)
    stored = b"".join(path.read_bytes() for path in world.tokens.glob("*.json")).decode()
    tokens = re.findall(r"sbx(?:access|refresh)_[A-Za-z0-9_-]+", stored)
    assert len(tokens) == 6
    assert all(world.sandbox.is_active(token) for token in tokens)
    work = notebook(LOAD, "%logout", "%whoami")
    work.run(0, 1, 2)
    expect(work.output(1)).to_contain_text("alice@sandbox.example is logged out: 3 tokens gone from here, and revoked at Globus.")
    expect(work.output(2)).to_contain_text("Nobody is logged in")
    assert not any(world.sandbox.is_active(token) for token in tokens)


def test_a_popup_closes_by_itself_once_its_page_was_to_be_read(notebook: OpenNotebook, page: Page) -> None:
    work = notebook(LOAD, LOGIN)
    work.start(0)
    work.start(1)
    popup = open_popup(work.expect_card(1))
    with popup.expect_event("close"):
        agree(popup)
    assert popup.is_closed()
