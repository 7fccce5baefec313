from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config


class Shell:
    """A real IPython shell, and what its cells show."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.names = shell.user_ns
        self.error: BaseException | None = None

    def run(self, cell: str) -> str:
        """Run a cell and return all that it showed: printed, displayed, and its traceback."""
        with capture_output() as captured:
            result = self.shell.run_cell(cell)
        self.error = result.error_in_exec or result.error_before_exec
        shown = [str(value) for output in captured.outputs for value in output.data.values()]
        return "\n".join([captured.stdout, captured.stderr, *shown])


@pytest.fixture
def shell(jupyter_home: object) -> Iterator[Shell]:
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}}))
    yield Shell(made)
    made.history_manager.end_session() if made.history_manager else None
    InteractiveShell.clear_instance()


@pytest.fixture
def notebook(shell: Shell, demo: object) -> Callable[[str], str]:
    """A shell in which the extension is loaded and somebody is at the browser."""
    shell.names["auth"] = demo.auth()  # type: ignore[attr-defined]
    shell.run("%load_ext jupyter_flowauth")
    return shell.run
