"""What is counted and written down of each request: who, which provider, which server, which outcome; no code, state or token."""

from __future__ import annotations

import json
import logging
import re

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

audit_log = logging.getLogger("jupyter_flowauth.relay.audit")
_MOST_PROVIDERS = 50
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Books:
    """The metrics and the audit log of one relay."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._providers: set[str] = set()
        labels = ("leg", "provider", "outcome")
        self._legs = Counter("flowauth_relay_legs", "Requests by leg, provider and outcome.", labels, registry=self.registry)
        help_text = "How long a request took, the Hub's answer included."
        self._seconds = Histogram("flowauth_relay_request_seconds", help_text, ("leg",), buckets=_BUCKETS, registry=self.registry)

    def record(
        self, leg: str, outcome: str, *, seconds: float, provider: str = "", user: str = "", server: str = "", login: str = ""
    ) -> None:
        """Count a request, and write down who it was for. Names are JSON strings: none of them can forge a line."""
        self._legs.labels(leg, self._known(provider), outcome).inc()
        self._seconds.labels(leg).observe(seconds)
        values = {"leg": leg, "outcome": outcome, "user": user, "server": server, "provider": provider, "login": login}
        audit_log.info("%s", json.dumps({name: value for name, value in values.items() if value}))

    def render(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def _known(self, provider: str) -> str:
        """Return a provider's name as a label; what a user makes up doesn't fill the memory with series."""
        if not _NAME.fullmatch(provider):
            return ""
        if provider not in self._providers and len(self._providers) >= _MOST_PROVIDERS:
            return "other"
        self._providers.add(provider)
        return provider
