"""What every handler of the sandbox shares: counting, faults, headers, and refusals turned into HTTP, here and nowhere else."""

from __future__ import annotations

import asyncio
import logging
from asyncio import Future
from types import TracebackType
from typing import Any

from tornado import web

from . import pages
from .authorize import build_redirect
from .refusals import ApiRefusal, PageRefusal, RedirectRefusal, Refusal, TokenRefusal
from .state import CODE_PAGE_PATH, SandboxState

log = logging.getLogger(__name__)


class SandboxHandler(web.RequestHandler):
    """A handler that knows the sandbox's state and its own name in counters and faults."""

    endpoint = "other"
    state: SandboxState

    def initialize(self, state: SandboxState) -> None:
        """Keep the state at hand."""
        self.state = state
        self._loses_answer = False

    async def prepare(self) -> None:
        """Count the request and suffer the fault that a test has asked for."""
        self.state.counters[self.endpoint] += 1
        fault = self.state.take_fault(self.endpoint)
        if fault is None:
            return
        for name, value in fault.headers.items():
            self.set_header(name, value)
        if fault.kind.startswith("slow:"):
            await asyncio.sleep(fault.number)
        elif fault.kind.startswith("status:"):
            self.set_status(int(fault.number))
            await self.finish({"error": "temporarily_unavailable"})
        elif fault.kind == "html":
            await self.finish("<!doctype html><title>Maintenance</title><p>Back soon.</p>")
        elif fault.kind == "drop":
            self.hang_up()
        else:
            self._loses_answer = True

    def hang_up(self) -> None:
        """End the connection without an answer."""
        self.detach().close()

    def finish(self, chunk: str | bytes | dict[str, Any] | None = None) -> Future[None]:
        """Send the answer, unless it is to be lost on the way."""
        if not self._loses_answer:
            return super().finish(chunk)
        self.hang_up()
        nothing: Future[None] = Future()
        nothing.set_result(None)
        return nothing

    def set_default_headers(self) -> None:
        """Let nothing be kept, sniffed or referred."""
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")

    def compute_etag(self) -> None:
        """Send no ETag: nothing here may be cached."""

    def check_xsrf_cookie(self) -> None:
        """Leave Tornado's own check out: the forms carry a token of ours, and the other routes take no cookie."""

    def log_exception(self, typ: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        """Log a failure by its route alone: the address and the values in a traceback may hold codes and tokens."""
        if not isinstance(value, Refusal | web.HTTPError):
            log.error("%s %s failed with %s", self.request.method, self.request.path, getattr(typ, "__name__", typ))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Turn a refusal into its answer."""
        refusal = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(refusal, PageRefusal):
            self.set_status(refusal.status)
            self.send_page(pages.build_refusal_page(refusal.title, refusal.sentence, refusal.details))
        elif isinstance(refusal, RedirectRefusal):
            answer = {"error": refusal.error, "error_description": refusal.description, "state": refusal.state}
            self.send_to_client(refusal.redirect_uri, answer)
        elif isinstance(refusal, TokenRefusal):
            self._write_token_refusal(refusal)
        elif isinstance(refusal, ApiRefusal):
            self._write_api_refusal(refusal)
        else:
            self.finish({"error": "not_found" if status_code == 404 else "server_error"})

    def _write_token_refusal(self, refusal: TokenRefusal) -> None:
        """Answer as RFC 6749 5.2 says."""
        status = self.state.settings.invalid_grant_status if refusal.error == "invalid_grant" else refusal.status
        self.set_status(status)
        if refusal.error == "invalid_client":
            self.set_header("WWW-Authenticate", 'Basic realm="sandbox"')
        self.finish({"error": refusal.error, "error_description": refusal.description})

    def _write_api_refusal(self, refusal: ApiRefusal) -> None:
        """Answer as the service does."""
        self.set_status(refusal.status)
        if refusal.challenge:
            self.set_header("WWW-Authenticate", refusal.challenge)
        self.finish(refusal.body)

    def send_page(self, html: str) -> None:
        """Answer with a page of the sandbox's own."""
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Security-Policy", pages.CONTENT_SECURITY_POLICY)
        self.set_header("X-Frame-Options", "DENY")
        self.finish(html)

    def send_to(self, relative: str) -> None:
        """Send the browser to another page of the sandbox, by an address that holds behind any prefix."""
        self.set_status(303)
        self.set_header("Location", relative)
        self.finish()

    def send_to_client(self, redirect_uri: str, answer: dict[str, str | None]) -> None:
        """Send the browser back to the client with the answer and, by RFC 9207, with who gives it."""
        issuers = {"right": self.state.url, "wrong": "https://another.issuer.example", "absent": None}
        location = build_redirect(redirect_uri, {**answer, "iss": issuers[self.state.settings.response_iss]})
        code_page = self.state.url + CODE_PAGE_PATH
        if redirect_uri == code_page:
            # The code page is ours: a browser that reaches us through a proxy must stay below its prefix.
            location = "../" * (self.request.path.count("/") - 1) + location.removeprefix(self.state.url + "/")
        self.set_status(302)
        self.set_header("Location", location)
        self.finish()


class NotFoundHandler(SandboxHandler):
    """Whatever the sandbox does not have."""

    async def prepare(self) -> None:
        """Answer 404 in JSON, as an API does."""
        await super().prepare()
        self.set_status(404)
        await self.finish({"error": "not_found"})
