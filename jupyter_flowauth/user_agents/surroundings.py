"""What this process is and who can reach it: read from its environment, judged by the ladder."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from .ladder import Surroundings


def look_around(server: str | None, server_note: str = "") -> Surroundings:
    """Return what decides how a person can be reached from this process."""
    kernel, environment = in_kernel(), os.environ
    return Surroundings(
        server=server,
        in_kernel=kernel,
        in_server_kernel=kernel and "JPY_SESSION_NAME" in os.environ,
        allows_stdin=_kernel_allows_stdin() if kernel else bool(sys.stdin and sys.stdin.isatty()),
        over_ssh=any(name in environment for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")),
        has_desktop=has_desktop(),
        elsewhere=find_elsewhere(environment),
        automated=find_automation(environment),
        server_note=server_note,
    )


# What VS Code's remote terminals and its containers have. Its BROWSER there opens a page on another machine, whose 127.0.0.1 is not ours.
_REMOTE_EDITORS = {
    "CODESPACES": "this is a codespace",
    "REMOTE_CONTAINERS": "this is a development container",
    "VSCODE_IPC_HOOK_CLI": "this is a remote terminal of VS Code",
    "GITPOD_WORKSPACE_ID": "this is a Gitpod workspace",
}
_HOSTED_NOTEBOOKS = {"COLAB_RELEASE_TAG": "Colab", "KAGGLE_KERNEL_RUN_TYPE": "Kaggle", "BINDER_LAUNCH_HOST": "Binder"}


def find_elsewhere(environment: Mapping[str, str]) -> str:
    """Return why the person's browser is on another machine than this process, or nothing if it needn't be."""
    for name, what in _REMOTE_EDITORS.items():
        # WSL's own side of VS Code is this machine: what Windows opens on 127.0.0.1 comes here.
        if environment.get(name) and not environment.get("WSL_DISTRO_NAME"):
            return f"{what}: your browser is on another machine, and can't come back to a port of this one"
    for name, what in _HOSTED_NOTEBOOKS.items():
        if environment.get(name):
            return f"this runs on {what}: your browser is on another machine"
    return ""


def find_automation(environment: Mapping[str, str]) -> str:
    """Return which sign there is that a CI service runs this; nobody reads the terminals that some of them give a job."""
    for name in ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "TEAMCITY_VERSION", "TF_BUILD"):
        if environment.get(name, "").casefold() not in ("", "0", "false", "no"):
            return f"this is a CI job ({name} is set)"
    return ""


def has_desktop() -> bool:
    """Tell whether a browser can be opened on this machine, for whoever sits at it."""
    if sys.platform in ("darwin", "win32"):
        return True
    import webbrowser

    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("BROWSER")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def _shell() -> Any:
    """Return IPython's shell if this process runs one, without importing IPython for those that don't."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def in_kernel() -> bool:
    """Tell whether this process is a Jupyter kernel."""
    return hasattr(_shell(), "kernel")


def _kernel_allows_stdin() -> bool:
    """Tell whether the request that runs now allows input; where it doesn't say, it does."""
    parent = _shell().kernel.get_parent() or {}
    return bool(parent.get("content", {}).get("allow_stdin", True))
