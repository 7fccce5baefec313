"""What the handlers are given: the rendezvous, the providers, the store, and where the browser finds this server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import FlowAuthError
from ..ports import Provider, Rendezvous, TokenStore
from ..records import LoginRequest, ScopeLine
from ..tokens import Account
from .origins import Place
from .relay import RelayFinder
from .sandbox_link import SandboxLink

SETTINGS_KEY = "flowauth"


@dataclass(frozen=True, slots=True)
class Ending:
    """What a logout did.

    :param revoked: whether the provider confirmed that the tokens are revoked.
    :param message: one plain sentence.
    """

    revoked: bool
    message: str


class StartLogin(Protocol):
    """A login that this server asks for itself, without a kernel."""

    def __call__(self, provider: str | None, scopes: tuple[str, ...], *, account: str | None = None) -> Awaitable[str | None]:
        """Start it, and return its id, or the one of the login that it joins; None if nothing is missing.

        :param account: the username, email or sub of another identity, to log in beside those that are held.
        """


class EndAccount(Protocol):
    """The logout of one account."""

    def __call__(self, account: Account, *, revoke: bool) -> Awaitable[Ending]:
        """Forget the account here, and revoke its tokens at the provider if asked to."""


class RefreshAccount(Protocol):
    """The renewal of one account's tokens, now."""

    def __call__(self, account: Account) -> Awaitable[str]:
        """Renew what can be renewed, and return a sentence that says what was."""


async def no_notebooks() -> Mapping[int, str]:
    """Return no notebook: nobody knows of any."""
    return {}


def no_uses() -> Mapping[str, frozenset[int]]:
    """Return no use: nobody has left word of one."""
    return {}


async def no_refresh(account: Account) -> str:
    """Renew nothing."""
    return f"Nothing of {account.identity.username} can be renewed here."


@dataclass(frozen=True, slots=True)
class ServerContext:
    """Everything that the handlers need of the outside world; built by the extension, or by a test.

    :param notebooks: the path of the notebook that each kernel belongs to, by the kernel's process id.
    :param uses: the processes that use each account, by the account's digest.
    :param push: pushes a login's request to its provider (RFC 9126) and returns the address to send the browser to.
    :param attend: called when a browser asks how things stand: it hears of changes from then on.
    :param public_place: the configured public address, else the Hub's, else None: then each request's own origin counts.
    :param sandbox: only in the demo.
    :param relays: only on a Hub.
    """

    server_id: str
    rendezvous: Rendezvous
    load_providers: Callable[[], Mapping[str, Provider]]
    open_store: Callable[[], TokenStore]
    start_login: StartLogin
    end_account: EndAccount
    now: Callable[[], float]
    push: Callable[[LoginRequest, str], str] = lambda request, redirect_uri: ""
    attend: Callable[[], None] = lambda: None
    refresh_account: RefreshAccount = no_refresh
    notebooks: Callable[[], Awaitable[Mapping[int, str]]] = no_notebooks
    uses: Callable[[], Mapping[str, frozenset[int]]] = no_uses
    public_place: Place | None = None
    sandbox: SandboxLink | None = None
    relays: RelayFinder | None = None

    def providers(self) -> Mapping[str, Provider]:
        """Return the configured providers that can be used; none where the whole configuration can't (the log said so at the start)."""
        try:
            return self.load_providers()
        except FlowAuthError:
            return {}

    def find_waiting(self, login_id: str) -> LoginRequest | None:
        """Return a login that somebody still waits for: its process lives, and its deadline hasn't passed."""
        return next((request for request in self.rendezvous.pending() if request.login_id == login_id), None)

    def describe(self, scope: str, provider: str | None = None) -> ScopeLine:
        """Return a granted scope in words people know, as far as a configured provider knows them."""
        providers = self.providers()
        known = providers.get(provider or "") or next(iter(providers.values()), None)
        return known.describe(scope) if known else ScopeLine(scope, title=scope, service="")


def context_of(settings: Mapping[str, Any]) -> ServerContext:
    """Return the context from the web application's settings."""
    context = settings[SETTINGS_KEY]
    if not isinstance(context, ServerContext):
        raise TypeError("the setting 'flowauth' is not ours")
    return context
