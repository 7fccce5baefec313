"""What the domain needs of the outside world, each the smallest Protocol that does it."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import AbstractContextManager
from typing import Literal, Protocol, runtime_checkable

from .code_grant import AuthorizationRequest, AuthorizationResponse
from .device_grant import DeviceAuthorization
from .endings import SessionEnding
from .errors import StorageError
from .flow_needs import RunDocument
from .records import LoginRequest, LoginResult, Opening, ScopeLine, ServerAnnouncement
from .scopes import Requirement
from .tokens import Account, AccountKey, Registration, Token, TokenResponse

Grant = Literal["authorization_code", "client_credentials"]


class Clock(Protocol):
    """The time, twice: for expiry, and for waiting."""

    def now(self) -> float:
        """Return POSIX time in seconds; it may jump."""

    def monotonic(self) -> float:
        """Return seconds that never go backwards."""


class Provider(Protocol):
    """An authorization server with our client registration on it."""

    @property
    def name(self) -> str:
        """The configured name, a segment in the routes."""

    @property
    def kind(self) -> str:
        """``globus`` or ``oidc``."""

    @property
    def title(self) -> str:
        """What people call it."""

    @property
    def grant(self) -> Grant:
        """``authorization_code``: people log in; ``client_credentials``: the client acts for itself, and nobody is asked."""

    @property
    def registration(self) -> Registration:
        """Which accounts are this provider's. Makes no request: an issuer that isn't known yet is an empty one, and holds no account."""

    def login_requirements(self) -> tuple[Requirement, ...]:
        """Return what every login asks for besides."""

    def resource_server(self, scope: str) -> str | None:
        """Return the resource server of a bare scope where that is known for sure, else None."""

    def describe(self, scope: str) -> ScopeLine:
        """Return a bare scope in words people know."""

    def hosts(self, resource_server: str | None) -> tuple[str, ...] | None:
        """Return the hosts (with port, if not the default one) that a resource server's tokens are for, or None if that isn't known."""

    def build_authorization_request(
        self, requirements: tuple[Requirement, ...], *, state: str, nonce: str, code_challenge: str, login_hint: str | None
    ) -> AuthorizationRequest:
        """Return the request of one login; may ask the provider for its discovery document first.

        :raises ProviderError: if the provider can't be reached, or describes itself wrongly.
        """

    def exchange_code(
        self, *, request: AuthorizationRequest, code: str, code_verifier: str, redirect_uri: str, nonce: str, now: float
    ) -> TokenResponse:
        """Return the tokens for a code, with the identity from a checked ID token.

        :param request: the request that the code is the answer to.
        :raises ProviderError: if the provider refuses, fails, or answers what must not be used.
        """

    def refresh(self, token: Token, *, now: float) -> Token:
        """Return the token that a refresh token was good for. One request, never repeated where it might have been done.

        :raises ProviderError: with ``error="invalid_grant"`` if the refresh token is dead, otherwise on any failure.
        """

    def issue_token(self, requirements: tuple[Requirement, ...], *, now: float) -> TokenResponse:
        """Return tokens of the client's own (RFC 6749 section 4.4), for what is asked and what every login asks for besides.

        :raises ProviderError: if the provider refuses or fails, or this client isn't set up to act for itself.
        """

    def read_service_token(self, access_token: str, *, now: float) -> TokenResponse:
        """Return a token that was made elsewhere and is given once, with its account, once signature, issuer and expiry are right.

        :raises ProviderError: if it isn't an access token of this provider that is still good.
        """

    def revoke(self, token: Token) -> None:
        """Revoke a token, its refresh token included (RFC 7009).

        :raises ProviderError: if that didn't happen.
        """

    def end_sessions(self, account: Account) -> tuple[SessionEnding, ...]:
        """End an account's sessions at the instance and the provider, as far as they offer that. Bounded in time, and never raises."""


@runtime_checkable
class DeviceProvider(Protocol):
    """A provider that may offer the device authorization grant (RFC 8628)."""

    def why_no_device(self) -> str:
        """Return why no device code can be had, as half a sentence, or nothing if one can. May read the discovery document first.

        :raises ProviderError: if that can't be told.
        """

    def start_device_login(self, request: AuthorizationRequest, *, now: float) -> DeviceAuthorization:
        """Return a code for the scopes of this request, and for its code_challenge.

        :raises ProviderError: if the provider refuses, fails, or answers what must not be shown.
        """

    def poll_device_login(self, device_code: str, *, request: AuthorizationRequest, code_verifier: str, now: float) -> TokenResponse:
        """Return the tokens, with the identity from a checked ID token. One request, never repeated: the caller keeps the intervals.

        :raises ProviderError: otherwise; with ``error="authorization_pending"`` as long as the person hasn't answered, and with neither
            ``error`` nor ``status`` if the provider couldn't be reached.
        """


class Transaction(Protocol):
    """One account, held exclusively."""

    @property
    def account(self) -> Account | None:
        """The account as it was read under the lock, or as last written in it."""

    def reserve(self) -> None:
        """Take the space that the next ``write`` needs, so that it can't fail for want of it.

        :raises StorageError: if there is none.
        """

    def write(self, account: Account) -> None:
        """Keep the account: whole, or not at all.

        :raises StorageError: if it can't be kept.
        """

    def delete(self) -> None:
        """Forget the account."""


class TokenStore(Protocol):
    """A place where accounts rest."""

    @property
    def location(self) -> str:
        """A sentence's worth of where that is; equal for two stores that share their accounts."""

    def prepare(self) -> None:
        """Make sure that an account can be kept here, before a person is asked.

        :raises StorageError: if none can.
        """

    def stamp(self, key: AccountKey | None = None) -> Hashable:
        """Return a value that changes whenever an account (or, without a key, any account) may have changed. Cheap, and never raises."""

    def read(self, key: AccountKey) -> Account | None:
        """Return an account, or None. Needs no lock.

        :raises StorageError: if something is there that must not be used.
        """

    def accounts(self, registration: Registration | None = None, *, unusable: list[StorageError] | None = None) -> tuple[Account, ...]:
        """Return every account held (for one registration), the most recent login first.

        :param unusable: takes an error for every account that is there and must not be used, and the others are returned all the same.
        :raises StorageError: if they can't be listed; without ``unusable``, also if one of them must not be used.
        """

    def transaction(self, key: AccountKey, *, timeout_seconds: float) -> AbstractContextManager[Transaction]:
        """Hold one account exclusively, among threads and processes.

        :raises StorageError: if there is no working lock, or it wasn't to be had in time.
        """


class Rendezvous(Protocol):
    """The place where kernel and server leave each other the request and the answer of one login."""

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep other processes from opening a request meanwhile. Held for moments only."""

    def open_request(self, request: LoginRequest) -> None:
        """Leave a request."""

    def read_request(self, login_id: str) -> LoginRequest | None:
        """Return a request that is still open, else None."""

    def pending(self) -> tuple[LoginRequest, ...]:
        """Return every open request whose process lives and whose deadline hasn't passed, oldest first."""

    def record_opening(self, opening: Opening) -> None:
        """Leave the newest opening of a login's page."""

    def read_opening(self, login_id: str) -> Opening | None:
        """Return the newest opening."""

    def take(self, login_id: str) -> bool:
        """Take the state of a login: True for the first caller of all, in any process, never again, and not once the login has ended."""

    def is_taken(self, login_id: str) -> bool:
        """Tell whether the state was taken."""

    def write_response(self, login_id: str, response: AuthorizationResponse) -> None:
        """Leave the answer (``error="cancelled"`` for *Cancel*). Only for who took the state, or to say that there is no way back."""

    def take_response(self, login_id: str) -> AuthorizationResponse | None:
        """Return the answer and remove it, or None if there is none yet."""

    def stamp(self) -> Hashable:
        """Return a value that changes whenever anything here may have changed. Cheap, and never raises."""

    def write_result(self, result: LoginResult) -> None:
        """Leave how the login ended, and remove everything else of it."""

    def read_result(self, login_id: str) -> LoginResult | None:
        """Return how the login ended, or None if it hasn't, or it was long ago."""

    def announce(self, announcement: ServerAnnouncement) -> None:
        """Leave word of a running server."""

    def withdraw(self, server_id: str) -> None:
        """Remove word of a server."""

    def find_server(self, server_id: str) -> ServerAnnouncement | None:
        """Return the announcement with this id, if its process lives and it is ours."""


class Patience(Protocol):
    """How long one login waits."""

    def pause(self, seconds: float) -> None:
        """Wait a moment.

        :raises LoginTimeout: when the deadline has passed.
        :raises LoginDenied: with ``error="cancelled"`` once the login was cancelled from here.
        """


class UserAgent(Protocol):
    """The way the person is asked."""

    @property
    def name(self) -> str:
        """``server``, ``loopback``, ``device``, ``paste``, or a name of its own. One named ``device`` is given ``login.device``."""

    def show(self, login: LoginRequest) -> None:
        """Show the person what is asked, in the caller's thread. Blocks no longer than drawing takes.

        :raises ConfigurationError: if this way can't be used here. It has cleaned up after itself then, and another way is taken.
        """

    def wait(self, login: LoginRequest, patience: Patience) -> AuthorizationResponse:
        """Wait for the answer; it is judged by the caller. Not called for ``device``: there the provider is asked for the answer.

        :raises LoginTimeout, LoginDenied: from ``patience``.
        :raises ConfigurationError: as from ``show``.
        """

    def finish(self, login: LoginRequest, result: LoginResult) -> None:
        """Show how it ended, and clean up. Called exactly once, whatever happened."""


class Presenter(Protocol):
    """Where a user agent shows its card: a widget, or lines of text."""

    def show(self, login: LoginRequest, *, address: str | None, rung: str) -> None:
        """Show a login. ``address`` is the link to click: a path under the server, or a whole address."""

    def say(self, login: LoginRequest | None, sentence: str) -> None:
        """Add a sentence to it, or show it alone where there is no card."""

    def finish(self, login: LoginRequest, result: LoginResult) -> None:
        """Replace the card by the sentence that says how it ended."""

    def show_run(self, run: RunDocument) -> None:
        """Show how a run is doing, in the place of what was shown of it before."""
