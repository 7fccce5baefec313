"""The card under the traceback of a refused call, in a real notebook."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import OpenNotebook
from .flow_cells import BEGINNING, NEEDED, RUN_BARE
from .notebook import Notebook
from .provider_pages import agree, allow, deny, open_popup
from .world import World

GROWN, REFUSED, OTHER = len(BEGINNING) - 1, len(BEGINNING), len(BEGINNING) + 1
pytestmark = pytest.mark.parametrize("front", ["lab", "notebook"])
AGAIN = re.compile(rf"Now run cell \[{REFUSED + 1}\] again\.")


@pytest.fixture
def refused(notebook: OpenNotebook, log_in_quietly: Callable[..., None]) -> Notebook:
    """A notebook whose flow was changed after the consent to it, and whose next run was refused."""
    log_in_quietly(*NEEDED)
    work = notebook(*BEGINNING, RUN_BARE, RUN_BARE)
    work.run(0, 1)
    work.start(2)
    agree(open_popup(work.expect_card(2)))
    work.expect_ended(2)
    work.run(GROWN, REFUSED)
    expect(work.card(REFUSED)).to_be_visible()
    return work


def consent(card: Locator) -> Page:
    """Press the card's button, and return the window that it opens."""
    with card.page.expect_popup() as popup:
        card.get_by_role("button", name="Consent", exact=True).click()
    return popup.value


def test_the_card_is_under_the_traceback_and_says_what_is_new(refused: Notebook) -> None:
    expect(refused.output(REFUSED)).to_contain_text(re.compile("FlowsAPIError.*MISSING_SCOPE.*now needs more", re.DOTALL))
    card = refused.card(REFUSED)
    expect(card.locator(".jfa-headline")).to_have_text("Flow 'Ingest' now needs more")
    expect(card.get_by_role("tree").get_by_role("treeitem")).to_have_count(3)
    expect(card.locator(".jfa-mod-new .jfa-title")).to_have_text(["Flow 'Ingest' now also uses Globus Search (ingest)"])
    expect(card.locator(".jfa-sign")).to_have_text(["✓", "✓", "+"])


def test_its_button_consents_and_leaves_the_sentence_that_says_which_cell_to_run_again(refused: Notebook) -> None:
    allow(consent(refused.card(REFUSED)))
    expect(refused.output(REFUSED)).to_contain_text(AGAIN)
    expect(refused.card(REFUSED)).to_have_count(0)
    refused.run(REFUSED)
    expect(refused.output(REFUSED)).to_contain_text(re.compile("'(ACTIVE|SUCCEEDED)'"))


def test_a_no_leaves_the_card_and_its_button(refused: Notebook) -> None:
    card = refused.card(REFUSED)
    deny(consent(card))
    expect(card).to_have_attribute("data-status", "denied")
    allow(consent(card))
    expect(refused.output(REFUSED)).to_contain_text(AGAIN)


def test_the_same_refusal_in_another_cell_takes_the_card_along(refused: Notebook) -> None:
    refused.run(OTHER)
    expect(refused.card(OTHER)).to_contain_text(f"run cells [{REFUSED + 1}] and [{OTHER + 1}] again")
    expect(refused.card(REFUSED)).to_have_count(0)
    expect(refused.output(REFUSED)).to_contain_text(f"This is asked for under cell [{OTHER + 1}] now.")


def test_the_arrow_keys_walk_the_tree_and_not_the_notebook(refused: Notebook) -> None:
    items = refused.card(REFUSED).get_by_role("treeitem")
    items.first.focus()
    refused.page.keyboard.press("ArrowDown")
    expect(items.nth(1)).to_be_focused()


def test_a_saved_notebook_keeps_a_sentence(refused: Notebook) -> None:
    allow(consent(refused.card(REFUSED)))
    expect(refused.output(REFUSED)).to_contain_text(AGAIN)
    saved = json.loads(refused.save())
    kept = saved["cells"][REFUSED]["outputs"][-1]["data"]
    assert (sorted(kept), "widgets" in saved["metadata"]) == (["text/html", "text/plain"], False)


def test_a_card_that_was_reloaded_still_consents(refused: Notebook, world: World) -> None:
    refused.save()
    refused.page.reload()
    expect(refused.card(REFUSED)).to_be_visible()
    refused.wait_for_kernel()
    allow(consent(refused.card(REFUSED)))
    expect(refused.output(REFUSED)).to_contain_text(AGAIN)
