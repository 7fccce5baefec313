from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jupyter_flowauth.code_grant import AuthorizationRequest, build_authorize_url, parse_redirected_address, validate_authorization_response
from jupyter_flowauth.pkce import build_code_challenge, generate_code_verifier, generate_nonce
from jupyter_flowauth.providers.globus import GlobusProvider
from jupyter_flowauth.providers.oidc import OIDCProvider
from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID, running_sandbox
from jupyter_flowauth.sandbox.server import Sandbox
from jupyter_flowauth.scopes import parse_requirements
from jupyter_flowauth.tokens import TokenResponse
from tests.fakes.oidc_server import CLIENT_ID as OIDC_CLIENT_ID
from tests.fakes.oidc_server import OidcServer, running_oidc_server

REDIRECT_URI = "http://127.0.0.1:4711/callback"


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with running_sandbox() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def provider(sandbox: Sandbox) -> GlobusProvider:
    return GlobusProvider(SANDBOX_CLIENT_ID)


@pytest.fixture
def log_in(sandbox: Sandbox, provider: GlobusProvider) -> Callable[..., TokenResponse]:
    """Go through one login; each argument replaces what the client would have sent to the token endpoint."""

    def go(*scopes: str, user: str = "alice", **wrong: Any) -> TokenResponse:
        verifier, nonce = generate_code_verifier(), generate_nonce()
        request = provider.build_authorization_request(
            parse_requirements(["openid", "profile", "email", *scopes]),
            state="the-state",
            nonce=nonce,
            code_challenge=build_code_challenge(verifier),
            login_hint=None,
        )
        address = sandbox.approve(build_authorize_url(request, redirect_uri=REDIRECT_URI), user=user)
        code = validate_authorization_response(request, parse_redirected_address(address))
        sent = {"request": request, "code": code, "code_verifier": verifier, "redirect_uri": REDIRECT_URI, "nonce": nonce, **wrong}
        return provider.exchange_code(**sent, now=time.time())

    return go


# The same for an OpenID provider.


@pytest.fixture
def server() -> Iterator[OidcServer]:
    with running_oidc_server() as running:
        yield running


@pytest.fixture
def oidc(server: OidcServer) -> OIDCProvider:
    return OIDCProvider(server.issuer, OIDC_CLIENT_ID)


def start_oidc(
    provider: OIDCProvider, *scopes: str, nonce: str = "n", challenge: str = "c", login_hint: str | None = None
) -> AuthorizationRequest:
    """Begin a login, as far as the address to open."""
    wanted = (*provider.login_requirements(), *parse_requirements(scopes))
    return provider.build_authorization_request(wanted, state="s", nonce=nonce, code_challenge=challenge, login_hint=login_hint)


@pytest.fixture
def oidc_log_in(server: OidcServer, oidc: OIDCProvider) -> Callable[..., TokenResponse]:
    """Go through one login; each argument replaces what the client would have sent to the token endpoint."""

    def go(*scopes: str, by: OIDCProvider = oidc, **wrong: Any) -> TokenResponse:
        verifier, nonce = generate_code_verifier(), generate_nonce()
        request = start_oidc(by, *scopes, nonce=nonce, challenge=build_code_challenge(verifier))
        address = server.approve(build_authorize_url(request, redirect_uri=REDIRECT_URI))
        code = validate_authorization_response(request, parse_redirected_address(address))
        sent = {"request": request, "code": code, "code_verifier": verifier, "redirect_uri": REDIRECT_URI, "nonce": nonce, **wrong}
        return by.exchange_code(**sent, now=time.time())

    return go
