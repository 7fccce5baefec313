"""A flow's run in a real notebook: the prompt in place of a failure, the line that follows it, and the widget."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .conftest import OpenNotebook
from .flow_cells import BEGINNING, NEEDED, RUN
from .notebook import Notebook
from .provider_pages import agree, allow, open_popup
from .world import World

GROWN, AT = len(BEGINNING) - 1, len(BEGINNING)
LOOK = "flow.forget()\nflow.missing()"


@pytest.fixture
def grown(notebook: OpenNotebook, log_in_quietly: Callable[..., None]) -> Callable[..., Notebook]:
    """Open a notebook whose flow was changed after the consent to it, and whose next cells are these."""

    def open_it(*cells: str) -> Notebook:
        log_in_quietly(*NEEDED)
        work = notebook(*BEGINNING, *cells)
        work.run(0, 1)
        work.start(2)
        agree(open_popup(work.expect_card(2)))
        work.expect_ended(2)
        work.run(GROWN)
        return work

    return open_it


def test_a_run_asks_in_place_of_the_failure_and_goes_on(grown: Callable[..., Notebook], world: World) -> None:
    work = grown(RUN)
    started = world.sandbox.count("runs_started")
    work.start(AT)
    card = work.expect_card(AT)
    expect(card.locator(".jfa-mod-new")).to_contain_text(["now also uses Globus Search (ingest)"])
    allow(open_popup(card))
    work.expect_ended(AT)
    expect(work.output(AT)).to_contain_text(re.compile("Run A run: SUCCEEDED.*'SUCCEEDED'", re.DOTALL))
    assert world.sandbox.count("runs_started") == started + 1


def test_a_run_that_waits_for_a_consent_is_resumed(grown: Callable[..., Notebook], world: World) -> None:
    work = grown(RUN)
    world.sandbox.configure(refuses_at="inactive")
    started = world.sandbox.count("runs_started")
    work.start(AT)
    card = work.expect_card(AT)
    expect(work.output(AT)).to_contain_text("Run A run: INACTIVE")
    allow(open_popup(card))
    expect(work.output(AT)).to_contain_text("Run A run: SUCCEEDED.")
    assert world.sandbox.count("runs_started") == started + 1


def test_a_run_is_one_line_that_changes_with_its_active_state_and_a_link(grown: Callable[..., Notebook], world: World) -> None:
    work = grown("flow.consent()", RUN)
    work.start(AT)
    allow(open_popup(work.expect_card(AT)))
    work.expect_ended(AT)
    world.sandbox.configure(state_seconds=600)
    work.start(AT + 1)
    expect(work.output(AT + 1)).to_contain_text("Run A run: ACTIVE, in state 'S0'.")
    world.sandbox.configure(state_seconds=0)
    expect(work.output(AT + 1)).to_contain_text("Run A run: SUCCEEDED.")
    link = work.output(AT + 1).get_by_role("link", name="See the run")
    expect(link).to_have_count(1)
    assert re.fullmatch(r"https://app\.globus\.org/runs/[0-9a-f-]{36}", link.get_attribute("href") or "")


def test_a_cell_that_is_run_again_shows_its_run_again(grown: Callable[..., Notebook]) -> None:
    work = grown("flow.consent()", 'run = flow.run({}, label="A run")', "run.wait()")
    work.start(AT)
    allow(open_popup(work.expect_card(AT)))
    work.expect_ended(AT)
    work.run(AT + 1, AT + 2)
    work.run(AT + 2)
    expect(work.output(AT + 2)).to_contain_text("Run A run: SUCCEEDED.")


def test_login_with_a_changed_flows_scope_shows_the_tree(grown: Callable[..., Notebook]) -> None:
    work = grown("%login $flow.scope", "%login $flow.scope")
    work.start(AT)
    card = work.expect_card(AT)
    expect(card.locator(".jfa-headline")).to_have_text("Flow 'Ingest' now needs more")
    allow(open_popup(card))
    work.expect_ended(AT)
    work.run(AT + 1)
    expect(work.output(AT + 1)).to_contain_text("nothing had to be asked")


def test_the_widget_shows_what_was_found_and_asks_for_it(grown: Callable[..., Notebook]) -> None:
    work = grown("auth.widget()", LOOK, LOOK)
    work.run(AT)
    panel = work.card(AT)
    expect(panel).to_have_attribute("data-status", "logged_in")
    work.run(AT + 1)
    expect(panel.locator(".jfa-headline")).to_have_text("Flow 'Ingest' now needs more")
    allow(open_popup(panel))
    expect(panel).to_have_attribute("data-status", "logged_in")
    expect(panel.get_by_role("tree")).to_have_count(0)
    work.run(AT + 2)
    expect(work.output(AT + 2)).to_contain_text("Nothing is missing.")
