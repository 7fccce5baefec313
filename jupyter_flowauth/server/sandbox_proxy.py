"""``sandbox/…``: the demo's sandbox pages through this server, so that the demo works where the browser is on another machine."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPResponse

from .guards import PageHandler, Refusal
from .log_scrub import scrub_request
from .sandbox_link import SandboxLink

PAGES = r"v2/oauth2/authorize|p/[a-z-]+|v2/web/auth-code"
_TIMEOUT_SECONDS = 20.0
_PASSED_ON = ("Content-Type", "Content-Security-Policy", "Content-Language")
# On top of the sandbox's own: its pages are served from Jupyter's origin, where a script could do anything.
_POLICY = "script-src 'none'; object-src 'none'; frame-src 'none'; frame-ancestors 'none'; base-uri 'none'"


class SandboxProxyHandler(PageHandler):
    """The pages of the sandbox that a person sees. Nothing else of it is passed on; it exists only where ``sandbox_url`` is set."""

    def initialize(self) -> None:
        """Keep the query, which holds a state, for the sandbox and nobody else."""
        self._query = self.request.query
        scrub_request(self.request)

    def check_xsrf_cookie(self) -> None:
        """Leave Jupyter's check out: the sandbox's forms carry a token of their own, bound to its own cookie, and change nothing here."""

    @web.authenticated
    @authorized
    async def get(self, page: str) -> None:
        """Pass a page on."""
        await self._pass_on(page)

    @web.authenticated
    @authorized
    async def post(self, page: str) -> None:
        """Pass a form on."""
        await self._pass_on(page)

    async def _pass_on(self, page: str) -> None:
        sandbox = self.context.sandbox
        if sandbox is None:
            raise Refusal(404, "There is nothing here", "The demo's sandbox isn't running behind this server.")
        address = f"{sandbox.url}/{page}" + (f"?{self._query}" if self._query else "")
        self._answer(await self._fetch(address, sandbox), address, sandbox)

    async def _fetch(self, address: str, sandbox: SandboxLink) -> HTTPResponse:
        cookies = "; ".join(f"{name}={morsel.coded_value}" for name, morsel in self.request.cookies.items() if name.startswith("sandbox_"))
        headers = {"X-Forwarded-Prefix": sandbox.prefix(self.place), **({"Cookie": cookies} if cookies else {})}
        for name in ("Content-Type", "Accept", "Accept-Language"):
            if name in self.request.headers:
                headers[name] = self.request.headers[name]
        try:
            return await AsyncHTTPClient().fetch(
                address,
                method=self.request.method or "GET",
                headers=headers,
                body=self.request.body if self.request.method == "POST" else None,
                follow_redirects=False,
                raise_error=False,
                request_timeout=_TIMEOUT_SECONDS,
            )
        except (HTTPClientError, OSError):
            raise Refusal(502, "The sandbox doesn't answer", "Start the demo again, and then the login from your notebook.") from None

    def _answer(self, response: HTTPResponse, address: str, sandbox: SandboxLink) -> None:
        if response.code == 599:
            raise Refusal(502, "The sandbox doesn't answer", "Start the demo again, and then the login from your notebook.")
        self.set_status(response.code)
        self.clear_header("Content-Type")
        for name in _PASSED_ON:
            if name in response.headers:
                self.set_header(name, response.headers[name])
        self.add_header("Content-Security-Policy", _POLICY)
        for cookie in response.headers.get_list("Set-Cookie"):
            if cookie.startswith("sandbox_"):
                self.add_header("Set-Cookie", cookie)
        if "Location" in response.headers:
            self.set_header("Location", self._location(response.headers["Location"], address, sandbox))
        self.finish(response.body or b"")

    def _location(self, location: str, address: str, sandbox: SandboxLink) -> str:
        """Return where the sandbox sends the browser: to another page of its own, or to a callback of ours, and nowhere else.

        :raises Refusal: if it is anywhere else.
        """
        target = urljoin(address, location)
        if sandbox.owns(target):
            return sandbox.through(self.place, target)
        if target.startswith(self.place.url("callback/")) and not urlsplit(target).username:
            return target
        raise Refusal(502, "The sandbox sends you astray", "It named an address that isn't this server's. Nothing was sent there.")
