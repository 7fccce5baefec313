"""What every handler of the relay shares: the policy headers, refusals, the audit, and no query in any log."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from tornado.log import access_log, app_log
from tornado.web import HTTPError, RequestHandler

from ..pkce import is_login_id
from ..relay_protocol import RelayStart
from ..secret import Secret
from . import pages
from .cookies import CookieJar
from .hub_link import HubLink, HubServer, HubUnreachable, HubUser
from .limits import Busy, RateLimit
from .records import Books

SETTINGS_KEY = "flowauth_relay"
_FOR_NOW, _AGAIN_SECONDS = (429, 503), "10"
_GONE = "Your server {name}isn't running any more, and the notebooks that ran on it have stopped. Nothing was kept."
_START_SERVER = "Start your server from the Hub's home page, run your notebook again, and log in from there. You can close this page."
_TOO_MANY = "This browser has started more logins than it can need."
_TOO_MANY_FROM_THERE = "Too many logins come from your network at this moment."
_RELOAD = "Wait a moment, then reload this page: the login goes on."
_MISCONFIGURED = "This Hub doesn't let the login service see which servers run. Nothing was kept."
_TELL_ADMIN = "Tell the Hub's admin, who can look: jupyter flowauth hub-config --check. You can close this page."


class Refusal(HTTPError):
    """A request that is answered by a page.

    :param outcome: what the audit log calls it.
    :param next_step: what to do now.
    """

    def __init__(self, status: int, outcome: str, title: str, sentence: str, next_step: str = pages.START_AGAIN) -> None:
        super().__init__(status)
        self.outcome, self.title, self.sentence, self.next_step = outcome, title, sentence, next_step


@dataclass(frozen=True, slots=True)
class RelayContext:
    """Everything that the handlers need; built by the application, or by a test.

    :param has_own_host: whether the relay has a host of its own, as it does where the Hub gives each user one.
    """

    hub: HubLink
    books: Books
    limit: RateLimit
    address_limit: RateLimit
    prefix: str
    authenticate_metrics: bool = True
    has_own_host: bool = False


class RelayHandler(RequestHandler):
    """A handler that may hold a code in its query, and writes none down."""

    leg = "other"

    def initialize(self) -> None:
        """Begin the audit of a request."""
        self.started = time.monotonic()
        self.outcome, self.login, self.user = "refused", None, ""

    login: RelayStart | None

    @property
    def context(self) -> RelayContext:
        """What the application gave the handlers."""
        context = self.settings[SETTINGS_KEY]
        if not isinstance(context, RelayContext):
            raise TypeError("the setting 'flowauth_relay' is not ours")
        return context

    @property
    def jar(self) -> CookieJar:
        """The cookies of this request."""
        return CookieJar(self, self.context.prefix, has_own_host=self.context.has_own_host)

    def set_default_headers(self) -> None:
        """Let nothing be kept, framed, sniffed or referred."""
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", pages.CONTENT_SECURITY_POLICY)

    def compute_etag(self) -> None:
        """Send no ETag: nothing here may be cached."""

    def spend(self, token: str) -> None:
        """Take one of the tries that a browser has.

        :raises Refusal: if it has none left.
        """
        if not self.context.limit.spend(hashlib.sha256(token.encode()).hexdigest()):
            raise Refusal(429, "too_many", "Too many logins at once", _TOO_MANY, _RELOAD)

    def spend_of_address(self) -> None:
        """Take one of the tries that all browsers at a network address have which aren't known yet.

        :raises Refusal: if they have none left.
        """
        if not self.context.address_limit.spend(self.request.remote_ip or ""):
            raise Refusal(429, "too_many", "Too many logins at once", _TOO_MANY_FROM_THERE, _RELOAD)

    def one_value(self, name: str) -> str:
        """Return a parameter of the query that is there once, else an empty string."""
        values = self.request.query_arguments.get(name, [])
        return values[0].decode("utf-8", "replace") if len(values) == 1 else ""

    async def ask_hub_user(self) -> HubUser | None:
        """Return whose browser this is, as the Hub says now, or None without a Hub login that is still good."""
        token = self.jar.read_session()
        if token is None:
            return None
        self.spend(token)
        user = await self.ask(token)
        if user is None or user.kind != "user":
            return None
        self.user = user.name
        return user

    async def ask(self, token: str) -> HubUser | None:
        """Return whose token it is.

        :raises Refusal: if the Hub can't be asked.
        """
        try:
            return await self.context.hub.user_of(Secret(token))
        except (HubUnreachable, Busy):
            raise self.unreachable() from None

    def unreachable(self) -> Refusal:
        """Return the refusal of a moment in which the Hub can't be asked."""
        return Refusal(503, "hub_unreachable", "The Hub doesn't answer", "It may be restarting. Nothing was kept.", _RELOAD)

    def ready_server(self, user: HubUser, name: str) -> HubServer:
        """Return a server of this user that the Hub says is ready, found by its name and never by a path.

        :raises Refusal: if there is none.
        """
        if user.servers is None:
            raise Refusal(500, "misconfigured", "The login service isn't set up", _MISCONFIGURED, _TELL_ADMIN)
        server = user.servers.get(name)
        if server is None or not server.is_ready:
            sentence = _GONE.format(name=f"“{name}” " if name else "")
            raise Refusal(409, "server_not_ready", "Your server isn't running", sentence, _START_SERVER)
        return server

    def send_on(self, address: str, *, status: int = 302) -> None:
        """Send the browser on."""
        self.set_status(status)
        self.set_header("Location", address)
        self.finish()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with a page that says what happened."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, Refusal):
            self.outcome = error.outcome
            title, sentence, next_step = error.title, error.sentence, error.next_step
        else:
            self.outcome = "failed" if status_code >= 500 else "refused"
            title = "There is nothing here" if status_code == 404 else "This can't be done here"
            sentence, next_step = "Nothing was changed.", pages.START_AGAIN
        self.set_status(status_code)
        if status_code in _FOR_NOW:
            self.set_header("Retry-After", _AGAIN_SECONDS)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(pages.render_page(title, sentence, next_step))

    def on_finish(self) -> None:
        """Write down and count how it ended."""
        login = self.login
        self.context.books.record(
            self.leg,
            self.outcome,
            seconds=time.monotonic() - self.started,
            provider=login.provider if login else "",
            user=self.user,
            server=login.server if login else "",
            login=login.login_id if login and is_login_id(login.login_id) else "",
        )

    def log_exception(self, typ: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        """Log an error by its type and place alone: its message and its values may hold a code."""
        if isinstance(value, HTTPError) or tb is None:
            return
        while tb.tb_next:
            tb = tb.tb_next
        where = f"{tb.tb_frame.f_code.co_filename}:{tb.tb_lineno}"
        app_log.error("relay: %s %s failed with %s at %s", self.request.method, self.request.path, type(value).__name__, where)


class NothingHere(RelayHandler):
    """Every other address: whatever its query holds is not logged."""

    def prepare(self) -> None:
        """Refuse."""
        raise Refusal(404, "unknown", "There is nothing here", "Nothing was changed.")


def log_request(handler: RequestHandler) -> None:
    """Write the line of the access log, without the query; none for what is asked every few seconds and is well."""
    request = handler.request
    if getattr(handler, "leg", "") == "health" and handler.get_status() == 200:
        return
    access_log.info("%d %s %s %.1fms", handler.get_status(), request.method, request.path, 1000 * request.request_time())
