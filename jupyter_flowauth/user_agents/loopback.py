"""A listener on the loopback interface, for scripts and terminals on a desktop (RFC 8252 section 7.3)."""

from __future__ import annotations

import contextlib
import html
import queue
import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ..code_grant import (
    LOOPBACK_HOSTS,
    AuthorizationRequest,
    AuthorizationResponse,
    BuildAddress,
    build_authorize_url,
    parse_authorization_response,
    validate_issuer,
    validate_state,
)
from ..errors import ConfigurationError, FlowAuthError
from ..ports import Patience, Presenter
from ..records import LoginRequest, LoginResult
from .loopback_path import choose_path
from .peers import is_another_users
from .terminal import SilentPresenter

POLL_SECONDS = 0.05
LAST_PAGE_SECONDS = 2.0
_FINISHING_SECONDS = 15.0
_STYLE_CSP = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class LoopbackUserAgent:
    """Opens a browser on this machine, and listens for it on 127.0.0.1, on a port of this login alone.

    :param open_browser: a function of an address, called in a thread of its own once the port listens. It may block; ``False`` from it
        means that no browser could be opened: then the next way to ask is taken. None for this machine's browser.
    """

    name = "loopback"

    def __init__(self, open_browser: Callable[[str], object] | None = None, *, presenter: Presenter | None = None) -> None:
        self._open_browser, self.presenter = open_browser, presenter
        self.build_address: BuildAddress = build_authorize_url
        self._listeners: dict[str, _Listener] = {}

    def show(self, login: LoginRequest) -> None:
        """Listen, then open the browser.

        :raises ConfigurationError: if the client has no redirect URI on loopback.
        """
        listener = _Listener(login.authorization)
        self._listeners[login.login_id] = listener
        url = self.build_address(login.authorization, redirect_uri=listener.redirect_uri)
        listener.authorize_url = url
        # The link that is shown is the listener's own: it holds no state, and sends the browser on.
        self._presenter.show(login, address=listener.start_url, rung="loopback")
        is_own = self._open_browser in (None, webbrowser.open)
        # So does the one that this machine's browser is started with: everybody here can read a program's arguments.
        arguments = (listener, self._open_browser or webbrowser.open, listener.start_url if is_own else url)
        threading.Thread(target=_open, args=arguments, name="flowauth-browser", daemon=True).start()

    @property
    def _presenter(self) -> Presenter:
        return self.presenter or SilentPresenter()

    def wait(self, login: LoginRequest, patience: Patience) -> AuthorizationResponse:
        """Wait for the one request that belongs to this login; every other one is answered 404.

        :raises ConfigurationError: if no browser could be opened.
        """
        listener = self._listeners[login.login_id]
        while True:
            try:
                return listener.answers.get(timeout=POLL_SECONDS)
            except queue.Empty:
                patience.pause(0)
            if listener.why_no_browser and listener.answers.empty():
                self._listeners.pop(login.login_id).close(None)
                raise ConfigurationError(listener.why_no_browser)

    def finish(self, login: LoginRequest, result: LoginResult) -> None:
        """Let the browser's page say how it ended, then close the port."""
        listener = self._listeners.pop(login.login_id, None)
        if listener is not None:
            listener.close(result)
        self._presenter.finish(login, result)


def _open(listener: _Listener, open_browser: Callable[[str], object], address: str) -> None:
    try:
        if open_browser(address) is False:
            listener.why_no_browser = "no browser could be opened on this machine"
    except Exception as error:  # noqa: BLE001 - a stranger's function, in a thread: whatever it raises, there are other ways to ask
        listener.why_no_browser = f"no browser could be opened on this machine ({type(error).__name__})"


class _Listener:
    """The one-shot listener of one login."""

    def __init__(self, authorization: AuthorizationRequest) -> None:
        self.authorization = authorization
        self.authorize_url = ""
        self.answers: queue.Queue[AuthorizationResponse] = queue.Queue()
        self.answered = threading.Lock()  # held by the first answer, for good
        self.result: LoginResult | None = None
        self.why_no_browser = ""
        self.ended, self.last_page = threading.Event(), threading.Event()
        self._servers = _bind(self)
        self.port = int(self._servers[0].server_address[1])
        try:
            self.path = choose_path(authorization, self.port)
        except ConfigurationError:
            self._close_port()
            raise
        self.redirect_uri = f"http://127.0.0.1:{self.port}{self.path}"
        # Another user of this machine may guess the port: only who was shown the link may learn the state behind it, and only the browser
        # that brought the answer how the login ended, and whose it is.
        self.start_path, self.done_path = (f"/{name}/{secrets.token_urlsafe(16)}" for name in ("start", "done"))
        self.start_url = f"http://127.0.0.1:{self.port}{self.start_path}"
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), name="flowauth-loopback", daemon=True).start()

    def close(self, result: LoginResult | None) -> None:
        self.result = result
        self.ended.set()
        if self.answered.locked() and not self.last_page.wait(LAST_PAGE_SECONDS):
            # A browser that is slower gets its page all the same. Nobody waits for that.
            threading.Thread(target=self._close_later, name="flowauth-last-page", daemon=True).start()
        else:
            self._stop()

    def _close_later(self) -> None:
        self.last_page.wait(_FINISHING_SECONDS)
        self._stop()

    def _stop(self) -> None:
        for server in self._servers:
            server.shutdown()
        self._close_port()

    def _close_port(self) -> None:
        for server in self._servers:
            server.server_close()


def _is_own_host(host: str, port: int) -> bool:
    """Tell whether a Host header names this listener: by a name that a page elsewhere has no power over, and its very port."""
    try:
        parts = urlsplit(f"http://{host}")
        return parts.hostname in LOOPBACK_HOSTS and parts.port == port
    except ValueError:
        return False


class _ExclusiveServer(ThreadingHTTPServer):
    """A server whose port nobody else can bind as well."""

    allow_reuse_address = False
    daemon_threads = True
    listener: _Listener

    def server_bind(self) -> None:
        """Bind exclusively, without the look-up of this machine's name that HTTPServer would make."""
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a request that broke off is not the person's concern, and its address may hold a code."""


class _ExclusiveServer6(_ExclusiveServer):
    address_family = socket.AF_INET6


def _bind(listener: _Listener) -> list[_ExclusiveServer]:
    first = _ExclusiveServer(("127.0.0.1", 0), _Handler)
    servers = [first]
    with contextlib.suppress(OSError):  # no IPv6 here, or the port is taken there: the redirect URI says 127.0.0.1 anyway
        servers.append(_ExclusiveServer6(("::1", int(first.server_address[1])), _Handler))
    for server in servers:
        server.listener = listener
    return servers


class _Handler(BaseHTTPRequestHandler):
    """Answers the browser of one login, and nobody else."""

    server: _ExclusiveServer
    timeout = 10

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the address holds the code."""

    def do_GET(self) -> None:
        """Serve the start, the one answer, and the last page."""
        listener, parts = self.server.listener, urlsplit(self.path)
        is_ours = _is_own_host(self.headers.get("Host", ""), listener.port)
        if not is_ours or is_another_users(self.client_address[:2], listener.port):
            self._send(HTTPStatus.NOT_FOUND)
        elif parts.path == listener.start_path and listener.authorize_url and not listener.answered.locked():
            self._redirect(HTTPStatus.FOUND, listener.authorize_url)
        elif parts.path == listener.done_path and listener.answered.locked():
            self._last_page(listener)
        elif parts.path == (listener.path or "/"):
            self._answer(listener, parts.query)
        else:
            self._send(HTTPStatus.NOT_FOUND)

    def _answer(self, listener: _Listener, query: str) -> None:
        try:
            response = parse_authorization_response(parse_qs(query), redirect_uri=listener.redirect_uri)
            validate_state(listener.authorization.state, response.state)
            validate_issuer(listener.authorization, response.iss)
        except FlowAuthError:
            return self._send(HTTPStatus.NOT_FOUND)
        if not listener.answered.acquire(blocking=False):
            return self._send(HTTPStatus.NOT_FOUND)
        listener.answers.put(response)
        return self._redirect(HTTPStatus.SEE_OTHER, listener.done_path)

    def _last_page(self, listener: _Listener) -> None:
        listener.ended.wait(_FINISHING_SECONDS)
        result = listener.result
        self._send(HTTPStatus.OK, result.message if result else "Finishing. Go back to where you started the login.")
        listener.last_page.set()

    def _redirect(self, status: HTTPStatus, location: str) -> None:
        self.send_response(status)
        self.send_header("Location", location)
        self._end(b"")

    def _send(self, status: HTTPStatus, sentence: str = "There is nothing here.") -> None:
        page = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Login</title>'
            "<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:20vh auto;padding:0 1rem}</style>"
            f"<h1>{html.escape(sentence)}</h1><p>You can close this page and go back to where you started the login.</p></html>"
        )
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self._end(page.encode())

    def _end(self, body: bytes) -> None:
        for name, value in (
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", _STYLE_CSP),
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
