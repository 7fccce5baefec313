"""Log in from a notebook, see which scopes are missing, and get authorizers keyed by scope."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .auth import FlowAuth, accounts
    from .errors import (
        ConfigurationError,
        ConsentRequired,
        FlowAuthError,
        IdentityMismatch,
        InteractionRequired,
        LoginDenied,
        LoginRequired,
        LoginTimeout,
        ProviderError,
        ScopesMissing,
        StateMismatch,
        StorageError,
    )
    from .integrations.gladier import FlowAuthLoginManager
    from .integrations.globus_app import NotebookLoginFlowManager, SharedTokenStorage
    from .providers.globus import GlobusProvider
    from .providers.oidc import OIDCProvider

__version__ = "0.1.0"
__all__ = [
    "ConfigurationError",
    "ConsentRequired",
    "FlowAuth",
    "FlowAuthError",
    "FlowAuthLoginManager",
    "GlobusProvider",
    "IdentityMismatch",
    "InteractionRequired",
    "LoginDenied",
    "LoginRequired",
    "LoginTimeout",
    "NotebookLoginFlowManager",
    "OIDCProvider",
    "ProviderError",
    "ScopesMissing",
    "SharedTokenStorage",
    "StateMismatch",
    "StorageError",
    "accounts",
]
_HOMES = {"FlowAuth": ".auth", "accounts": ".auth", "GlobusProvider": ".providers.globus"}
_HOMES["OIDCProvider"] = ".providers.oidc"
_HOMES["FlowAuthLoginManager"] = ".integrations.gladier"
_HOMES |= dict.fromkeys(("NotebookLoginFlowManager", "SharedTokenStorage"), ".integrations.globus_app")


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562), so that importing the package costs next to nothing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES.get(name, ".errors"), __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, imported or not."""
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """Define ``auth`` and the magics: ``%load_ext jupyter_flowauth``."""
    importlib.import_module(".kernel.magics", __name__).load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Remove the magics again: ``%unload_ext jupyter_flowauth``."""
    importlib.import_module(".kernel.magics", __name__).unload(shell)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    extension = importlib.import_module(".server.extension", __name__)
    return [{"module": "jupyter_flowauth", "app": extension.FlowAuthExtension}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "@jupyter-flowauth/labextension"}]
