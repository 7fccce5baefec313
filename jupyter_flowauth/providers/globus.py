"""Globus Auth, through ``globus_sdk``."""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..code_grant import AuthorizationRequest, validate_endpoint
from ..endings import SessionEnding
from ..errors import ConfigurationError, ProviderError
from ..ports import Grant
from ..records import ScopeLine
from ..scopes import Requirement, to_scope_parameter
from ..secret import to_secret
from ..tokens import Account, Identity, Registration, Token, TokenResponse
from .bounded import build_bounded_adapter, is_connection_refused, send_within
from .globus_scopes import describe_scope, resource_server_of, service_hosts
from .id_token import validate_id_token
from .oauth_answers import build_token, network_error, refusal

if TYPE_CHECKING:
    from globus_sdk import ConfidentialAppAuthClient, NativeAppAuthClient

REQUEST_SECONDS = 10.0
DISCOVERY_SECONDS = 3600.0
PRODUCTION_AUTH_URL = "https://auth.globus.org"
# RFC 8252 section 7.3, and the SDK's own note on native apps: any port, and here any path, of the loopback interface.
NATIVE_REDIRECT_URIS = ("http://localhost:*/*", "http://127.0.0.1:*/*", "http://[::1]:*/*")
CODE_PAGE_PATH = "/v2/web/auth-code"
_ALWAYS = tuple(map(Requirement, ("openid", "profile", "email")))


class GlobusProvider:
    """A client registered at Globus Auth.

    :param client_id: the client's UUID, from app.globus.org/settings/developers.
    :param client_secret: only of a confidential client (*a portal or science gateway*).
    :param name: the configured name, a segment in the routes.
    :param grant: ``authorization_code``: people log in; ``client_credentials``: the client acts for itself (the SDK's ``ClientApp``).
    :param redirect_uris: the patterns registered at Globus, ``scheme://host[:port|:*][/path|/*]``; None for a native app means any port
        and path on loopback, and the page that shows codes.
    """

    kind = "globus"
    title = "Globus"

    def __init__(
        self,
        client_id: str,
        client_secret: str | None = None,
        *,
        name: str = "globus",
        grant: Grant = "authorization_code",
        redirect_uris: tuple[str, ...] | list[str] | None = None,
    ) -> None:
        if grant not in ("authorization_code", "client_credentials"):
            raise ConfigurationError(f"the grant {grant!r} is not supported for Globus; use 'authorization_code' or 'client_credentials'")
        if grant == "client_credentials" and not client_secret:
            raise ConfigurationError("a client that acts for itself needs a client_secret")
        self.name, self.client_id = name, client_id
        self.grant: Grant = grant
        self._client_secret = to_secret(client_secret)
        self._redirect_uris = None if redirect_uris is None else tuple(redirect_uris)
        self._lock = threading.Lock()
        self._documents: dict[str, tuple[float, Mapping[str, Any]]] = {}

    def __repr__(self) -> str:
        """Show which client it is, never its secret."""
        return f"GlobusProvider({self.client_id!r}, name={self.name!r})"

    @property
    def auth_url(self) -> str:
        """The address of Globus Auth, from the SDK's own environment variables where they are set."""
        return auth_service_url(os.environ.get("GLOBUS_SDK_SERVICE_URL_AUTH"), os.environ.get("GLOBUS_SDK_ENVIRONMENT"))

    @property
    def registration(self) -> Registration:
        """Which accounts are this provider's."""
        return Registration(self.auth_url, self.client_id)

    @property
    def redirect_uris(self) -> tuple[str, ...]:
        """The patterns of redirect URIs that Globus accepts for this client."""
        if self._redirect_uris is not None:
            return self._redirect_uris
        return () if self._client_secret else (*NATIVE_REDIRECT_URIS, self.auth_url + CODE_PAGE_PATH)

    def login_requirements(self) -> tuple[Requirement, ...]:
        """Return ``openid profile email``: a person's login has to say whose it is."""
        return _ALWAYS if self.grant == "authorization_code" else ()

    def resource_server(self, scope: str) -> str | None:
        """Return the resource server that the SDK's scope collections name for a bare scope, else None."""
        return resource_server_of(scope)

    def describe(self, scope: str) -> ScopeLine:
        """Return a bare scope in words people know."""
        return describe_scope(scope)

    def hosts(self, resource_server: str | None) -> tuple[str, ...] | None:
        """Return the host of the Globus service that is this resource server, as the SDK is configured, or None for another one."""
        return service_hosts(resource_server)

    def build_authorization_request(
        self, requirements: tuple[Requirement, ...], *, state: str, nonce: str, code_challenge: str, login_hint: str | None
    ) -> AuthorizationRequest:
        """Return the request of one login, with refresh tokens asked for. Discovery is read first, and kept for an hour.

        :raises ProviderError: if Globus can't be reached, or describes itself as somebody else.
        """
        discovery = self._discovery()
        self._keys(False)
        code_page = self.auth_url + CODE_PAGE_PATH
        return AuthorizationRequest(
            authorization_endpoint=validate_endpoint(discovery.get("authorization_endpoint"), what="authorization endpoint"),
            issuer=self.auth_url,
            client_id=self.client_id,
            scope=to_scope_parameter(requirements),
            code_challenge=code_challenge,
            state=state,
            nonce=nonce,
            iss_required=discovery.get("authorization_response_iss_parameter_supported") is True,
            extra=(("access_type", "offline"), *((("login_hint", login_hint),) if login_hint else ())),
            redirect_uris=self.redirect_uris,
            code_page=code_page if code_page in self.redirect_uris else None,
        )

    def exchange_code(
        self, *, request: AuthorizationRequest, code: str, code_verifier: str, redirect_uri: str, nonce: str, now: float
    ) -> TokenResponse:
        """Return the tokens for a code: one for each resource server, with the identity from the checked ID token.

        :raises ProviderError: if Globus refuses or fails, or the ID token is not for this login.
        """
        answer = self._post(
            "/v2/oauth2/token",
            {"grant_type": "authorization_code", "code": code, "code_verifier": code_verifier, "redirect_uri": redirect_uri},
        )
        tokens = _build_tokens(answer, now=now)
        id_token = answer.get("id_token")
        if not isinstance(id_token, str):
            return TokenResponse(tokens)
        identity = validate_id_token(id_token, issuer=self.auth_url, client_id=self.client_id, nonce=nonce, fetch_keys=self._keys)
        return TokenResponse(tokens, identity, to_secret(id_token))

    def refresh(self, token: Token, *, now: float) -> Token:
        """Return the token that a refresh token was good for.

        :raises ProviderError: with ``error="invalid_grant"`` if the refresh token is dead, otherwise on any failure.
        """
        answer = self._post("/v2/oauth2/token", {"grant_type": "refresh_token", "refresh_token": token.refresh_token or ""})
        return build_token(answer, now=now, before=token)

    def issue_token(self, requirements: tuple[Requirement, ...], *, now: float) -> TokenResponse:
        """Return tokens of the client's own: one for each resource server.

        :raises ProviderError: if Globus refuses or fails, or this client isn't set up to act for itself.
        """
        if self.grant != "client_credentials":
            raise ProviderError(f"the client {self.client_id} logs people in, and doesn't act for itself (grant='client_credentials')")
        answer = self._post("/v2/oauth2/token", {"grant_type": "client_credentials", "scope": to_scope_parameter(requirements)})
        own = Identity(self.client_id, f"{self.client_id}@clients.auth.globus.org")
        return TokenResponse(_build_tokens(answer, now=now), own, kind="service_account")

    def read_service_token(self, access_token: str, *, now: float) -> TokenResponse:
        """Refuse it: Globus's access tokens say nothing by themselves.

        :raises ProviderError: always.
        """
        raise ProviderError("a Globus token says neither whose it is nor until when; set FLOWAUTH_TOKEN and FLOWAUTH_TOKEN_SCOPES instead")

    def end_sessions(self, account: Account) -> tuple[SessionEnding, ...]:
        """Return nothing: Globus ends a session only in the browser."""
        return ()

    def revoke(self, token: Token) -> None:
        """Revoke the refresh token, and the access token with it.

        :raises ProviderError: if that didn't happen.
        """
        for secret in filter(None, (token.refresh_token, token.access_token)):
            self._post("/v2/oauth2/token/revoke", {"token": secret})

    def _discovery(self) -> Mapping[str, Any]:
        """Return the discovery document, once it says of itself that it is this issuer's (OpenID Connect Discovery section 4.3)."""
        document = self._document("/.well-known/openid-configuration")
        if document.get("issuer") != self.auth_url:
            raise ProviderError(f"{self.auth_url} describes itself as another issuer; nothing was sent; check the address")
        return document

    def _keys(self, again: bool) -> Mapping[str, Any]:
        jwks_uri = urlsplit(validate_endpoint(self._discovery().get("jwks_uri"), what="JWKS address"))
        if f"{jwks_uri.scheme}://{jwks_uri.netloc}" != self.auth_url:
            raise ProviderError("Globus names keys at another address than its own; nothing was sent")
        return self._document(jwks_uri.path, again=again)

    def _document(self, path: str, *, again: bool = False) -> Mapping[str, Any]:
        with self._lock:
            fetched_at, document = self._documents.get(self.auth_url + path, (0.0, {}))
            if again or not document or time.monotonic() - fetched_at > DISCOVERY_SECONDS:
                document = self._send("GET", path, None)
                self._documents[self.auth_url + path] = (time.monotonic(), document)
            return document

    def _post(self, path: str, form: dict[str, str]) -> dict[str, Any]:
        return self._send("POST", path, {**form, **({} if self._client_secret else {"client_id": self.client_id})})

    def _send(self, method: str, path: str, form: dict[str, str] | None) -> dict[str, Any]:
        """Send one request, and again at most twice if the provider certainly did nothing."""
        once = functools.partial(self._send_once, method, path, form)
        return send_within(once, seconds=REQUEST_SECONDS, provider="Globus", address=self.auth_url)

    def _send_once(self, method: str, path: str, form: dict[str, str] | None) -> dict[str, Any]:
        """Send one request: not again, for a refresh token may have been used though its answer was lost; and follow no redirect."""
        import globus_sdk

        client = _auth_client(self.auth_url, self.client_id, self._client_secret, os.getpid())
        try:
            answer = client.request(method, path, data=form, encoding="form" if form else None, allow_redirects=False)
        except globus_sdk.GlobusAPIError as error:
            failure = refusal("Globus", error.http_status, error.raw_json, retry_after=error.headers.get("Retry-After"))
        except globus_sdk.NetworkError as error:
            timed_out, refused = isinstance(error, globus_sdk.GlobusTimeoutError), is_connection_refused(error.underlying_exception)
            failure = network_error("Globus", self.auth_url, timed_out=timed_out, refused=refused)
        except ProviderError as error:  # the answer was too large
            failure = error.with_traceback(None)
        else:
            return self._validate_answer(answer.http_status, answer.data)
        # Out here, and so without the SDK's error as its context: the frames of that one hold the form, and a debugger walks the chain.
        raise failure

    def _validate_answer(self, status: int, data: object) -> dict[str, Any]:
        if status == 200 and isinstance(data, dict):
            return data
        raise ProviderError(
            f"{self.auth_url} answered something else than JSON (status {status}); nothing was kept; try again later", status=status
        )


def _build_tokens(answer: dict[str, Any], *, now: float) -> tuple[Token, ...]:
    """Return every token in an answer: the first one, and those of the other resource servers."""
    others = answer.get("other_tokens") or []
    if not isinstance(others, list):
        raise ProviderError("Globus answered with other_tokens that are no list; nothing was kept; log in again")
    return tuple(build_token(one, now=now) for one in (answer, *others))


@functools.lru_cache(maxsize=8)
def _auth_client(
    auth_url: str, client_id: str, client_secret: str | None, process_id: int
) -> NativeAppAuthClient | ConfidentialAppAuthClient:
    """Return the one client of a process: a child that was forked shares no open connection, and so no answer, with its parent."""
    import globus_sdk
    from globus_sdk.transport import RequestsTransport, RetryConfig

    transport, retries = RequestsTransport(http_timeout=REQUEST_SECONDS), RetryConfig(max_retries=0)
    for scheme in ("https://", "http://"):
        transport.session.mount(scheme, build_bounded_adapter("Globus"))
    if client_secret:
        return globus_sdk.ConfidentialAppAuthClient(client_id, client_secret, base_url=auth_url, transport=transport, retry_config=retries)
    return globus_sdk.NativeAppAuthClient(client_id, base_url=auth_url, transport=transport, retry_config=retries)


def auth_service_url(service_url: str | None, environment: str | None) -> str:
    """Return the address of Globus Auth as the SDK would resolve it, without importing the SDK for the usual one."""
    if service_url:
        return service_url.rstrip("/")
    if environment and environment != "production":
        from globus_sdk.config import get_service_url

        return get_service_url("auth", environment=environment).rstrip("/")
    return PRODUCTION_AUTH_URL
