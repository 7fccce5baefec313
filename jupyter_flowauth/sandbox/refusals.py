"""Every way in which the sandbox says no; `web.py` is the one place that turns them into HTTP.

Refusal
├── PageRefusal       the browser stays here and reads why: nothing about the request can be trusted
├── RedirectRefusal   the browser goes back to the client with `error` (RFC 6749 4.1.2.1)
├── TokenRefusal      the token endpoint's JSON (RFC 6749 5.2)
└── ApiRefusal        an API's JSON, in the shape of the service that it stands for
"""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A request that the sandbox will not serve."""


class PageRefusal(Refusal):
    """An authorize request, or a form, whose sender must not be sent anywhere."""

    def __init__(self, title: str, sentence: str, *, details: tuple[str, ...] = (), status: int = 400) -> None:
        super().__init__(title)
        self.title, self.sentence, self.details, self.status = title, sentence, details, status


class RedirectRefusal(Refusal):
    """An authorize request whose client and redirect_uri are right, and something else is not."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error, self.description = error, description
        self.redirect_uri, self.state = "", None  # type: str, str | None

    def with_address(self, redirect_uri: str, state: str | None) -> RedirectRefusal:
        """Return this refusal with the place to carry it to."""
        self.redirect_uri, self.state = redirect_uri, state
        return self


class TokenRefusal(Refusal):
    """A request that a back-channel endpoint refuses."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.description, self.status = error, description, status


class ApiRefusal(Refusal):
    """An API call without the right bearer."""

    def __init__(self, status: int, body: dict[str, Any], *, challenge: str = "") -> None:
        super().__init__(str(status))
        self.status, self.body, self.challenge = status, body, challenge
