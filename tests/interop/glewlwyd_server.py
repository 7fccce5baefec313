"""Debian's glewlwyd, a provider written in C by somebody else, set up over its admin API as a person would in its admin pages."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from jupyter_flowauth.cli.ports import free_port

TABLES = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
SETTINGS = """
port = {port}
bind_address = "127.0.0.1"
external_url = "http://127.0.0.1:{port}"
static_files_path = "{folder}/webapp"
login_url = "login.html"
log_mode = "console"
log_level = "WARNING"
cookie_secure = 0
session_expiration = 86400
session_key = "GLEWLWYD2_SESSION_ID"
admin_scope = "g_admin"
profile_scope = "g_profile"
user_module_path = "/usr/lib/glewlwyd/user"
client_module_path = "/usr/lib/glewlwyd/client"
user_auth_scheme_module_path = "/usr/lib/glewlwyd/scheme"
plugin_module_path = "/usr/lib/glewlwyd/plugin"
hash_algorithm = "SHA512"
database = {{ type = "sqlite3" path = "{folder}/glewlwyd.db" }}
static_files_mime_types = (
  {{ extension = ".html" mime_type = "text/html" }},
  {{ extension = ".css" mime_type = "text/css" }},
  {{ extension = ".js" mime_type = "application/javascript" }},
  {{ extension = ".json" mime_type = "application/json" }},
  {{ extension = ".png" mime_type = "image/png" }},
  {{ extension = ".woff2" mime_type = "font/woff2" }}
)
"""
CLIENT_ID, USER, PASSWORD, SCOPE = "notebook", "alice", "throwaway-alice", "openid"
START_SECONDS, REQUEST_SECONDS = 90, 60


@dataclass
class Glewlwyd:
    """A running glewlwyd with one client and one person."""

    url: str
    redirect_uris: list[str] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return f"{self.url}/api/oidc"

    def admin(self, method: str, path: str, value: object) -> None:
        """Call the admin API as the administrator whom the empty database comes with."""
        with httpx.Client(base_url=self.url, timeout=REQUEST_SECONDS) as http:
            http.post("/api/auth/", json={"username": "admin", "password": "password"}).raise_for_status()
            answer = http.request(method, f"/api/{path}", json=value)
            assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"

    def allow(self, redirect_uri: str) -> None:
        """Register a redirect URI: this provider compares it whole, the port too."""
        self.redirect_uris.append(redirect_uri)
        self.admin("PUT", f"client/{CLIENT_ID}", build_client(self.redirect_uris))

    def log_in(self, authorize_url: str) -> str:
        """Be a browser: log in, grant what is asked, and return the address that it is sent to."""
        query = parse_qs(urlsplit(authorize_url).query)
        with httpx.Client(base_url=self.url, timeout=REQUEST_SECONDS) as browser:
            browser.post("/api/auth/", json={"username": USER, "password": PASSWORD}).raise_for_status()
            browser.put(f"/api/auth/grant/{query['client_id'][0]}", json={"scope": query["scope"][0]}).raise_for_status()
            return str(browser.get(f"{authorize_url}&g_continue=").headers["location"])

    def __call__(self, authorize_url: str) -> None:
        """Be what LoopbackUserAgent opens."""
        self.allow(parse_qs(urlsplit(authorize_url).query)["redirect_uri"][0])
        httpx.get(self.log_in(authorize_url), timeout=REQUEST_SECONDS, follow_redirects=True)


@contextlib.contextmanager
def running_glewlwyd(folder: Path) -> Iterator[Glewlwyd]:
    """Serve it until the block ends."""
    if not shutil.which("glewlwyd"):
        pytest.skip("no glewlwyd here: on Debian, apt-get install glewlwyd")
    port = free_port()
    with contextlib.closing(sqlite3.connect(folder / "glewlwyd.db")) as database:
        database.executescript(TABLES.read_text())
    copy_pages(folder / "webapp")
    (folder / "glewlwyd.conf").write_text(SETTINGS.format(port=port, folder=folder))
    glewlwyd, log = Glewlwyd(f"http://127.0.0.1:{port}"), folder / "glewlwyd.log"
    with log.open("wb") as output:
        process = subprocess.Popen(["glewlwyd", f"--config-file={folder / 'glewlwyd.conf'}"], stdout=output, stderr=output)
    try:
        wait_until_ready(process, glewlwyd.url, log)
        fill(glewlwyd)
        yield glewlwyd
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def copy_pages(folder: Path) -> None:
    """Copy its pages: those of Debian are links to other packages' files, which it serves to nobody."""
    shutil.copytree("/usr/share/glewlwyd/webapp", folder)
    settings = folder / "config.json"
    if settings.is_dir():  # a mishap of Debian's package: the file is in a folder of its name
        shutil.move(settings / "config.json", folder / "settings")
        settings.rmdir()
        (folder / "settings").rename(settings)


def wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/config", timeout=REQUEST_SECONDS).status_code == 200:
                return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            break
    raise RuntimeError(f"glewlwyd did not start:\n{log.read_text()}")


def fill(glewlwyd: Glewlwyd) -> None:
    glewlwyd.admin(
        "POST", "mod/plugin/", {"module": "oidc", "name": "oidc", "display_name": "OIDC", "parameters": build_plugin(glewlwyd.issuer)}
    )
    for name in ("profile", "read"):
        glewlwyd.admin("POST", "scope/", {"name": name, "display_name": name, "description": name, "password_required": True, "scheme": {}})
    person = {"username": USER, "name": "Alice Archer", "email": "alice@c.example", "password": PASSWORD, "enabled": True}
    glewlwyd.admin("POST", "user/", {**person, "scope": ["openid", "profile", "read", "g_profile"]})
    glewlwyd.admin("POST", "client/", build_client([]))


def build_client(redirect_uris: list[str]) -> dict[str, Any]:
    return {
        "client_id": CLIENT_ID,
        "name": "Notebooks",
        "confidential": False,
        "enabled": True,
        "redirect_uri": redirect_uris or ["http://127.0.0.1/callback"],
        "authorization_type": ["code", "refresh_token", "device_authorization"],
        "token_endpoint_auth_method": ["none"],
        "scope": [],
    }


def build_plugin(issuer: str) -> dict[str, Any]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {
        "iss": issuer,
        "jwt-type": "rsa",
        "jwt-key-size": "256",
        "key": private.decode(),
        "cert": key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        "jwks-show": True,
        "access-token-duration": 3600,
        "refresh-token-duration": 86400,
        "code-duration": 600,
        "refresh-token-rolling": True,
        "refresh-token-one-use": "always",
        "allow-non-oidc": True,
        "auth-type-code-enabled": True,
        "auth-type-refresh-enabled": True,
        "auth-type-device-enabled": True,
        "oauth-as-iss-id": True,
        "pkce-allowed": True,
        "pkce-required": True,
        "pkce-method-plain-allowed": False,
        "name-claim": "on-demand",
        "name-claim-scope": ["profile"],
        "subject-type": "public",
        "session-management-allowed": True,
        "session-cookie-name": "GLEWLWYD2_OIDC_SID",
        "session-cookie-expiration": 86400,
        "introspection-revocation-allowed": True,
        "introspection-revocation-allow-target-client": True,
        "introspection-revocation-auth-scope": [],
        "device-authorization-expiration": 600,
        "device-authorization-interval": 1,
    }
