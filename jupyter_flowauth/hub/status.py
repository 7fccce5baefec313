"""What programs ask the relay: is it alive, which protocol does it speak, what has it done?"""

from __future__ import annotations

import re

from .. import __version__
from ..relay_protocol import RELAY_PROTOCOL, RELAY_SERVICE
from .guards import Refusal, RelayHandler

_BEARER = re.compile(r"(?:token|bearer)\s+(\S{1,500})", re.IGNORECASE)
_METRICS_SCOPE = "read:metrics"


class HealthHandler(RelayHandler):
    """``health``: for whoever restarts it."""

    leg = "health"

    def get(self) -> None:
        """Answer that this process answers."""
        self.outcome = "ok"
        self.finish({"status": "ok"})

    def on_finish(self) -> None:
        """Write nothing down: it is asked every few seconds."""


class VersionHandler(HealthHandler):
    """``version``: how a user's server finds out that there is a relay, and whether it understands it."""

    def get(self) -> None:
        """Answer with the protocol and the version."""
        self.finish({"service": RELAY_SERVICE, "protocol": RELAY_PROTOCOL, "version": __version__})


class MetricsHandler(RelayHandler):
    """``metrics``: for Prometheus, with the token that reads the Hub's own metrics."""

    leg = "metrics"

    async def get(self) -> None:
        """Answer with the metrics."""
        if self.context.authenticate_metrics:
            await self._authenticate()
        self.outcome = "ok"
        self.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.finish(self.context.books.render())

    async def _authenticate(self) -> None:
        match = _BEARER.fullmatch(self.request.headers.get("Authorization", ""))
        self.spend_of_address()
        owner = await self.ask(match[1]) if match else None
        if owner is None or _METRICS_SCOPE not in owner.scopes:
            raise Refusal(403, "no_token", "A token is needed", f"Send a token of the Hub's with the scope {_METRICS_SCOPE}.")

    def on_finish(self) -> None:
        """Write nothing down: it is asked every few seconds."""
