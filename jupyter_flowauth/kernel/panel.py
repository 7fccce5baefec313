"""``auth.widget()``: the login state of a notebook, with buttons that log in and out."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlsplit

from ..consents import build_headline
from ..errors import FlowAuthError
from ..flow_needs import RunDocument
from ..login_outcomes import as_sentence
from ..records import LoginRequest, LoginResult, Outcome, ServerAnnouncement
from .card import LoginCard, build_consent_lines, build_login_traits, build_scope_lines

if TYPE_CHECKING:
    from ..auth import FlowAuth
    from ..pending_login import PendingLogin


# What a login has ended in, and is to be read.
_ENDED_BADLY = frozenset(get_args(Outcome)) - {"done"}


class LoginPanel(LoginCard):
    """The login state of one FlowAuth. It shows its own logins itself, and no card besides.

    :param auth: whose state is shown.
    :param server: the Jupyter server of this kernel, or None.
    """

    def __init__(self, auth: FlowAuth, *, server: ServerAnnouncement | None) -> None:
        super().__init__(mode="panel", status="logged_out", base_url=server.base_url if server else "/")
        self._auth = auth
        self._pending: PendingLogin | None = None
        self._seen: dict[str, Any] = {}
        self.on_msg(self._receive)
        auth.known_flows.watch(self.refresh)
        self.refresh()

    def __repr__(self) -> str:
        """Return the sentence that stands where the widget can't be drawn: in a terminal, on a static page, in a saved notebook."""
        if self.identity:
            who, today = f"Logged in as {self.identity['username']} at {self.provider['title']}", time.strftime("%Y-%m-%d")
            return f"{who} on {today}; run this cell to see it as it is now."
        if self.message:
            return self.message
        return f"Nobody is logged in at {self.provider.get('title', 'a provider')}; run this cell, or %login, to log in."

    def refresh(self, *_: object) -> None:
        """Show what is held now. How a login ended stays to be read until something else is held, or a button is pressed."""
        if self._pending is not None and not self._pending.done:
            return
        try:
            traits = self._current_traits()
        except FlowAuthError as error:
            traits = {"status": "failed", "message": as_sentence(str(error))}
        before, self._seen = self._seen, traits
        if self.status in _ENDED_BADLY:
            if traits == before:
                return
            traits = {"message": "", **traits}
        with self.hold_sync():
            for name, value in traits.items():
                setattr(self, name, value)

    def _current_traits(self) -> dict[str, Any]:
        status, provider = self._auth.status(), self._auth.provider
        wanted = self._auth.required or tuple(status.scopes)
        granted = tuple(status.scopes)
        logged_in = status.identity is not None or bool(granted)
        lines = self._auth.known_flows.found.lines()
        return {
            "consent": build_consent_lines(lines),
            "headline": build_headline(lines),
            "status": "missing" if (status.missing or lines) and logged_in else "logged_in" if logged_in else "logged_out",
            "provider": {"name": provider.name, "title": provider.title, "issuer_host": urlsplit(provider.registration.issuer).netloc},
            "identity": {"username": status.identity.username, "name": status.identity.name or ""} if status.identity else None,
            "scopes": build_scope_lines(tuple(provider.describe(scope) for scope in wanted), granted=granted),
            "held_count": len(granted),
            "others": list(status.others),
            "login_id": "",
        }

    def _receive(self, _widget: object, content: dict[str, Any], _buffers: object) -> None:
        """Do what a button says."""
        actions = {"login": self._log_in, "logout": self._log_out, "cancel": self._cancel, "refresh": self.refresh}
        action = actions.get(content.get("type", ""))
        if action is not None:
            try:
                action()
            except FlowAuthError as error:
                self.status, self.message = "failed", as_sentence(str(error))

    def _log_in(self) -> None:
        if self._pending is None or self._pending.done:
            self._pending = self._auth.request_login(presenter=self, tree=self._auth.known_flows.found)
            if self._pending.done:
                self._seen = {}
                self.refresh()

    def _log_out(self) -> None:
        outcome = self._auth.logout()
        self._seen = {}
        self.refresh()
        self.message = outcome.message

    def _cancel(self) -> None:
        if self._pending is not None:
            self._pending.cancel()

    def show(self, login: LoginRequest, *, address: str | None, rung: str) -> None:
        """Show a login that waits, in place."""
        with self.hold_sync():
            for name, value in build_login_traits(login, base_url=self.base_url).items():
                setattr(self, name, value)
            self.rung = rung
            if rung != "server":
                self.message = _how_to_go_on(login, address, rung)
        self.send({"type": "login_ready", "login_id": login.login_id})

    def say(self, login: LoginRequest | None, sentence: str) -> None:
        """Show a sentence."""
        self.message = sentence

    def finish(self, login: LoginRequest, result: LoginResult) -> None:
        """Show how it ended, then what is held."""
        with self.hold_sync():
            self.status, self.message = result.outcome, result.message
        self._pending = None
        with contextlib.suppress(FlowAuthError):
            if result.outcome == "done":
                self.refresh()
                self.message = result.message

    def show_run(self, run: RunDocument) -> None:
        """Show how a run is doing."""
        self.message = run.sentence


def _how_to_go_on(login: LoginRequest, address: str | None, rung: str) -> str:
    if login.device:
        return ""  # the view draws the code, and where to enter it
    return f"Open {address}" if rung == "loopback" else "Run %login --paste in a cell: a code can't be typed here."
