"""The demo: the sandbox and JupyterLab as processes of their own, in Jupyter folders of their own."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shlex
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from ..errors import FlowAuthError
from .demo_folder import DemoFolder, build_demo_environment, make_demo_folder
from .ports import free_port

READY_SECONDS = 90.0
STOP_SECONDS = 10.0
_POLL_SECONDS = 0.1
SANDBOX_SECRET_VARIABLE = "FLOWAUTH_SANDBOX_ADMIN_SECRET"


class DemoError(FlowAuthError):
    """A demo that could not be started."""


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """A demo that answers.

    :param notebook_url: where the notebook is, with the token that JupyterLab asks for.
    :param environment: the variables that point another process at it.
    """

    notebook_url: str
    sandbox_url: str
    environment: dict[str, str]
    server: subprocess.Popen[str]


def run_demo(*, port: int, open_browser: bool | None, check_only: bool, say: Callable[[str], object]) -> None:
    """Start the demo, say where it is, and wait for Ctrl-C.

    :raises DemoError: with a sentence, if it doesn't start.
    """
    signal.signal(signal.SIGTERM, _stop)
    with contextlib.suppress(KeyboardInterrupt), running_demo(port=port, say=say) as demo:
        if check_only:
            _check(demo)
            say("The demo works.")
            return
        say(f"\nOpen the demo notebook:\n\n    {demo.notebook_url}\n")
        say("To use its logins in a second terminal, paste these lines there, then start `ipython`, or a script of yours:\n")
        say("\n".join(f"    {line}" for line in _build_terminal_lines(demo)))
        say('    # in IPython:  %load_ext jupyter_flowauth      in a script:  auth = jupyter_flowauth.FlowAuth(); auth.login(["openid"])\n')
        say("Stop it with Ctrl-C.")
        _open_browser(demo.notebook_url, wanted=open_browser)
        demo.server.wait()
    say("The demo has ended, and its folder is removed.")


def _build_terminal_lines(demo: RunningDemo) -> list[str]:
    """Return what points another terminal at the demo: at the programs of this environment, too, which need not be on the path there."""
    programs = shlex.quote(sysconfig.get_path("scripts"))
    return [f'export PATH={programs}:"$PATH"', *(f"export {name}={shlex.quote(value)}" for name, value in demo.environment.items())]


@contextlib.contextmanager
def running_demo(*, port: int, say: Callable[[str], object]) -> Iterator[RunningDemo]:
    """Run the sandbox and JupyterLab until the block ends.

    :raises DemoError: if one of them doesn't start.
    """
    with contextlib.ExitStack() as stack:
        root = stack.enter_context(tempfile.TemporaryDirectory(prefix="flowauth-demo-", ignore_cleanup_errors=True))
        admin_secret = secrets.token_urlsafe(32)
        say("Starting the sandbox, a pretend provider on this machine...")
        sandbox_url = stack.enter_context(_running_sandbox(admin_secret))
        folder = make_demo_folder(Path(root))
        environment = build_demo_environment(folder, sandbox_url)
        say("Starting JupyterLab...")
        yield stack.enter_context(_running_server(folder, environment, sandbox_url, admin_secret, port=port or free_port()))


@contextlib.contextmanager
def _running_sandbox(admin_secret: str) -> Iterator[str]:
    command = [sys.executable, "-m", "jupyter_flowauth.sandbox", "--admin-secret-env", SANDBOX_SECRET_VARIABLE]
    environment = {**os.environ, SANDBOX_SECRET_VARIABLE: admin_secret}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True)
    with _stopping(process):
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise DemoError("the sandbox did not start; try `python -m jupyter_flowauth.sandbox` to see why")
        yield str(json.loads(line)["url"])


@contextlib.contextmanager
def _running_server(
    folder: DemoFolder, environment: dict[str, str], sandbox_url: str, admin_secret: str, *, port: int
) -> Iterator[RunningDemo]:
    token = secrets.token_hex(16)
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"),
        f"--ServerApp.root_dir={folder.notebooks}",
        f"--FlowAuthExtension.sandbox_url={sandbox_url}",
        "--ServerApp.allow_unauthenticated_access=False",
        "--LabApp.extension_manager=readonly",
        *(["--allow-root"] if hasattr(os, "getuid") and os.getuid() == 0 else []),
    ]
    log = folder.root / "jupyterlab.log"
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            command,
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **environment, SANDBOX_SECRET_VARIABLE: admin_secret, "JUPYTER_TOKEN": token},
            cwd=folder.notebooks,
            start_new_session=True,
        )
        with _stopping(process):
            base_url = f"http://127.0.0.1:{port}/"
            _wait_until_ready(process, base_url, log)
            yield RunningDemo(f"{base_url}lab/tree/demo.ipynb?token={token}", sandbox_url, environment, process)


def _wait_until_ready(process: subprocess.Popen[str], base_url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{base_url}api", timeout=2):  # noqa: S310 - our own address
            return
        time.sleep(_POLL_SECONDS)
    raise DemoError("JupyterLab did not start; the end of its log:\n" + "\n".join(log.read_text(encoding="utf-8").splitlines()[-15:]))


def _check(demo: RunningDemo) -> None:
    """See that our routes, our labextension and the sandbox answer.

    :raises DemoError: if one of them doesn't.
    """
    base_url, _, token = demo.notebook_url.partition("lab/tree/demo.ipynb?token=")
    pages = {
        f"{base_url}flowauth/api/status": '"globus"',
        f"{base_url}lab": "@jupyter-flowauth/labextension",
        f"{base_url}api/contents/demo.ipynb": "%login",
        f"{demo.sandbox_url}/.well-known/openid-configuration": '"issuer"',
    }
    for url, wanted in pages.items():
        request = urllib.request.Request(url, headers={"Authorization": f"token {token}"} if url.startswith(base_url) else {})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own addresses
                found = wanted in answer.read().decode()
        except urllib.error.URLError as error:
            raise DemoError(f"{url} does not answer as it should: {error}") from None
        if not found:
            raise DemoError(f"{url} answers, and there is no {wanted} in it; was the package built and installed whole?")


def _open_browser(url: str, *, wanted: bool | None) -> None:
    import webbrowser

    from .. import wiring

    if wanted or (wanted is None and wiring.has_desktop() and sys.stdout.isatty()):
        webbrowser.open(url)


@contextlib.contextmanager
def _stopping(process: subprocess.Popen[str]) -> Iterator[None]:
    """Stop a process, and wait for its end, when the block ends."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
