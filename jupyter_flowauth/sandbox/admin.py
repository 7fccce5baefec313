"""The admin routes, for the demo's Jupyter server; without a secret in the sandbox's environment they don't exist."""

from __future__ import annotations

import hmac
import json
from urllib.parse import urlsplit

from .refusals import ApiRefusal
from .web import SandboxHandler

ADMIN_HEADER = "X-Sandbox-Admin"


class AdminHandler(SandboxHandler):
    """A route for whoever knows the admin secret."""

    endpoint = "admin"

    async def prepare(self) -> None:
        """Answer 404 where no secret was given, 403 to another one."""
        await super().prepare()
        expected, given = self.state.admin_secret, self.request.headers.get(ADMIN_HEADER, "")
        if not expected:
            raise ApiRefusal(404, {"error": "not_found"})
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise ApiRefusal(403, {"error": "forbidden"})


class RedirectUrisHandler(AdminHandler):
    """The redirect URIs of a client."""

    def post(self) -> None:
        """Register one more: {"client_id": ..., "redirect_uri": ...}."""
        try:
            body = json.loads(self.request.body)
            client_id, redirect_uri = str(body["client_id"]), str(body["redirect_uri"])
            parts = urlsplit(redirect_uri)
        except (ValueError, KeyError, TypeError):
            wanted = {"error": "invalid_request", "error_description": "JSON with client_id and redirect_uri is wanted"}
            raise ApiRefusal(400, wanted) from None
        if client_id not in self.state.clients or parts.scheme not in {"http", "https"} or not parts.hostname or parts.fragment:
            raise ApiRefusal(400, {"error": "invalid_redirect_uri"})
        self.state.register_redirect_uri(client_id, redirect_uri)
        self.set_status(201)
        self.finish({"client_id": client_id, "redirect_uris": sorted(self.state.registered(self.state.clients[client_id]))})


class CountersHandler(AdminHandler):
    """The number of requests per endpoint, and per grant at the token endpoint."""

    def get(self) -> None:
        """Show them."""
        self.finish({"counters": dict(sorted(self.state.counters.items()))})
