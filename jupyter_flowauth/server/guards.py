"""What every handler shares: the policy headers, and errors turned into HTTP, here and nowhere else."""

from __future__ import annotations

import json
from http.client import responses
from types import TracebackType
from typing import Any

from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado import web

from .. import errors
from ..login_outcomes import as_sentence
from . import pages
from .context import ServerContext, context_of
from .log_scrub import scrub_request, without_query
from .origins import Place, requested_place

AUTH_RESOURCE = "flowauth"
_STATUS: tuple[tuple[type[errors.FlowAuthError], int], ...] = (
    (errors.StateMismatch, 400),
    (errors.ConfigurationError, 400),
    (errors.LoginDenied, 403),
    (errors.IdentityMismatch, 403),
    (errors.LoginRequired, 409),
    (errors.ScopesMissing, 409),
    (errors.InteractionRequired, 409),
    (errors.ProviderError, 502),
    (errors.LoginTimeout, 504),
    (errors.StorageError, 507),
)


class Refusal(web.HTTPError):
    """A request that is answered by a sentence.

    :param title: the heading of the page; the API leaves it out.
    :param sentence: what happened, what was kept, what to do next. No secret, and nothing of a stranger's.
    """

    def __init__(self, status: int, title: str, sentence: str) -> None:
        super().__init__(status)
        self.title = title
        self.sentence = sentence


class FlowAuthHandler(JupyterHandler):
    """A handler that knows the context, and where the browser is."""

    auth_resource = AUTH_RESOURCE
    scrubs_address = False

    def initialize(self) -> None:
        """Drop the query from what can be logged, where a query may hold a code."""
        if self.scrubs_address:
            scrub_request(self.request)

    @property
    def context(self) -> ServerContext:
        """What the extension gave the handlers."""
        return context_of(self.settings)

    @property
    def place(self) -> Place:
        """Where the browser finds this server."""
        return self.context.public_place or requested_place(self.request, base_url=self.base_url)

    def set_default_headers(self) -> None:
        """Let nothing be kept, sniffed or referred."""
        super().set_default_headers()
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("X-Content-Type-Options", "nosniff")

    def compute_etag(self) -> None:
        """Send no ETag: nothing here may be cached."""

    def _log(self) -> None:
        """Log the request, without the query of where it sends the browser on: on a Hub that is written down as well, nonce and all."""
        if location := self._headers.get("Location"):
            self._headers["Location"] = without_query(location)  # what was sent is on its way
        super()._log()

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Answer an error of the domain with the status that it stands for."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        found = (status for kind, status in _STATUS if isinstance(error, kind))
        super().send_error(next(found, status_code), **kwargs)

    def log_exception(self, typ: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        """Log a refusal by its sentence. Anything else by its type and place alone: its message and its values may hold a code."""
        if isinstance(value, Refusal):
            self.log.warning("flowauth: %s %s refused: %s", self.request.method, self.request.path, value.sentence)
        elif isinstance(value, errors.FlowAuthError):
            self.log.warning("flowauth: %s %s failed: %s", self.request.method, self.request.path, type(value).__name__)
        elif isinstance(value, web.HTTPError) or tb is None:
            self.log.debug("flowauth: %s %s ended with %s", self.request.method, self.request.path, type(value).__name__)
        else:
            while tb.tb_next:
                tb = tb.tb_next
            where = f"{tb.tb_frame.f_code.co_filename}:{tb.tb_lineno}"
            self.log.error("flowauth: %s %s failed with %s at %s", self.request.method, self.request.path, type(value).__name__, where)


class PageHandler(FlowAuthHandler):
    """A handler whose answers are pages for a person: no script, one style, nothing from elsewhere."""

    @property
    def content_security_policy(self) -> str:
        """The strictest policy that shows a styled page; the server's own settings don't loosen it."""
        return pages.CONTENT_SECURITY_POLICY

    def write_page(self, page: pages.Page, *, status: int = 200) -> None:
        """Answer with a page."""
        self.set_status(status)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(pages.render_page(page))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with a page that says what happened."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, Refusal):
            page = pages.build_refusal_page(error.title, error.sentence)
        elif isinstance(error, errors.FlowAuthError):
            page = pages.build_refusal_page("The login can't go on", as_sentence(error.message))
        else:
            page = pages.build_refusal_page(responses.get(status_code, "Something went wrong"), _PLAIN.get(status_code, _UNEXPECTED))
        self.write_page(page, status=status_code)


class ApiHandler(FlowAuthHandler, APIHandler):
    """A handler whose answers are JSON."""

    def write_json(self, values: dict[str, Any], *, status: int = 200) -> None:
        """Answer with values."""
        self.set_status(status)
        self.finish(json.dumps(values))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with one sentence."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, Refusal):
            message = error.sentence
        elif isinstance(error, errors.FlowAuthError):
            message = as_sentence(error.message)
        else:
            message = _PLAIN.get(status_code, _UNEXPECTED)
        self.write_json({"message": message}, status=status_code)


_UNEXPECTED = "Something unexpected went wrong in the Jupyter server; its log says where. Start the login again."
_PLAIN = {
    403: "This isn't allowed: log in to Jupyter first, and start the login from your notebook.",
    404: "There is nothing here.",
    405: "This address isn't used that way.",
}
