"""Gladier's two steps, a change and a restart, in a real notebook."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .conftest import OpenNotebook
from .flow_cells import GLADIER, GLADIER_GROW, GLADIER_RUN
from .notebook import LOAD, Notebook
from .provider_pages import agree, allow, open_popup
from .world import World

pytest.importorskip("gladier", reason="gladier is missing: pip install 'gladier==0.11.*' gladier-tools")

CELLS = (LOAD, GLADIER, GLADIER_RUN, GLADIER_RUN, GLADIER_GROW, GLADIER_RUN)
RUN, AGAIN, GROW, GROWN = 2, 3, 4, 5


@pytest.fixture
def deployed(notebook: OpenNotebook, world: World) -> Notebook:
    """A notebook in which the flow was deployed and run: two consents."""
    (world.folder.notebooks / "gladier.cfg").unlink(missing_ok=True)
    work = notebook(*CELLS)
    work.run(0, 1)
    work.start(RUN)
    agree(open_popup(work.expect_card(RUN)))
    flow_card = work.card(RUN).filter(has_text="_user")
    expect(flow_card).to_have_attribute("data-status", "waiting")
    allow(open_popup(flow_card))
    work.expect_ended(RUN)
    return work


@pytest.fixture
def prompts(deployed: Notebook, world: World) -> Callable[[], int]:
    """How often somebody was sent to the provider since the first run."""
    before = world.sandbox.count("authorize")
    return lambda: world.sandbox.count("authorize") - before


def test_the_first_run_asks_for_two_steps_and_then_runs(deployed: Notebook, world: World) -> None:
    expect(deployed.output(RUN)).to_contain_text("'SUCCEEDED'")
    assert [request["scope"].count("_user") for request in world.sandbox.state.authorize_requests] == [0, 1]


def test_a_second_run_asks_nothing(deployed: Notebook, prompts: Callable[[], int]) -> None:
    deployed.run(AGAIN)
    expect(deployed.output(AGAIN)).to_contain_text("'SUCCEEDED'")
    assert prompts() == 0


def test_a_changed_flow_is_asked_for_once_and_the_card_names_search(deployed: Notebook, prompts: Callable[[], int]) -> None:
    deployed.run(GROW)
    deployed.start(GROWN)
    card = deployed.expect_card(GROWN)
    expect(card.locator(".jfa-headline")).to_contain_text("now needs more")
    expect(card.locator(".jfa-mod-new")).to_contain_text(["now also uses Globus Search (ingest)"])
    allow(open_popup(card))
    deployed.expect_ended(GROWN)
    expect(deployed.output(GROWN)).to_contain_text("'SUCCEEDED'")
    assert prompts() == 1


def test_after_a_restart_the_changed_flow_runs_with_no_prompt(deployed: Notebook, prompts: Callable[[], int]) -> None:
    deployed.run(GROW)
    deployed.start(GROWN)
    allow(open_popup(deployed.expect_card(GROWN)))
    deployed.expect_ended(GROWN)
    deployed.menu("Kernel", "Restart Kernel")
    deployed.page.get_by_role("dialog").get_by_role("button", name="Confirm Kernel Restart").click()
    deployed.run(0)
    expect(deployed.cell(0).locator(".jp-InputPrompt")).to_have_text("[1]:")
    deployed.run(1, GROW, GROWN)
    expect(deployed.output(GROWN)).to_contain_text("'SUCCEEDED'")
    assert prompts() == 1
