"""A Hub whose login is oauthenticator's Globus, at the sandbox: its shape of ``auth_state`` serves a user's server, and no pickle does."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from jupyter_flowauth.cli.hub_config import build_snippet
from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET, running_sandbox
from jupyter_flowauth.sandbox.settings import SandboxSettings
from tests.browser.chromium import new_context
from tests.browser.notebook import GROUPS, TRANSFER
from tests.browser.provider_pages import agree

from .school import run_in_server, server_environment
from .world import HubWorld, free_port, write_config

MANUAL = (Path(__file__).parents[2] / "docs" / "jupyterhub.md").read_text(encoding="utf-8")
WITHOUT_PICKLES = next(line for line in MANUAL.splitlines() if line.startswith("c.Spawner.pre_spawn_hook"))
LOGIN_AT_GLOBUS = """
import os
os.environ["JUPYTERHUB_CRYPT_KEY"] = "{crypt_key}"
c.Authenticator.allow_all = True
c.OAuthenticator.client_id = "{client_id}"
c.OAuthenticator.client_secret = "{client_secret}"
c.OAuthenticator.authorize_url = "{url}/v2/oauth2/authorize"
c.OAuthenticator.token_url = "{url}/v2/oauth2/token"
c.OAuthenticator.userdata_url = "{url}/v2/oauth2/userinfo"
c.OAuthenticator.scope = ["openid", "profile", "{transfer}", "{groups}"]
c.JupyterHub.authenticator_class = "globus"
{without_pickles}
"""


@pytest.fixture(scope="module")
def globus_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubWorld]:
    with running_sandbox() as sandbox, contextlib.ExitStack() as stack:
        hub = HubWorld(tmp_path_factory.mktemp("globus"), sandbox, free_port(), admin_token=secrets.token_hex(32))
        registered = {SANDBOX_CONFIDENTIAL_CLIENT_ID: (f"{hub.url}hub/oauth_callback",), SANDBOX_CLIENT_ID: (hub.redirect_uri,)}
        sandbox.state.settings = SandboxSettings(loopback_any_path=False, redirect_uris=registered)
        login = LOGIN_AT_GLOBUS.format(
            url=sandbox.url,
            client_id=SANDBOX_CONFIDENTIAL_CLIENT_ID,
            client_secret=SANDBOX_CONFIDENTIAL_SECRET,
            crypt_key=secrets.token_hex(32),
            transfer=TRANSFER,
            groups=GROUPS,
            without_pickles=WITHOUT_PICKLES,
        )
        write_config(hub, build_snippet(hub.url, hub_login=True).replace("10101", str(free_port())), extra=login)
        hub.start()
        stack.callback(hub.stop)
        stack.callback(hub.stop_servers)
        yield hub


def test_what_globus_issued_to_the_hub_serves_a_program_in_a_users_server(globus_hub: HubWorld, browser: Browser) -> None:
    hub, context = globus_hub, new_context(browser)
    page = context.new_page()
    page.goto(f"{hub.url}hub/oauth_login?next=/hub/home")
    agree(page, "alice")
    page.wait_for_url("**/hub/home")
    context.close()
    hub.prepare_user("alice", hub_login=True)
    hub.start_server("alice")
    asked = len(hub.sandbox.state.authorize_requests)
    code = f"""
import globus_sdk
auth = FlowAuth(user_agent="none")
authorizers = auth.login(["{TRANSFER}"])
print(globus_sdk.TransferClient(authorizer=authorizers["{TRANSFER}"]).get("/v0.10/endpoint_search").http_status)
print(auth.identity.username, *auth.status().from_hub, auth.missing(["{GROUPS}"]))"""
    assert f"200\nalice@sandbox.example {TRANSFER} ('{GROUPS}',)" in run_in_server(hub, "alice", code)
    assert len(hub.sandbox.state.authorize_requests) == asked
    assert "GLOBUS_DATA" not in server_environment(hub, "alice")
