"""What a notebook keeps of a login, and that the search for secrets finds one."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .conftest import OpenNotebook
from .notebook import LOAD, LOGIN, TRANSFER
from .provider_pages import log_in
from .secrecy import Secrecy

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"


@pytest.mark.parametrize("front", ["lab", "notebook"])
def test_a_saved_notebook_keeps_a_sentence_and_nothing_of_the_card(notebook: OpenNotebook) -> None:
    work = notebook(LOAD, LOGIN)
    work.start(0)
    work.start(1)
    log_in(work.expect_card(1))
    work.expect_ended(1)
    saved = work.save()
    (output,) = json.loads(saved)["cells"][1]["outputs"]
    assert "".join(output["data"]["text/plain"]) == "✓ You are alice@sandbox.example, 2 scopes granted."
    assert not any(word in saved for word in (WIDGET_MIME, "_esm", "jfa-", "<button", "widget-state", "flowauth/login/"))


@pytest.mark.parametrize("how", ["Cancel", "Interrupt"])
def test_a_login_that_ended_badly_leaves_no_dead_button_either(notebook: OpenNotebook, how: str) -> None:
    work = notebook(LOAD, LOGIN)
    work.start(0)
    work.start(1)
    card = work.expect_card(1)
    card.get_by_role("button", name="Cancel").click() if how == "Cancel" else work.menu("Kernel", "Interrupt Kernel")
    work.expect_ended(1)
    saved = work.save()
    assert not any(word in saved for word in (WIDGET_MIME, "_esm", "<button", "flowauth/login/"))


def test_a_notebook_saved_while_a_login_waits_holds_no_bundle_and_no_secret(notebook: OpenNotebook) -> None:
    work = notebook(LOAD, LOGIN)
    work.start(0)
    work.start(1)
    card = work.expect_card(1)
    saved = work.save()
    assert "This notebook asks for access through Globus" in saved
    assert not any(word in saved for word in ("_esm", "widget-state", "state=", "code_challenge"))
    card.get_by_role("button", name="Cancel").click()
    work.expect_ended(1)


def test_a_saved_notebook_that_is_opened_again_shows_the_sentence(fresh_page: Page, notebook: OpenNotebook) -> None:
    work = notebook(LOAD, LOGIN, page=fresh_page)
    work.start(0)
    work.start(1)
    log_in(work.expect_card(1))
    work.expect_ended(1)
    work.save()
    work.reload()
    expect(work.output(1)).to_contain_text("✓ You are alice@sandbox.example, 2 scopes granted.")


def test_a_token_that_somebody_prints_would_be_found(notebook: OpenNotebook, secrecy: Secrecy, log_in_quietly: Callable[..., None]) -> None:
    log_in_quietly(TRANSFER)
    work = notebook(LOAD, f'print(auth.token("{TRANSFER}"))')
    work.run(0, 1)
    expect(work.output(1)).to_contain_text("sbxaccess_")
    work.save()
    found = [place.partition(" in ")[2] for place in secrecy.search()]
    assert "a kernel's message" in found
    assert f"notebooks/{work.name}" in found
    secrecy.planted = True
