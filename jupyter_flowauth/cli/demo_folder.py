"""The Jupyter folders of the demo: its own, so that nothing of the user's is touched."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from ..sandbox import SANDBOX_CLIENT_ID

NOTEBOOK = Path(__file__).parent / "demo.ipynb"


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """Where the demo rests."""

    root: Path

    @property
    def notebooks(self) -> Path:
        """The folder that JupyterLab shows."""
        return self.root / "notebooks"


def make_demo_folder(root: Path) -> DemoFolder:
    """Fill a folder with the configuration, the settings and the notebook of the demo."""
    folder = DemoFolder(root)
    folder.notebooks.mkdir()
    shutil.copy(NOTEBOOK, folder.notebooks / NOTEBOOK.name)
    config = {"default_provider": "globus", "providers": {"globus": {"kind": "globus", "client_id": SANDBOX_CLIENT_ID}}}
    _write_json(root / "config" / "jupyter_flowauth.json", config)
    # The demo's own JupyterLab has no news to fetch: it works without a network.
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    _write_json(root / "lab-settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings", quiet)
    return folder


def build_demo_environment(folder: DemoFolder, sandbox_url: str) -> dict[str, str]:
    """Return the variables that point Jupyter at the demo's folders, and globus_sdk at the sandbox."""
    root = folder.root
    return {
        "JUPYTER_CONFIG_DIR": str(root / "config"),
        "JUPYTER_DATA_DIR": str(root / "data"),
        "JUPYTER_RUNTIME_DIR": str(root / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(root / "lab-settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(root / "lab-workspaces"),
        "IPYTHONDIR": str(root / "ipython"),
        **{f"GLOBUS_SDK_SERVICE_URL_{service}": sandbox_url for service in ("AUTH", "COMPUTE", "FLOWS", "GROUPS", "SEARCH", "TRANSFER")},
        # Action providers are named in flows' definitions by their public addresses; here the sandbox stands in for them.
        "FLOWAUTH_SERVICE_URL_ACTIONS": f"{sandbox_url}/actions",
    }


def _write_json(path: Path, values: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=2), encoding="utf-8")
