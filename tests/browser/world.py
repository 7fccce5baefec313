"""What the browser meets: a sandbox in this process, and JupyterLab or Notebook 7 as a process in the demo's folders."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_flowauth.cli.demo import SANDBOX_SECRET_VARIABLE, _stopping, _wait_until_ready
from jupyter_flowauth.cli.demo_folder import DemoFolder, build_demo_environment, make_demo_folder
from jupyter_flowauth.cli.ports import free_port
from jupyter_flowauth.sandbox import running_sandbox
from jupyter_flowauth.sandbox.server import Sandbox
from jupyter_flowauth.sandbox.settings import SandboxSettings
from jupyter_flowauth.sandbox.token_handlers import TokenHandler

APPLICATIONS = {"lab": "jupyterlab", "notebook": "notebook"}
TRAITS = {"lab": "LabApp", "notebook": "JupyterNotebookApp"}
PAGES = {"lab": "lab/tree/", "notebook": "notebooks/"}
BOTH_FRONTS = pytest.mark.parametrize("front", ["lab", "notebook"])


@dataclass
class World:
    """A running front end, and the sandbox that its logins end up at."""

    front: str
    base_url: str
    token: str = field(repr=False)
    folder: DemoFolder
    sandbox: Sandbox
    verifiers: set[str] = field(repr=False)

    @property
    def root(self) -> Path:
        return self.folder.root

    @property
    def tokens(self) -> Path:
        """Where the logins rest."""
        return self.root / "data" / "flowauth"

    @property
    def rendezvous(self) -> Path:
        return self.root / "runtime" / "flowauth"

    @property
    def log(self) -> Path:
        return self.root / "jupyter.log"

    def page_url(self, name: str) -> str:
        """Return where a notebook is, with the Jupyter token, and without the windows of the last visit."""
        return f"{self.base_url}{PAGES[self.front]}{name}?token={self.token}&reset"

    def write_notebook(self, name: str, cells: tuple[str, ...]) -> None:
        kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel}, cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        nbformat.write(notebook, self.folder.notebooks / name)

    def read_notebook(self, name: str) -> str:
        return (self.folder.notebooks / name).read_text(encoding="utf-8")

    def call(self, path: str, method: str = "GET") -> Any:
        """Return what the Jupyter server's own API answers."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.base_url}{path}", method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def pending_files(self, *, patience: float = 60) -> list[str]:
        """Return what is left of logins that haven't ended, once there is nothing.

        :param patience: seconds, after which it is whatever there is: kernel and server are two processes, and a page may hear of the end
            of a login from the one before the other has cleared up.
        """
        parts, deadline = ("request", "opened", "response", "reading", "taken"), time.monotonic() + patience
        while left := sorted(path.name for part in parts for path in self.rendezvous.glob(f"*.{part}.json")):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)  # house: ok - this is how a condition is waited for
        return left

    def clear(self) -> None:
        """Stop every kernel and forget every login, so that the next test begins with nothing."""
        for session in self.call("api/sessions"):
            with contextlib.suppress(OSError):
                self.call(f"api/sessions/{session['id']}", "DELETE")
        for folder in (self.tokens, self.folder.notebooks / ".ipynb_checkpoints"):
            shutil.rmtree(folder, ignore_errors=True)
        for path in (*self.rendezvous.glob("*.json"), *self.folder.notebooks.glob("*.ipynb")):
            if not path.name.startswith("server-"):
                path.unlink(missing_ok=True)
        self.sandbox.state.faults.clear()
        self.sandbox.state.authorize_requests.clear()
        self.sandbox.state.settings = SandboxSettings()
        self.verifiers.clear()


@contextlib.contextmanager
def running_world(front: str, root: Path) -> Iterator[World]:
    """Run a sandbox and a front end until the block ends."""
    secret, verifiers = secrets.token_urlsafe(32), set[str]()
    with running_sandbox(admin_secret=secret) as sandbox, _hearing(verifiers):
        folder = make_demo_folder(root)
        environment = {**build_demo_environment(folder, sandbox.url), SANDBOX_SECRET_VARIABLE: secret}
        world = World(front, f"http://127.0.0.1:{free_port()}/", secrets.token_hex(16), folder, sandbox, verifiers)
        with _running_server(world, environment):
            yield world


@contextlib.contextmanager
def _running_server(world: World, environment: dict[str, str]) -> Iterator[None]:
    port = world.base_url.rstrip("/").rpartition(":")[2]
    command = [
        *(sys.executable, "-m", APPLICATIONS[world.front], "--no-browser", "--ip=127.0.0.1", f"--port={port}"),
        *("--ServerApp.port_retries=0", "--ServerApp.allow_unauthenticated_access=False", "--LabApp.extension_manager=readonly"),
        f"--{TRAITS[world.front]}.expose_app_in_browser=True",
        f"--ServerApp.root_dir={world.folder.notebooks}",
        f"--FlowAuthExtension.sandbox_url={world.sandbox.url}",
        *(["--allow-root"] if os.getuid() == 0 else []),
    ]
    variables = {**os.environ, **environment, "JUPYTER_TOKEN": world.token}
    with world.log.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, text=True, env=variables, cwd=world.folder.notebooks, start_new_session=True
        )
        with _stopping(process):
            _wait_until_ready(process, world.base_url, world.log)
            yield


@contextlib.contextmanager
def _hearing(verifiers: set[str]) -> Iterator[None]:
    """Take note of every code_verifier that the sandbox is sent, so that it can be searched for."""
    post = TokenHandler.post

    def heard(handler: TokenHandler) -> None:
        verifiers.add(handler.get_body_argument("code_verifier", ""))
        post(handler)

    TokenHandler.post = heard  # type: ignore[method-assign]
    try:
        yield
    finally:
        TokenHandler.post = post  # type: ignore[method-assign]
