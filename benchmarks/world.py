"""A sandbox in this process, Jupyter folders of its own, and a login in each way: ours, and ``UserApp``'s."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

from jupyter_flowauth import FlowAuth
from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID, running_sandbox
from jupyter_flowauth.sandbox.server import Sandbox
from jupyter_flowauth.user_agents.loopback import LoopbackUserAgent
from jupyter_flowauth.user_agents.terminal import SilentPresenter

if TYPE_CHECKING:
    import globus_sdk
    from globus_sdk.gare import GlobusAuthorizationParameters

TRANSFER = "urn:globus:auth:scope:transfer.api.globus.org:all"
GROUPS = "urn:globus:auth:scope:groups.api.globus.org:view_my_groups_and_memberships"
TRANSFER_SERVER = "transfer.api.globus.org"
LOGIN_SECONDS = 30.0
_LOOPBACK = "http://127.0.0.1:1"


@contextlib.contextmanager
def running_world() -> Iterator[tuple[Sandbox, Path]]:
    """Run a sandbox, and point this process and those that it starts at it; give it and a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="flowauth-bench-") as name, running_sandbox() as sandbox:
        root = Path(name)
        (root / "config").mkdir()
        providers = {"globus": {"kind": "globus", "client_id": SANDBOX_CLIENT_ID}}
        (root / "config" / "jupyter_flowauth.json").write_text(json.dumps({"providers": providers}))
        folders = {f"JUPYTER_{kind.upper()}_DIR": str(root / kind) for kind in ("config", "data", "runtime")}
        with patch.dict(os.environ, {**folders, **sandbox.environment, "HOME": name}):
            yield sandbox, root


def log_in(sandbox: Sandbox, scopes: list[str], *, force: bool = False) -> FlowAuth:
    """Log alice in through the loopback user agent, a browser in miniature as the person."""

    def browse(url: str) -> None:
        visitor = sandbox.visitor()
        callback = urlsplit(visitor.approve(url))
        last = visitor.get(callback._replace(path=callback.path or "/").geturl())
        if last.location:
            visitor.get(last.location)

    auth = FlowAuth(user_agent=LoopbackUserAgent(open_browser=browse, presenter=SilentPresenter()))
    auth.login(scopes, force=force, timeout=LOGIN_SECONDS)
    return auth


def build_user_app(sandbox: Sandbox, storage: str) -> globus_sdk.UserApp:
    """Return a ``UserApp`` whose person is a browser in miniature."""
    import globus_sdk
    from globus_sdk.login_flows import LoginFlowManager

    class VisitorLoginFlowManager(LoginFlowManager):
        """A login flow in which nobody has to type anything."""

        def run_login_flow(self, auth_parameters: GlobusAuthorizationParameters) -> globus_sdk.OAuthTokenResponse:
            """Go through the sandbox's pages."""
            location = sandbox.approve(self._get_authorize_url(auth_parameters, _LOOPBACK))
            return self.login_client.oauth2_exchange_code_for_tokens(parse_qs(urlsplit(location).query)["code"][0])

    client = globus_sdk.NativeAppAuthClient(SANDBOX_CLIENT_ID)
    config = globus_sdk.GlobusAppConfig(
        token_storage=storage,  # type: ignore[arg-type]  # one of the SDK's three words
        request_refresh_tokens=True,
        login_flow_manager=VisitorLoginFlowManager(client, request_refresh_tokens=True),
    )
    return globus_sdk.UserApp("benchmark", client_id=SANDBOX_CLIENT_ID, config=config, scope_requirements={TRANSFER_SERVER: [TRANSFER]})


def requests_so_far(sandbox: Sandbox) -> dict[str, int]:
    """Return how many requests each back-channel endpoint has had."""
    return {name: sandbox.count(name) for name in ("configuration", "jwk", "token", "userinfo", "consents", "introspect")}


def requests_since(sandbox: Sandbox, before: dict[str, int]) -> dict[str, int]:
    """Return the back-channel requests since then, those that there were."""
    now = requests_so_far(sandbox)
    return {name: now[name] - before[name] for name in now if now[name] != before[name]}
