"""From the moment the browser calls back to the moment ``auth.login()`` returns in the kernel: a real server, a real kernel."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urljoin, urlsplit

from jupyter_client.blocking.client import BlockingKernelClient

from jupyter_flowauth.cli.demo import RunningDemo, running_demo
from jupyter_flowauth.sandbox.visitor import Visitor

from .figures import Figure, milliseconds
from .world import TRANSFER

LOGINS, BOUND_SECONDS, PATIENCE_SECONDS = 40, 0.150, 60.0
SET_UP = "import time; from jupyter_flowauth import FlowAuth; auth = FlowAuth()"
LOG_IN = f"_ = auth.login([{TRANSFER!r}], force=True); print(time.time())"


class DemoServer:
    """The demo's Jupyter server, as a browser and a front end see it."""

    def __init__(self, demo: RunningDemo) -> None:
        parts = urlsplit(demo.notebook_url)
        self.base = f"{parts.scheme}://{parts.netloc}/"
        self._headers = {"Authorization": f"token {parse_qs(parts.query)['token'][0]}"}
        self.runtime = Path(demo.environment["JUPYTER_RUNTIME_DIR"])

    def call(self, path: str, values: object = None) -> Any:
        """Return what the server's API answers."""
        body = None if values is None else json.dumps(values).encode()
        request = urllib.request.Request(urljoin(self.base, path), body, {**self._headers, "Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - our own address
            return json.load(answer)

    def browser(self) -> Visitor:
        """Return the browser of the server's owner."""
        return Visitor(headers=self._headers)

    def pending_login(self) -> str:
        """Return the id of the login that waits, once one does."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if waiting := self.call("flowauth/api/status")["pending"]:
                return str(waiting[0]["login_id"])
            time.sleep(0.02)
        raise TimeoutError("no login is waiting")


def measure() -> list[Figure]:
    """Return the figure."""
    with patch.dict("os.environ"), running_demo(port=0, say=lambda _: None) as demo:
        server = DemoServer(demo)
        browser = server.browser()
        with running_kernel(server) as kernel:
            run(kernel, SET_UP)
            seconds = [log_in_once(server, browser, kernel) for _ in range(LOGINS)]
    middle, slow = median(seconds), quantiles(seconds, n=10)[-1]
    what, bound = "the browser's callback to the kernel's return", f"median < {milliseconds(BOUND_SECONDS)}"
    note = f"{LOGINS} logins; nine in ten under {milliseconds(slow)}"
    return [Figure(what, bound, milliseconds(middle), "–", middle < BOUND_SECONDS, note)]


@contextlib.contextmanager
def running_kernel(server: DemoServer) -> Iterator[BlockingKernelClient]:
    """Start a kernel as JupyterLab does, and talk to it directly."""
    kernel_id = server.call("api/kernels", {"name": "python3"})["id"]
    client = BlockingKernelClient(connection_file=str(server.runtime / f"kernel-{kernel_id}.json"))
    client.load_connection_file()
    client.start_channels()
    client.wait_for_ready(timeout=PATIENCE_SECONDS)
    try:
        yield client
    finally:
        client.stop_channels()


def run(kernel: BlockingKernelClient, code: str) -> str:
    """Return what a cell prints."""
    kernel.execute(code, allow_stdin=True)
    return gather(kernel)


def gather(kernel: BlockingKernelClient) -> str:
    """Return what the running cell prints until it has ended."""
    printed = ""
    while True:
        message = kernel.get_iopub_msg(timeout=PATIENCE_SECONDS)
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            printed += content["text"]
        elif kind == "error":
            raise RuntimeError("\n".join(content["traceback"]))
        elif kind == "status" and content["execution_state"] == "idle" and message["parent_header"].get("msg_type") == "execute_request":
            return printed


def log_in_once(server: DemoServer, browser: Visitor, kernel: BlockingKernelClient) -> float:
    """Return the seconds from the callback's request to the kernel's return."""
    kernel.execute(LOG_IN, allow_stdin=True)
    page = browser.get(urljoin(server.base, f"flowauth/login/{server.pending_login()}"))
    callback = browser.approve(page.location or "")
    called_at = time.time()
    browser.get(callback)
    return float(gather(kernel)) - called_at
