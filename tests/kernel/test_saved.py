"""What becomes of a login's output where there is no front end of ours: a static page, nbviewer, a terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import nbformat
import pytest
from IPython.utils.capture import capture_output
from nbconvert import HTMLExporter

from jupyter_flowauth.kernel.display import NotebookPresenter
from tests.kernel.test_display import DONE, LOGIN, OUTCOMES, PATH, SERVER

DEAD = ("<button", "_esm", "jfa-", "<input", "application/vnd.jupyter.widget-view+json")


def export(*bundles: dict[str, Any]) -> str:
    """Return the page that a notebook with these outputs becomes, without the style and script that every page has."""
    outputs = [nbformat.v4.new_output("display_data", data=bundle) for bundle in bundles]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("%login", outputs=outputs)])
    page, _ = HTMLExporter().from_notebook_node(notebook)
    return str(page).partition("<main>")[2].partition("</main>")[0]


def bundles_of(result: Any = None) -> list[dict[str, Any]]:
    presenter = NotebookPresenter(SERVER)
    with capture_output() as captured:
        presenter.show(LOGIN, address=PATH, rung="server")
        if result is not None:
            presenter.finish(LOGIN, result)
    return [output.data for output in captured.outputs]


def test_a_login_that_was_waiting_when_it_was_saved_is_a_plain_sentence(shell) -> None:
    page = export(bundles_of()[0])
    assert "This notebook asks for access through Fake Auth" in page
    assert "run this cell to be asked again" in page
    assert [word for word in (*DEAD, '<a href="http') if word in page] == []


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_login_that_has_ended_is_one_sentence(shell, outcome) -> None:
    page = export(bundles_of(replace(DONE, outcome=outcome))[-1])
    assert "You are alice." in page
    assert [word for word in DEAD if word in page] == []
