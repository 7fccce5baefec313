"""Any OpenID provider: code with PKCE, refresh, client credentials, revocation and logout, as its discovery document offers them."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from ..code_grant import AuthorizationRequest
from ..device_grant import DeviceAuthorization
from ..endings import SessionEnding
from ..errors import ConfigurationError, ProviderError
from ..instances import instance_host
from ..ports import Grant
from ..records import ScopeLine
from ..scopes import Requirement, bare_scopes, merge_requirements, to_scope_parameter
from ..tokens import Account, Identity, Registration, Token, TokenResponse
from . import oidc_device as device
from .client_auth import ClientCredentials
from .oauth_answers import build_token
from .oidc_answer import describe_scope, read_login_answer
from .oidc_calls import OidcCalls
from .oidc_discovery import Metadata
from .oidc_issuer import IssuerSource
from .oidc_push import push_request, required_push_endpoint
from .oidc_sessions import end_sessions, revoke_token
from .service_token import SERVICE_ACCOUNT_CLAIM, validate_is_jwt, validate_service_token
from .signed_token import CLOCK_SKEW_SECONDS

# RFC 8252 section 7.3: any port of the loopback interface; the path is what the client registers there.
LOOPBACK_REDIRECT_URIS = ("http://localhost:*/*", "http://127.0.0.1:*/*", "http://[::1]:*/*")
GRANTS = ("authorization_code", "client_credentials")


class OIDCProvider:
    """A client registered at an OpenID provider.

    :param issuer: the issuer's address, to the letter as its discovery document says it; None where an instance names it.
    :param client_id: the client's id there. One of the environment (``FLOWAUTH_CLIENT_ID``) is used where there is none.
    :param client_secret: only of a confidential client.
    :param name: the configured name, a segment in the routes.
    :param scopes: what every login asks for besides.
    :param grant: ``authorization_code``: people log in; ``client_credentials``: the client acts for itself.
    :param private_key_file: a PEM file, for a client that proves itself with a key (``private_key_jwt``).
    :param redirect_uris: the patterns registered there, ``scheme://host[:port|:*][/path|/*]``; None means any port and path on loopback.
    :param token_endpoint_auth_method: ``none``, ``client_secret_basic``, ``client_secret_post`` or ``private_key_jwt``; None for what fits.
    :param clock_skew_seconds: by how much this machine's clock may differ from the provider's.
    :param service_account_claim: the claim that marks a service account's token.
    :param require_pushed_authorization_requests: the client takes part in no others (RFC 9126 section 6), though the provider would.
    :raises ConfigurationError: if these don't fit together.
    """

    kind = "oidc"

    def __init__(
        self,
        issuer: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        *,
        name: str | None = None,
        scopes: Iterable[str] = ("openid",),
        grant: Grant = "authorization_code",
        private_key_file: str | None = None,
        redirect_uris: Iterable[str] | None = None,
        token_endpoint_auth_method: str | None = None,
        clock_skew_seconds: float = CLOCK_SKEW_SECONDS,
        service_account_claim: str = SERVICE_ACCOUNT_CLAIM,
        require_pushed_authorization_requests: bool = False,
    ) -> None:
        if grant not in GRANTS:
            raise ConfigurationError(f"the grant {grant!r} is unknown; it is one of {', '.join(GRANTS)}")
        if isinstance(scopes, str) or isinstance(redirect_uris, str):
            raise ConfigurationError("scopes and redirect_uris are lists of strings, not one string")
        self.name, self._grant = name or "oidc", grant
        self._credentials = ClientCredentials(client_id or "", client_secret, token_endpoint_auth_method, private_key_file)
        if grant == "client_credentials" and self._credentials.is_public:
            raise ConfigurationError("a client that acts for itself needs a client_secret, or a private_key_file")
        self._scopes = tuple(map(Requirement, scopes))
        self.redirect_uris = LOOPBACK_REDIRECT_URIS if redirect_uris is None else tuple(redirect_uris)
        self._clock_skew_seconds, self._service_account_claim = clock_skew_seconds, service_account_claim
        self._source, self._always_pushes = IssuerSource(self.name, issuer), require_pushed_authorization_requests

    def at(
        self,
        instance: str | None = None,
        *,
        is_listed: bool = False,
        recall_issuer: Callable[[], str | None] | None = None,
        client_id: str = "",
    ) -> OIDCProvider:
        """Return the same client for an instance.

        :param instance: its normalized base URL.
        :param is_listed: whether the configuration says that it belongs to the configured issuer: then nobody asks the instance.
        :param recall_issuer: returns the issuer of a login that is held for the instance, so that using it takes no request.
        :param client_id: the client's id, where this has none yet.
        """
        other, source = copy.copy(self), self._source
        listed, recall = is_listed or instance is None, recall_issuer or source.recall
        other._source = IssuerSource(self.name, source.configured, instance, listed, recall, source.documents)
        if client_id and not self._credentials.client_id:
            other._credentials = replace(self._credentials, client_id=client_id)
        return other

    def __repr__(self) -> str:
        """Show which client it is, never its secret."""
        where = f", instance={self.instance!r}" if self.instance else ""
        return f"OIDCProvider({self._source.configured!r}, {self._credentials.client_id!r}, name={self.name!r}{where})"

    @property
    def title(self) -> str:
        """The host of the instance, or of the issuer."""
        address = self.instance or self.issuer
        return urlsplit(address).netloc if address else self.name

    @property
    def grant(self) -> Grant:
        """Whether people log in, or the client acts for itself."""
        return self._grant

    @property
    def client_id(self) -> str:
        """The client's id; empty where there is none."""
        return self._credentials.client_id

    @property
    def issuer(self) -> str:
        """The issuer as far as it is known without a request; else empty."""
        return self._source.issuer

    @property
    def instance(self) -> str | None:
        """The normalized base URL of the instance that this is for, or None."""
        return self._source.instance

    @property
    def configured_issuer(self) -> str | None:
        """The issuer that this was made with, or None: then an instance names it."""
        return self._source.configured

    @property
    def registration(self) -> Registration:
        """Which accounts are this provider's."""
        return Registration(self.issuer, self.client_id, self.instance)

    def login_requirements(self) -> tuple[Requirement, ...]:
        """Return the configured scopes; a person's login asks for ``openid`` as well, for it has to say whose it is."""
        return merge_requirements((*((Requirement("openid"),) if self.grant == "authorization_code" else ()), *self._scopes))

    def resource_server(self, scope: str) -> str | None:
        """Return None: an OpenID provider issues one token for whatever a scope is about."""
        return None

    def describe(self, scope: str) -> ScopeLine:
        """Return a bare scope in words people know; one that is not known here speaks for itself."""
        return describe_scope(scope, self.title)

    def hosts(self, resource_server: str | None) -> tuple[str, ...] | None:
        """Return the instance's host: its bearer is for nobody else. Without an instance it isn't known whom a bearer is for."""
        return (instance_host(self.instance),) if self.instance else None

    def build_authorization_request(
        self, requirements: tuple[Requirement, ...], *, state: str, nonce: str, code_challenge: str, login_hint: str | None
    ) -> AuthorizationRequest:
        """Return the request of one login. Discovery and keys are read first, and kept for as long as the issuer says.

        :raises ProviderError: if the issuer can't be reached, or describes itself as somebody else.
        :raises ConfigurationError: if there is no client id.
        """
        metadata = self._look_up()
        self._source.keys(metadata, False)
        asks_offline = any(requirement.scope == "offline_access" for requirement in requirements)
        return AuthorizationRequest(
            authorization_endpoint=metadata.endpoint("authorization_endpoint"),
            issuer=metadata.issuer,
            client_id=self.client_id,
            scope=to_scope_parameter(requirements),
            code_challenge=code_challenge,
            state=state,
            nonce=nonce,
            iss_required=metadata.says("authorization_response_iss_parameter_supported"),
            # OpenID Connect Core section 11: without "consent" a request for offline access "MUST" be ignored.
            extra=(*((("prompt", "consent"),) if asks_offline else ()), *((("login_hint", login_hint),) if login_hint else ())),
            redirect_uris=self.redirect_uris,
            token_endpoint=metadata.endpoint("token_endpoint"),
            loopback_path="/callback",
            push_endpoint=required_push_endpoint(metadata, always=self._always_pushes),
        )

    def push(self, request: AuthorizationRequest, *, redirect_uri: str) -> str:
        """Push an authorization request, and return the address to send the browser to; else raise a ``ProviderError``."""
        return push_request(self._calls(self._source.read(request.issuer)), request, redirect_uri=redirect_uri)

    def exchange_code(
        self, *, request: AuthorizationRequest, code: str, code_verifier: str, redirect_uri: str, nonce: str, now: float
    ) -> TokenResponse:
        """Return the token for a code, with the identity from the checked ID token.

        :raises ProviderError: if the provider refuses or fails, or the ID token is not for this login.
        """
        metadata = self._source.read(request.issuer)
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": code_verifier, "redirect_uri": redirect_uri}
        answer = self._calls(metadata).post(request.token_endpoint, form)
        return self._read_login(answer, metadata, request, nonce=nonce, now=now)

    def _read_login(
        self, answer: Mapping[str, Any], metadata: Metadata, request: AuthorizationRequest, *, nonce: str | None, now: float
    ) -> TokenResponse:
        keys, skew = functools.partial(self._source.keys, metadata), self._clock_skew_seconds
        return read_login_answer(answer, metadata, request, nonce=nonce, fetch_keys=keys, clock_skew_seconds=skew, now=now)

    def why_no_device(self) -> str:
        """Return why no device code can be had, or nothing if one can.

        :raises ProviderError, ConfigurationError: if that can't be told.
        """
        return device.why_no_device(self._look_up(), self.title)

    def start_device_login(self, request: AuthorizationRequest, *, now: float) -> DeviceAuthorization:
        """Return a code for the scopes of this request.

        :raises ProviderError: if the provider refuses, fails, or answers what must not be shown.
        """
        return device.start_device_login(self._calls(self._source.read(request.issuer)), request, now=now)

    def poll_device_login(self, device_code: str, *, request: AuthorizationRequest, code_verifier: str, now: float) -> TokenResponse:
        """Return the token for a device code, with the identity from the checked ID token, which has no nonce here.

        :raises ProviderError: otherwise; ``authorization_pending`` as long as nobody has answered.
        """
        metadata = self._source.read(request.issuer)
        answer = device.poll_device_login(self._calls(metadata), device_code, request=request, code_verifier=code_verifier)
        return self._read_login(answer, metadata, request, nonce=None, now=now)

    def refresh(self, token: Token, *, now: float) -> Token:
        """Return the token that a refresh token was good for.

        :raises ProviderError: with ``error="invalid_grant"`` if the refresh token is dead, otherwise on any failure.
        """
        metadata = self._source.known()
        form = {"grant_type": "refresh_token", "refresh_token": token.refresh_token or ""}
        return build_token(self._calls(metadata).post(metadata.endpoint("token_endpoint"), form), now=now, before=token)

    def issue_token(self, requirements: tuple[Requirement, ...], *, now: float) -> TokenResponse:
        """Return a token of the client's own.

        :raises ProviderError: if the provider refuses or fails, or this client isn't set up to act for itself.
        """
        if self.grant != "client_credentials":
            raise ProviderError(f"the client {self.client_id} logs people in, and doesn't act for itself (grant='client_credentials')")
        metadata, wanted = self._look_up(), merge_requirements((*self.login_requirements(), *requirements))
        form = {"grant_type": "client_credentials", **({"scope": to_scope_parameter(wanted)} if wanted else {})}
        answer = self._calls(metadata).post(metadata.endpoint("token_endpoint"), form)
        # RFC 6749 section 4.4.3: "A refresh token SHOULD NOT be included"; the client's own proof is all that a new one takes.
        token = build_token({**answer, "refresh_token": None}, now=now, asked=bare_scopes(wanted))
        return TokenResponse((token,), Identity(self.client_id, self.client_id), kind="service_account")

    def read_service_token(self, access_token: str, *, now: float) -> TokenResponse:
        """Return a token that was made elsewhere and is given once.

        :raises ProviderError: if it isn't an access token of this issuer that is still good.
        """
        validate_is_jwt(access_token)
        metadata = self._look_up()
        return validate_service_token(
            access_token,
            issuer=metadata.issuer,
            fetch_keys=lambda again: self._source.keys(metadata, again),
            clock_skew_seconds=self._clock_skew_seconds,
            service_account_claim=self._service_account_claim,
            now=now,
        )

    def revoke(self, token: Token) -> None:
        """Revoke the refresh token, and the access token with it, or alone (RFC 7009).

        :raises ProviderError: if that didn't happen.
        """
        revoke_token(self._calls(self._source.known()), token)

    def end_sessions(self, account: Account) -> tuple[SessionEnding, ...]:
        """End the account's sessions: at the instance, with its bearer; at the provider, as its discovery document offers it."""
        return end_sessions(account, title=self.title, instance=self.instance, look_up=lambda: self._calls(self._source.known()))

    def _look_up(self) -> Metadata:
        """Return the issuer's metadata for a new login.

        :raises ConfigurationError: if there is no issuer, or no client id.
        """
        if not self.client_id:
            raise ConfigurationError("there is no client id for this login; configure the provider's client_id, or set FLOWAUTH_CLIENT_ID")
        return self._source.look_up()

    def _calls(self, metadata: Metadata) -> OidcCalls:
        return OidcCalls(self.title, metadata, self._credentials)
