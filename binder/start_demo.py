"""Starts the sandbox beside the Jupyter server that Binder wants to start, and points the one at the other.

The browser is on another machine and never reaches the sandbox: its pages come through the server, under ``flowauth/sandbox/``.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from jupyter_flowauth.cli.demo import SANDBOX_SECRET_VARIABLE
from jupyter_flowauth.cli.demo_folder import DemoFolder, build_demo_environment, make_demo_folder


def start_sandbox() -> str:
    """Start the sandbox, and return its address. It ends with the container."""
    command = [sys.executable, "-m", "jupyter_flowauth.sandbox", "--admin-secret-env", SANDBOX_SECRET_VARIABLE]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline() if process.stdout else ""
    return str(json.loads(line)["url"]) if line else sys.exit("The sandbox did not start: see above.")


def configure_server(folder: DemoFolder, sandbox_url: str) -> None:
    """Write the server's settings into the demo's own configuration folder."""
    settings = {
        "ServerApp": {"root_dir": str(folder.notebooks), "allow_unauthenticated_access": False},
        "FlowAuthExtension": {"sandbox_url": sandbox_url},
    }
    (folder.root / "config" / "jupyter_server_config.json").write_text(json.dumps(settings, indent=2), encoding="utf-8")


def main(command: list[str]) -> None:
    """Become the command, in the demo's environment."""
    if not command:
        sys.exit("Usage: start COMMAND ...")
    os.environ[SANDBOX_SECRET_VARIABLE] = secrets.token_urlsafe(32)
    sandbox_url = start_sandbox()
    folder = make_demo_folder(Path(tempfile.mkdtemp(prefix="flowauth-demo-")))
    configure_server(folder, sandbox_url)
    os.environ.update(build_demo_environment(folder, sandbox_url))
    os.chdir(folder.notebooks)
    os.execvp(command[0], command)  # noqa: S606 - the command that Binder gave us


if __name__ == "__main__":
    main(sys.argv[1:])
