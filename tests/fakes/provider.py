"""An identity provider in memory that checks the client: redirect URI, challenge against verifier, nonce, one use of each code."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode, urlsplit

from jupyter_flowauth.code_grant import AuthorizationRequest
from jupyter_flowauth.endings import SessionEnding
from jupyter_flowauth.errors import ProviderError
from jupyter_flowauth.pkce import build_code_challenge
from jupyter_flowauth.ports import Grant
from jupyter_flowauth.records import ScopeLine
from jupyter_flowauth.scopes import Requirement, parse_scope_string, to_scope_parameter
from jupyter_flowauth.tokens import Account, Identity, Registration, Token, TokenResponse

ISSUER, CLIENT_ID = "https://issuer.example", "the-client"
REDIRECT_URI = "http://127.0.0.1:4711/callback"
REGISTRATION = Registration(ISSUER, CLIENT_ID)
SENTINEL = "SENTINEL"  # in every secret that this provider makes
LIFETIME = 3600.0


@dataclass(frozen=True)
class IssuedCode:
    """What the provider remembers of a code."""

    user: str
    scopes: tuple[str, ...]
    redirect_uri: str
    code_challenge: str
    nonce: str


def identity_of(user: str) -> Identity:
    return Identity(f"sub-of-{user}", f"{user}@example.org", user.capitalize(), f"{user}@mail.example.org")


class FakeProvider:
    """The provider as the domain sees it, and (``authorize``) as the browser does.

    :param now: the provider's own clock.
    """

    name, kind, title, registration = "fake", "globus", "Fake Auth", REGISTRATION
    grant: Grant = "authorization_code"
    endings: tuple[SessionEnding, ...] = ()

    def __init__(self, *, lifetime: float | None = LIFETIME) -> None:
        self.lifetime = lifetime
        self.sent: list[str] = []  # every request, by its kind
        self.revoked: list[str] = []
        self.asked: list[str] = []  # the scope parameter of every login
        self.hints: list[str | None] = []
        self.withheld: set[str] = set()
        self.identifies = True
        self.trouble: ProviderError | None = None
        self.before_refresh: Callable[[], object] = lambda: None
        self.dead: set[str] = set()
        self._codes: dict[str, IssuedCode] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def login_requirements(self) -> tuple[Requirement, ...]:
        return (Requirement("openid"),)

    def resource_server(self, scope: str) -> str | None:
        return scope.partition(":")[0] if ":" in scope else None

    def describe(self, scope: str) -> ScopeLine:
        return ScopeLine(scope, f"Use {scope}", "Fake")

    def hosts(self, resource_server: str | None) -> tuple[str, ...] | None:
        return None

    def build_authorization_request(
        self, requirements: tuple[Requirement, ...], *, state: str, nonce: str, code_challenge: str, login_hint: str | None
    ) -> AuthorizationRequest:
        self._request("discovery")
        self.asked.append(to_scope_parameter(requirements))
        self.hints.append(login_hint)
        return AuthorizationRequest(
            authorization_endpoint=f"{ISSUER}/authorize",
            issuer=ISSUER,
            client_id=CLIENT_ID,
            scope=to_scope_parameter(requirements),
            code_challenge=code_challenge,
            state=state,
            nonce=nonce,
            redirect_uris=("http://127.0.0.1:*/callback",),
        )

    def authorize(self, url: str, *, user: str = "alice", deny: bool = False, iss: str | None = ISSUER) -> str:
        """Be the consent page: return the address that the browser is sent to."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert (query["client_id"], query["response_type"], query["code_challenge_method"]) == (CLIENT_ID, "code", "S256")
        answer = {"state": query["state"], **({"iss": iss} if iss else {})}
        if deny:
            return f"{query['redirect_uri']}?{urlencode({**answer, 'error': 'access_denied', 'error_description': 'No, thank you'})}"
        scopes = tuple(r.scope for r in parse_scope_string(query["scope"]) if r.scope not in self.withheld)
        code = f"{SENTINEL}-code-{next(self._numbers)}"
        self._codes[code] = IssuedCode(user, scopes, query["redirect_uri"], query["code_challenge"], query["nonce"])
        return f"{query['redirect_uri']}?{urlencode({**answer, 'code': code})}"

    def exchange_code(
        self, *, request: AuthorizationRequest, code: str, code_verifier: str, redirect_uri: str, nonce: str, now: float
    ) -> TokenResponse:
        self._request("code")
        issued = self._codes.pop(code, None)
        if issued is None or issued.redirect_uri != redirect_uri or issued.code_challenge != build_code_challenge(code_verifier):
            raise ProviderError("the code is not for this client's login", error="invalid_grant")
        if issued.nonce != nonce:
            raise ProviderError("the ID token belongs to another login", error="invalid_id_token")
        identity = identity_of(issued.user) if self.identifies else None
        return TokenResponse(self.issue(issued.scopes, now=now), identity, f"{SENTINEL}-id-token" if identity else None)

    def issue(self, scopes: Iterable[str], *, now: float) -> tuple[Token, ...]:
        """Return one token for each resource server, for these scopes only."""
        by_server: dict[str | None, list[str]] = {}
        for scope in scopes:
            by_server.setdefault(self.resource_server(scope), []).append(scope)
        return tuple(self._issue(server, tuple(some), now) for server, some in by_server.items())

    def _issue(self, server: str | None, scopes: tuple[str, ...], now: float) -> Token:
        number = next(self._numbers)
        expires = None if self.lifetime is None else now + self.lifetime
        return Token(f"{SENTINEL}-access-{number}", scopes, server, expires, now, f"{SENTINEL}-refresh-{number}")

    def refresh(self, token: Token, *, now: float) -> Token:
        self.before_refresh()
        self._request("refresh")
        with self._lock:
            if token.refresh_token is None or token.refresh_token in self.dead:
                raise ProviderError("what was presented has ended", error="invalid_grant")
            self.dead.add(token.refresh_token)  # they rotate
        return replace(self._issue(token.resource_server, tuple(s for s in token.scopes if s not in self.withheld), now))

    def issue_token(self, requirements: tuple[Requirement, ...], *, now: float) -> TokenResponse:
        self._request("client")
        scopes = [requirement.scope for requirement in requirements if requirement.scope not in self.withheld] or ["default"]
        tokens = tuple(replace(token, refresh_token=None) for token in self.issue(scopes, now=now))
        return TokenResponse(tokens, Identity(CLIENT_ID, CLIENT_ID), kind="service_account")

    def read_service_token(self, access_token: str, *, now: float) -> TokenResponse:
        raise ProviderError("not here")

    def end_sessions(self, account: Account) -> tuple[SessionEnding, ...]:
        self.sent.append("end")
        return self.endings

    def revoke(self, token: Token) -> None:
        self._request("revoke")
        self.revoked.append(token.access_token)

    def _request(self, kind: str) -> None:
        with self._lock:
            self.sent.append(kind)
        if self.trouble is not None:
            raise self.trouble
