"""Questions in a real kernel, whose front end never answers."""

from __future__ import annotations

import queue
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID
from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL
from tests.fakes.demo import Demo

ROOT = Path(__file__).parents[2]
SECONDS = 60


class Kernel:
    """A kernel and its front end."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager, self.client = manager, client

    def start(self, code: str) -> str:
        return str(self.client.execute(code, allow_stdin=True))

    def question(self) -> str:
        """Wait until the kernel asks something, and leave it unanswered."""
        return str(self.client.get_stdin_msg(timeout=SECONDS)["content"]["prompt"])

    def ended(self, message_id: str) -> tuple[str, str]:
        """Wait for the end of a cell; return its status, and the error's name and value."""
        while True:
            reply = self.client.get_shell_msg(timeout=SECONDS)
            if reply["parent_header"].get("msg_id") == message_id:
                content = reply["content"]
                return content["status"], f"{content.get('ename', '')}: {content.get('evalue', '')}"

    def run(self, code: str) -> tuple[str, str]:
        """Run a cell; once more if it was still in the queue that an error before it has emptied."""
        while (ended := self.ended(self.start(code)))[0] == "aborted":
            continue
        return ended

    def shown(self, message_id: str, text: str) -> str:
        """Wait until a cell shows something with a text in it."""
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            data = message["content"].get("data", {})
            if message["parent_header"].get("msg_id") == message_id and text in data.get("text/plain", ""):
                return str(data["text/plain"])


@pytest.fixture
def kernel(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    manager, client = start_new_kernel(startup_timeout=SECONDS)
    try:
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


noise = ("DeprecationWarning", "ResourceWarning")  # of the kernel's client
pytestmark = pytest.mark.filterwarnings(*(f"ignore::{name}" for name in noise))


def test_a_question_that_nobody_answers_ends_with_its_login_and_the_next_cell_runs(kernel: Kernel) -> None:
    login = f"from jupyter_flowauth import FlowAuth\nFlowAuth(user_agent='paste').login(['{TRANSFER_ALL}'], timeout=5)"
    cell = kernel.start(login)
    assert kernel.question() == "Paste the code here: "
    status, error = kernel.ended(cell)
    assert (status, error.partition(":")[0]) == ("error", "LoginTimeout")
    assert kernel.run("for _ in range(10**6):\n    pass") == ("ok", ": ")


def test_an_interrupt_ends_the_question_as_an_interrupt(kernel: Kernel) -> None:
    cell = kernel.start(f"from jupyter_flowauth import FlowAuth\nFlowAuth(user_agent='paste').login(['{TRANSFER_ALL}'])")
    kernel.question()
    kernel.manager.interrupt_kernel()
    assert kernel.ended(cell)[1].startswith("KeyboardInterrupt")
    with pytest.raises(queue.Empty):
        kernel.client.get_stdin_msg(timeout=0.1)


DEVICE = """
from jupyter_flowauth import FlowAuth, OIDCProvider
FlowAuth(OIDCProvider({url!r}, {client!r}), user_agent="device").login()
"""


def test_a_code_that_is_entered_lets_the_cell_go_on(kernel: Kernel, demo: Demo) -> None:
    demo.sandbox.configure(device_interval=1)
    cell = kernel.start(DEVICE.format(url=demo.sandbox.url, client=SANDBOX_CLIENT_ID))
    shown = kernel.shown(cell, "and enter this code:")
    (code,) = re.findall(r"enter this code: +([A-Z]{4}-[A-Z]{4})", shown)
    demo.sandbox.approve_device(code)
    assert kernel.ended(cell)[0] == "ok"


def test_an_interrupt_ends_the_wait_for_a_code_and_the_next_cell_runs(kernel: Kernel, demo: Demo) -> None:
    cell = kernel.start(DEVICE.format(url=demo.sandbox.url, client=SANDBOX_CLIENT_ID))
    kernel.shown(cell, "and enter this code:")
    kernel.manager.interrupt_kernel()
    assert kernel.ended(cell)[1].startswith("KeyboardInterrupt")
    assert kernel.run("1 + 1") == ("ok", ": ")
    assert list((demo.home / "runtime" / "flowauth").glob("*.request.json")) == []
