"""A notebook as a person sees it, in JupyterLab or in Notebook 7."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from .world import World

TRANSFER = "urn:globus:auth:scope:transfer.api.globus.org:all"
GROUPS = "urn:globus:auth:scope:groups.api.globus.org:view_my_groups_and_memberships"
MANAGE_GROUPS = "urn:globus:auth:scope:groups.api.globus.org:all"
LOAD = "%load_ext jupyter_flowauth"
LOGIN = f"%login {TRANSFER} {GROUPS}"

_KERNEL_READY = """path => {
  const widgets = [...(window.jupyterapp?.shell.widgets('main') ?? [])];
  const kernel = widgets.find(widget => widget.context?.path === path)?.sessionContext.session?.kernel;
  return kernel?.connectionStatus === 'connected' && kernel?.status === 'idle';
}"""
_OPEN_IN_LAB = """async path => {
  await window.jupyterapp.commands.execute('docmanager:open', { path, factory: 'Notebook' });
}"""

_CLOSE_ALL = """() => {
  for (const widget of [...(window.jupyterapp?.shell.widgets('main') ?? [])]) {
    if (widget.context?.model) {
      widget.context.model.dirty = false;
    }
    widget.dispose();
  }
}"""


@dataclass
class Notebook:
    """An open notebook."""

    page: Page
    world: World
    name: str

    @property
    def panel(self) -> Locator:
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def cell(self, number: int) -> Locator:
        return self.panel.locator(".jp-Notebook-cell").nth(number)

    def output(self, number: int) -> Locator:
        return self.cell(number).locator(".jp-Cell-outputArea")

    def card(self, number: int) -> Locator:
        """Return the view in a cell's output."""
        return self.output(number).locator(".jfa-view")

    def start(self, number: int) -> None:
        """Run a cell, and don't wait for it."""
        editor = self.cell(number).locator(".cm-content")
        editor.click()
        expect(self.panel.locator(".jp-Notebook")).to_have_class(re.compile("jp-mod-editMode"))
        editor.press("Control+Enter")
        expect(self.cell(number).locator(".jp-InputPrompt")).not_to_have_text("[ ]:")

    def run(self, *numbers: int) -> None:
        """Run cells, and wait until the last one has ended."""
        for number in numbers:
            self.start(number)
        self.expect_ended(numbers[-1])

    def expect_ended(self, number: int) -> None:
        expect(self.cell(number).locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"))

    def expect_running(self, number: int) -> None:
        expect(self.cell(number).locator(".jp-InputPrompt")).to_have_text("[*]:")

    def expect_card(self, number: int) -> Locator:
        """Return the card of a login that waits, once it is there."""
        card = self.card(number)
        expect(card).to_have_attribute("data-status", "waiting")
        return card

    def wait_for_kernel(self) -> None:
        """Wait until the page is connected to the kernel: a cell that is run before that does nothing."""
        self.page.wait_for_function(_KERNEL_READY, arg=self.name)

    def menu(self, *path: str) -> None:
        """Choose from the menus."""
        self.page.locator(".lm-MenuBar-item").get_by_text(path[0], exact=True).click()
        self.page.locator(".lm-Menu-item").filter(has_text=re.compile(re.escape(path[1]))).first.click()

    def restart(self) -> None:
        """Restart the kernel and run all cells."""
        self.menu("Kernel", "Restart Kernel and Run All")
        self.page.get_by_role("dialog").get_by_role("button", name="Confirm Kernel Restart").click()

    def reload(self) -> None:
        """Reload the page, whatever it says of work that would be lost."""
        self.page.once("dialog", lambda dialog: dialog.accept())
        self.page.reload()
        expect(self.cell(0)).to_be_visible()

    def save(self) -> str:
        """Save, and return what the file holds."""
        with self.page.expect_response(lambda response: "/api/contents/" in response.url and response.request.method == "PUT"):
            self.page.get_by_role("button", name="Save and create checkpoint").click()
        return self.world.read_notebook(self.name)


def open_notebook(page: Page, world: World, name: str, *cells: str) -> Notebook:
    """Write a notebook, open it, and wait for its kernel. A JupyterLab that is there already opens it in its only tab."""
    world.write_notebook(name, cells)
    if world.front == "lab" and page.url.startswith(world.base_url):
        page.evaluate(_OPEN_IN_LAB, name)
    else:
        page.goto(world.page_url(name))
        page.evaluate("() => { window.asOpened = true; }")
    notebook = Notebook(page, world, name)
    expect(notebook.cell(len(cells) - 1)).to_be_visible()
    notebook.wait_for_kernel()
    return notebook


def is_as_opened(page: Page) -> bool:
    """Tell whether JupyterLab was neither reloaded nor left with a question of its own."""
    return bool(page.evaluate("() => window.asOpened === true && !document.querySelector('.jp-Dialog')"))


def empty_lab(page: Page) -> None:
    """Leave JupyterLab as it was when it was opened, in a browser that was nowhere else."""
    for other in page.context.pages:
        if other is not page:
            other.close()
    page.context.unroute_all()
    page.context.clear_cookies(name=re.compile("^(sandbox_|flowauth-)"))
    page.evaluate(_CLOSE_ALL)
