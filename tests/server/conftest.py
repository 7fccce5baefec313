"""A real Jupyter server with the extension, the real rendezvous in a folder of the test's own, and a browser in miniature."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

# Not `pytest_plugins`: its autouse fixtures, which start a server application, are for this folder alone.
from pytest_jupyter.jupyter_server import *  # noqa: F403
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from jupyter_flowauth import wiring
from jupyter_flowauth.code_grant import AuthorizationRequest
from jupyter_flowauth.pkce import generate_login_id, generate_state
from jupyter_flowauth.ports import Rendezvous
from jupyter_flowauth.records import LoginRequest, ScopeLine
from jupyter_flowauth.tokens import Registration

ISSUER = "https://auth.example.org"
CODE = "SENTINELcode0123456789"
SCOPE = "urn:example:scope:transfer:all"


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, jp_environ: None) -> None:
    """No configuration of the machine's, and nothing left behind for the next test."""
    for name in list(os.environ):
        if name.startswith(("FLOWAUTH_", "JUPYTERHUB_", "GLOBUS_SDK_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv(wiring.SERVER_ID_VARIABLE, "")  # so that what the extension sets is taken back


@pytest.fixture
def extension_config() -> dict[str, Any]:
    """The extension's traits; a test overrides it by parametrizing."""
    return {}


@pytest.fixture
def jp_server_config(extension_config: dict[str, Any]) -> dict[str, Any]:
    return {
        "ServerApp": {
            "jpserver_extensions": {"jupyter_flowauth": True, "jupyter_server_terminals": False},
            "allow_unauthenticated_access": False,
        },
        "FlowAuthExtension": extension_config,
    }


@pytest.fixture
def rendezvous(jp_serverapp: Any) -> Rendezvous:
    return wiring.open_rendezvous()


@pytest.fixture
def open_login(rendezvous: Rendezvous) -> Callable[..., LoginRequest]:
    """Leave a request in the rendezvous, as a kernel does."""

    def open_login(**changes: Any) -> LoginRequest:
        request = build_request(**changes)
        rendezvous.open_request(request)
        return request

    return open_login


def build_request(*, seconds_left: float = 300, authorization: dict[str, Any] | None = None, **changes: Any) -> LoginRequest:
    login_id, now = generate_login_id(), time.time()
    grant = AuthorizationRequest(
        authorization_endpoint=f"{ISSUER}/authorize",
        issuer=ISSUER,
        client_id="client-1",
        scope=f"openid {SCOPE}",
        code_challenge="challenge",
        state=generate_state(login_id),
        nonce="nonce",
        iss_required=True,
        redirect_uris=("http://127.0.0.1:*/*", "http://localhost:*/*"),
        code_page=f"{ISSUER}/show-code",
    )
    request = LoginRequest(
        login_id=login_id,
        provider="globus",
        provider_title="Example Auth",
        asked_by="kernel",
        user_agent="server",
        registration=Registration(ISSUER, "client-1"),
        account=None,
        storage="here",
        scopes=(SCOPE,),
        missing=(ScopeLine(SCOPE, "Move your files", "Example Transfer"),),
        created_at_seconds=now,
        expires_at_seconds=now + seconds_left,
        authorization=replace(grant, **(authorization or {})),
        process=wiring.this_process(),
    )
    return replace(request, **changes)


@dataclass
class Browser:
    """A browser that follows nothing, and keeps the cookies of one host."""

    base: str
    token: str | None
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **query: str) -> HTTPResponse:
        return await self.request("GET", path + ("?" + urlencode(query) if query else ""))

    async def post(self, path: str, values: Any = None, *, xsrf: bool = True) -> HTTPResponse:
        headers = {"X-XSRFToken": self.cookies.get("_xsrf", "")} if xsrf else {}
        return await self.request("POST", path, body=json.dumps(values or {}), headers=headers)

    async def request(self, method: str, path: str, *, body: str | None = None, headers: dict[str, str] | None = None) -> HTTPResponse:
        url = path if path.startswith("http") else f"{self.base}{path}"
        sent = {**self.headers, **(headers or {})}
        if self.token:
            sent["Authorization"] = f"token {self.token}"
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = await AsyncHTTPClient(force_instance=True).fetch(
            url, method=method, body=body, headers=sent, follow_redirects=False, raise_error=False, allow_nonstandard_methods=True
        )
        for line in response.headers.get_list("Set-Cookie"):
            self.cookies.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
        return response

    async def open(self, request: LoginRequest) -> dict[str, str]:
        """Open a login, and return the parameters that the provider is sent."""
        response = await self.get(f"flowauth/login/{request.login_id}")
        assert response.code == 302, response.body
        return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()}

    async def come_back(self, request: LoginRequest, provider: str = "globus", **changes: str | None) -> HTTPResponse:
        """Come back from the provider."""
        answer = {"code": CODE, "state": request.authorization.state, "iss": ISSUER, **changes}
        return await self.get(f"flowauth/callback/{provider}", **{name: value for name, value in answer.items() if value is not None})


@pytest.fixture
def base(jp_serverapp: Any, http_server: Any, jp_http_port: int) -> str:
    """The server's address, with a base_url that has to be quoted."""
    return f"http://127.0.0.1:{jp_http_port}{jp_serverapp.base_url}"


@pytest.fixture
def browser(jp_serverapp: Any, base: str) -> Browser:
    """The browser of this server's owner."""
    return Browser(base, jp_serverapp.identity_provider.token)


@pytest.fixture
def stranger(base: str) -> Browser:
    """A browser that never logged in to this server."""
    return Browser(base, None)


@pytest.fixture
def server_log() -> Iterator[list[str]]:
    """Every line that anything in this process logs, down to DEBUG, as it is written out."""
    lines: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(logging.Formatter().format(record))

    keeper, names = Keeper(logging.DEBUG), ("", "tornado.access", "tornado.application", "tornado.general", "ServerApp")
    levels = {name: logging.getLogger(name).level for name in names}
    logging.getLogger().addHandler(keeper)
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield lines
    logging.getLogger().removeHandler(keeper)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
