"""An OpenID provider with instances of a service, Jupyter folders of the test's own, and somebody at the browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jupyter_flowauth import FlowAuth
from jupyter_flowauth.user_agents.loopback import LoopbackUserAgent
from tests.fakes.oidc_server import CLIENT_ID, OidcServer


class School:
    """One test's world."""

    def __init__(self, server: OidcServer, home: Path) -> None:
        self.server, self.home = server, home

    def configure(self, **providers: dict[str, Any]) -> None:
        """Write the configuration; without arguments: one OpenID provider that its instances name."""
        providers = providers or {"school": {"kind": "oidc", "client_id": CLIENT_ID}}
        (self.home / "config").mkdir(exist_ok=True)
        (self.home / "config" / "jupyter_flowauth.json").write_text(json.dumps({"providers": providers}))

    def auth(self, *arguments: Any, **options: Any) -> FlowAuth:
        """Return what another notebook would hold."""
        return FlowAuth(*arguments, **{"user_agent": LoopbackUserAgent(self.server.browser), **options})

    def log_in(self, instance: str = "a", **options: Any) -> FlowAuth:
        """Log in at an instance."""
        auth = self.auth(instance_url=self.server.instance(instance), **options)
        auth.login()
        return auth
