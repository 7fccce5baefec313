"""Everything that one running sandbox holds; its handlers read and write it on their one thread."""

from __future__ import annotations

import hmac
import secrets
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .action_book import ActionBook
from .authorize import AuthorizeRequest
from .catalogue import DEMO_CLIENTS, DEMO_SCOPES, DEMO_USERS, Client, ScopeEntry, User
from .consents import ConsentBook
from .device_book import DeviceBook
from .flow_book import FlowBook
from .ledger import Grant, Ledger
from .refusals import PageRefusal
from .run_book import RunBook
from .scope_tree import RequestedScope, expand_scopes
from .services import SERVICE_SCOPES
from .settings import Fault, SandboxSettings

_REMEMBERED_REQUESTS = 200
CODE_PAGE_PATH = "/v2/web/auth-code"
DEVICE_PAGE_PATH = "/device"


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """An authorize request between its arrival and the person's decision, in one browser.

    :param user_code: the code that a person entered, where the request came from another device.
    """

    request: AuthorizeRequest
    browser_id: str = field(repr=False)
    expires_at: float
    user: User | None = None
    auth_time: float = 0.0
    user_code: str = ""


class SandboxState:
    """The memory of one sandbox: settings, people, clients, scopes, consents, tokens, faults and counters."""

    def __init__(self, settings: SandboxSettings | None = None, *, url: str = "", admin_secret: str | None = None) -> None:
        self.settings = settings or SandboxSettings()
        self.url = url
        self.admin_secret = admin_secret
        self.users: dict[str, User] = {user.login: user for user in DEMO_USERS}
        self.clients: dict[str, Client] = {client.client_id: client for client in DEMO_CLIENTS}
        self.scopes: dict[str, ScopeEntry] = {entry.scope: entry for entry in (*DEMO_SCOPES, *SERVICE_SCOPES)}
        self.registered_uris: dict[str, set[str]] = {}
        self.ledger = Ledger()
        self.devices = DeviceBook()
        self.wrong_codes: Counter[str] = Counter()
        self.consents = ConsentBook()
        self.flows = FlowBook()
        self.runs = RunBook()
        self.actions = ActionBook()
        self.functions: dict[str, str] = {}
        self.counters: Counter[str] = Counter()
        self.faults: dict[str, Fault] = {}
        self.authorize_requests: deque[dict[str, str]] = deque(maxlen=_REMEMBERED_REQUESTS)
        self._sessions: dict[str, tuple[str, float]] = {}
        self._pending: dict[str, PendingLogin] = {}
        self._form_key = secrets.token_bytes(32)
        self.cookie_suffix = secrets.token_hex(4)

    def now(self) -> float:
        """Return the provider's time, which its clock offset may put out of step with everybody else's."""
        return time.time() + self.settings.clock_offset

    def configure(self, **changes: Any) -> None:
        """Change settings of a running sandbox."""
        self.settings = replace(self.settings, **changes)

    def set_fault(self, endpoint: str, kind: str | None, *, times: int | None = None, headers: Mapping[str, str] | None = None) -> None:
        """Let an endpoint misbehave (see `Fault`), for a number of requests or until it is told to stop (None)."""
        if kind is None:
            self.faults.pop(endpoint, None)
        else:
            self.faults[endpoint] = Fault(kind, times, headers or {})

    def take_fault(self, endpoint: str) -> Fault | None:
        """Return what this request of an endpoint must suffer, if anything."""
        fault = self.faults.get(endpoint)
        if fault is None or fault.times is None:
            return fault
        fault.times -= 1
        if fault.times <= 0:
            self.faults.pop(endpoint, None)
        return fault

    def expand(self, scopes: Iterable[RequestedScope]) -> tuple[RequestedScope, ...]:
        """Return scopes with what they always depend on: a flow's with its action providers' of this moment."""
        return expand_scopes(scopes, lambda scope: self.scopes[scope].dependents if scope in self.scopes else ())

    def registered(self, client: Client) -> set[str]:
        """Return the redirect URIs that a client has registered; a native app's include the page that shows codes."""
        configured = set(self.settings.redirect_uris.get(client.client_id, ()))
        code_page = {self.url + CODE_PAGE_PATH} if client.is_public else set()
        return configured | code_page | self.registered_uris.get(client.client_id, set())

    def register_redirect_uri(self, client_id: str, redirect_uri: str) -> None:
        """Add a redirect URI to a client's."""
        self.registered_uris.setdefault(client_id, set()).add(redirect_uri)

    def find_person(self, sub: str) -> User:
        """Return the user with this sub; a client acting for itself is its own identity."""
        for user in self.users.values():
            if user.sub == sub:
                return user
        client = self.clients[sub]
        return User(f"{client.client_id}@clients.auth.globus.org", client.name, client.client_id)

    def find_user_by_hint(self, hint: str | None) -> User | None:
        """Return the user that a login_hint means: a short name, a username or a sub."""
        return next((user for user in self.users.values() if hint in {user.login, user.username, user.sub}), None)

    def open_session(self, user: User) -> str:
        """Return the cookie value of a new login session."""
        cookie = secrets.token_urlsafe(32)
        self._sessions[cookie] = (user.login, self.now())
        return cookie

    def find_session(self, cookie: str | None) -> tuple[User, float] | None:
        """Return who is logged in with this cookie, and since when."""
        login, since = self._sessions.get(cookie or "", ("", 0.0))
        return (self.users[login], since) if login in self.users else None

    def close_session(self, cookie: str | None) -> None:
        """End a login session."""
        self._sessions.pop(cookie or "", None)

    def add_pending(self, request: AuthorizeRequest, browser_id: str, *, user_code: str = "") -> str:
        """Return the id under which an authorize request waits for the person's decision."""
        now = self.now()
        self._pending = {key: pending for key, pending in self._pending.items() if pending.expires_at > now}
        request_id = secrets.token_urlsafe(16)
        self._pending[request_id] = PendingLogin(request, browser_id, now + self.settings.request_lifetime, user_code=user_code)
        return request_id

    def find_pending(self, request_id: str, browser_id: str | None) -> PendingLogin:
        """Return an authorize request that still waits, for the browser that brought it.

        :raises PageRefusal: it is decided, too old, or another browser's.
        """
        pending = self._pending.get(request_id)
        if pending is None or pending.expires_at <= self.now():
            sentence = "It was answered already, or it took too long. Go back to the application and start again."
            raise PageRefusal("This login is over", sentence)
        if browser_id is None or not hmac.compare_digest(pending.browser_id.encode(), browser_id.encode()):
            sentence = "This login was started in another browser. Start it again in this one."
            raise PageRefusal("Another browser's login", sentence, status=403)
        return pending

    def choose_user(self, request_id: str, user: User, *, auth_time: float) -> None:
        """Write down who answers an authorize request."""
        self._pending[request_id] = replace(self._pending[request_id], user=user, auth_time=auth_time)

    def close_pending(self, request_id: str) -> None:
        """Forget an authorize request: its answer can be given once."""
        self._pending.pop(request_id, None)

    def form_token(self, request_id: str, browser_id: str) -> str:
        """Return what a form of this login in this browser must carry."""
        return hmac.digest(self._form_key, f"{request_id}|{browser_id}".encode(), "sha256").hex()

    def grant(self, pending: PendingLogin, user: User) -> Grant:
        """Return what a person's *Allow* gives, without the scopes that the settings withhold; and remember the consent."""
        request = pending.request
        withheld = self.settings.withheld_scopes
        granted = tuple(requested.without(withheld) for requested in request.scopes if requested.scope not in withheld)
        self.consents.record(user.sub, request.client.client_id, granted, allows_refresh=request.is_offline, now=self.now())
        return Grant(
            grant_id=secrets.token_hex(8),
            client_id=request.client.client_id,
            sub=user.sub,
            scopes=tuple(requested.scope for requested in granted),
            is_offline=request.is_offline,
            redirect_uri=request.redirect_uri,
            auth_time=pending.auth_time,
            state=request.state,
            nonce=request.nonce,
            code_challenge=request.code_challenge,
        )
