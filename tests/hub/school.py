"""A Hub whose users log in to it at a Keycloak, by way of oauthenticator, as its admin would set that up."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import BrowserContext, Page, expect

from jupyter_flowauth.cli.hub_config import build_snippet
from jupyter_flowauth.sandbox import running_sandbox
from tests.interop.instance import Instance
from tests.interop.keycloak_server import Keycloak

from .world import HubWorld, free_port, write_config

PROVIDER = "school"
HUB_SCOPES = ("openid", "profile", "email", "school.read")
LOGIN_AT_KEYCLOAK = """
import os
os.environ["JUPYTERHUB_CRYPT_KEY"] = "{crypt_key}"
c.JupyterHub.authenticator_class = "generic-oauth"
c.OAuthenticator.client_id = "{client_id}"
c.OAuthenticator.client_secret = "{client_secret}"
c.OAuthenticator.authorize_url = "{issuer}/protocol/openid-connect/auth"
c.OAuthenticator.token_url = "{issuer}/protocol/openid-connect/token"
c.OAuthenticator.userdata_url = "{issuer}/protocol/openid-connect/userinfo"
c.OAuthenticator.username_claim = "preferred_username"
c.OAuthenticator.scope = {scopes!r}
c.OAuthenticator.login_service = "Keycloak"
c.OAuthenticator.allow_all = True
# Tokens that last for seconds are looked at each time; the printed minute is for those that last for minutes.
c.Authenticator.auth_refresh_age = 1
"""


@dataclass
class School:
    """The Hub, the realm, and a service that takes its tokens."""

    hub: HubWorld
    keycloak: Keycloak
    instance: Instance
    hub_client: str
    own_client: str

    def configure(self, user: str, **changes: Any) -> None:
        """Configure the provider in a user's home."""
        provider = {"kind": "oidc", "issuer": self.keycloak.issuer, "client_id": self.own_client, "hub_login": True}
        provider |= {"redirect_uris": [f"{self.hub.relay_url}callback/{PROVIDER}"]}
        path = self.hub.home(user) / ".jupyter" / "jupyter_flowauth.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"providers": {PROVIDER: provider | changes}}), encoding="utf-8")

    def set_lifespan(self, seconds: int) -> None:
        """Let the tokens that the Hub's client is issued from now on last so long."""
        client = self.keycloak.client(self.hub_client)
        attributes = client["attributes"] | {"access.token.lifespan": str(seconds)}
        self.keycloak.admin("PUT", f"/clients/{client['id']}", client | {"attributes": attributes})

    def enter(self, context: BrowserContext, user: str) -> Page:
        """Log somebody in to the Hub at Keycloak's page, with their server started; return a page at the Hub's home."""
        self.configure(user)
        page = context.new_page()
        page.goto(f"{self.hub.url}hub/oauth_login?next={self.hub.prefix}hub/home")
        expect(page.get_by_role("heading", name="Sign in to your account")).to_be_visible()
        page.get_by_label("Username or email").fill(user)
        page.get_by_label("Password", exact=True).fill(self.keycloak.password_of(user))
        page.get_by_role("button", name="Sign In").click()
        page.wait_for_url("**/hub/home")
        self.hub.start_server(user)
        return page

    def run(self, user: str, code: str) -> str:
        """Run Python in a user's server; return what it prints."""
        return run_in_server(self.hub, user, f"auth = FlowAuth({PROVIDER!r}, user_agent='none')\n{code}")

    def check(self, user: str) -> str:
        """Return what ``jupyter flowauth hub-config --check`` says in a user's server, where it finds nothing wrong."""
        return _run(self.hub, user, [str(Path(sys.executable).with_name("jupyter-flowauth")), "hub-config", "--check", self.hub.url])


def server_environment(hub: HubWorld, user: str) -> dict[str, str]:
    """Return the environment of a user's server, as any program has it that is started there."""
    return psutil.Process(hub.servers(user)[""]["state"]["pid"]).environ()


def run_in_server(hub: HubWorld, user: str, code: str) -> str:
    """Run Python in a user's server, as a terminal there would, with ``FlowAuth`` imported; return what it prints."""
    return _run(hub, user, [sys.executable, "-c", f"from jupyter_flowauth import FlowAuth\n{code}"])


def _run(hub: HubWorld, user: str, command: list[str]) -> str:
    environment, home = server_environment(hub, user), hub.home(user)
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, env=environment, cwd=home, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def make_client(keycloak: Keycloak, redirect_uri: str, **changes: Any) -> tuple[str, str]:
    """Register a client that has to use PKCE; return its id and its secret."""
    client_id, secret = f"client-{secrets.token_hex(4)}", secrets.token_hex(16)
    client = {"clientId": client_id, "secret": secret, "publicClient": False, "redirectUris": [redirect_uri]}
    client |= {"standardFlowEnabled": True, "directAccessGrantsEnabled": False, "attributes": {"pkce.code.challenge.method": "S256"}}
    keycloak.admin("POST", "/clients", client | changes)
    keycloak.offer_scopes(client_id)
    return client_id, secret


@contextlib.contextmanager
def running_school(root: Path, keycloak: Keycloak, instance: Instance) -> Iterator[School]:
    """Run a Hub with a relay of its own, at which people log in with Keycloak, until the block ends."""
    with running_sandbox() as sandbox, contextlib.ExitStack() as stack:
        hub = HubWorld(root, sandbox, free_port(), admin_token=secrets.token_hex(32))
        client_id, secret = make_client(keycloak, f"{hub.url}hub/oauth_callback")
        own, _ = make_client(keycloak, f"{hub.relay_url}callback/{PROVIDER}", publicClient=True)
        login = LOGIN_AT_KEYCLOAK.format(
            issuer=keycloak.issuer, client_id=client_id, client_secret=secret, scopes=list(HUB_SCOPES), crypt_key=secrets.token_hex(32)
        )
        printed = build_snippet(hub.url, hub_login=True).replace("10101", str(free_port()))
        write_config(hub, printed, extra=login)
        hub.start()
        stack.callback(hub.stop)
        stack.callback(hub.stop_servers)
        yield School(hub, keycloak, instance, client_id, own)
