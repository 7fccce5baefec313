"""Logins that meet: notebooks that join one, cells that wait their turn, kernels that finish at once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .conftest import OpenNotebook
from .notebook import GROUPS, LOAD, LOGIN, MANAGE_GROUPS, TRANSFER, Notebook
from .provider_pages import agree, allow, choose, log_in, open_popup
from .world import BOTH_FRONTS, World

HELD = f"sorted(auth.authorizers_for(['{TRANSFER}', '{GROUPS}']))[0]"


@pytest.fixture
def second_page(fresh_page: Page) -> Page:
    return fresh_page


def start_both(first: Notebook, second: Notebook) -> None:
    first.start(0)
    first.start(1)
    first.expect_card(1)
    second.start(0)
    second.start(1)


@BOTH_FRONTS
def test_a_second_notebook_joins_the_login_instead_of_asking_again(notebook: OpenNotebook, second_page: Page, world: World) -> None:
    first, second = notebook(LOAD, LOGIN, HELD), notebook(LOAD, LOGIN, HELD, page=second_page)
    before = world.sandbox.count("authorize")
    start_both(first, second)
    expect(second.output(1)).to_contain_text(
        "This notebook is waiting for a login for the same account already; this cell goes on with it."
    )
    expect(second.card(1)).to_have_count(0)
    log_in(first.card(1))
    second.expect_ended(1)
    for work in (first, second):
        work.run(2)
        expect(work.output(2)).to_contain_text(GROUPS)
    assert world.sandbox.count("authorize") == before + 1


def test_a_login_that_was_joined_and_denied_ends_in_both(notebook: OpenNotebook, second_page: Page) -> None:
    first, second = notebook(LOAD, LOGIN), notebook(LOAD, LOGIN, page=second_page)
    start_both(first, second)
    expect(second.output(1)).to_contain_text("this cell goes on with it")
    first.card(1).get_by_role("button", name="Cancel").click()
    for work in (first, second):
        work.expect_ended(1)
        expect(work.output(1)).to_contain_text("The login was cancelled")


def test_a_cell_that_needs_more_waits_its_turn(notebook: OpenNotebook, second_page: Page) -> None:
    first, second = notebook(LOAD, LOGIN), notebook(LOAD, f"%login {TRANSFER} {MANAGE_GROUPS}", page=second_page)
    start_both(first, second)
    expect(second.output(1)).to_contain_text("this cell asks when that one has ended")
    log_in(first.card(1))
    card = second.expect_card(1)
    expect(card.locator(".jfa-scope")).to_have_text([MANAGE_GROUPS])
    log_in(card)
    expect(second.output(1)).to_contain_text("You are alice@sandbox.example, 1 scope granted.")


def test_two_kernels_that_finish_at_once_keep_both_logins(notebook: OpenNotebook, second_page: Page, world: World) -> None:
    first = notebook(LOAD, f"%login --account alice@sandbox.example {TRANSFER}", "%whoami --all")
    second = notebook(LOAD, f"%login --account bob@sandbox.example {TRANSFER}", page=second_page)
    start_both(first, second)
    popups = [open_popup(work.expect_card(1)) for work in (first, second)]
    for popup, user in zip(popups, ("alice", "bob"), strict=True):
        choose(popup, user)
    world.sandbox.set_fault("token", "slow:0.5", times=2)
    for popup in popups:
        allow(popup)
    for work, user in ((first, "alice"), (second, "bob")):
        expect(work.output(1)).to_contain_text(f"You are {user}@sandbox.example, 1 scope granted.")
    first.run(2)
    for user in ("alice", "bob"):
        expect(first.output(2)).to_contain_text(f"{user}@sandbox.example")


def test_another_identity_than_the_one_wanted_is_refused_and_nothing_is_kept(notebook: OpenNotebook, world: World) -> None:
    work = notebook(LOAD, f"%login --account bob@sandbox.example {TRANSFER}")
    work.start(0)
    work.start(1)
    agree(open_popup(work.expect_card(1)), "alice")
    work.expect_ended(1)
    for user in ("alice", "bob"):
        expect(work.output(1)).to_contain_text(f"{user}@sandbox.example")
    assert list(world.tokens.glob("*.json")) == []
