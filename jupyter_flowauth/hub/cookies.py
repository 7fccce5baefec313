"""The relay's cookies: all that it knows of a login between two requests, and all of it in the browser.

Each is signed and short-lived; whoever has the cookie secret (any replica) can read it. None holds a code or a provider's token; the
session's is the browser's own Hub token, as every service of a Hub keeps it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from typing import Any

from jupyterhub.utils import get_browser_protocol
from tornado.web import RequestHandler

from ..pkce import is_login_id
from ..relay_protocol import LOGIN_SECONDS, RelayStart, parse_start
from ..secret import Secret

SESSION = "flowauth-relay-session"
_LOGIN = "flowauth-relay-login-"
_HUB = "flowauth-relay-hub-"
# Browsers take a cookie that is called so from its very host alone, over https and for all of its paths: a page on another host of the same
# domain (a user's, with subdomains) can set none (RFC 6265bis section 4.1.3.2).
_HOST_PREFIX = "__Host-"
_SESSION_DAYS = 1.0
_LOGIN_DAYS = LOGIN_SECONDS / 86_400
_HUB_DAYS = 10 / (24 * 60)
# A browser sends them all at once: more than these, and a proxy would refuse its requests.
MOST_OF_A_KIND = 6


class CookieJar:
    """The cookies of one request.

    :param path: the relay's own.
    :param has_own_host: whether nobody else is on the relay's host: then the cookies are the host's, where that is to be had (https).
    """

    def __init__(self, handler: RequestHandler, path: str, *, has_own_host: bool = False) -> None:
        self._handler, self._is_secure = handler, get_browser_protocol(handler.request) == "https"
        self._prefix, self._path = (_HOST_PREFIX, "/") if has_own_host and self._is_secure else ("", path)

    def write_session(self, token: str) -> None:
        """Keep the browser's Hub token, until the browser is closed and for a day at most."""
        self._write(SESSION, token, days=None)

    def read_session(self) -> str | None:
        """Return the browser's Hub token."""
        value = self._read(SESSION, _SESSION_DAYS)
        return Secret(value.decode("ascii", "replace")) if value else None

    def clear_session(self) -> None:
        """Forget the browser's Hub token."""
        self._clear(SESSION)

    def write_login(self, start: RelayStart, user: str) -> None:
        """Bind a login to this browser and its user. The newest opening counts."""
        self._make_room(_LOGIN, keep=f"{_LOGIN}{start.login_id}")
        values = {name: getattr(start, name) for name in RelayStart.__slots__} | {"user": user}
        self._write(f"{_LOGIN}{start.login_id}", json.dumps(values), days=_LOGIN_DAYS)

    def read_login(self, login_id: str) -> RelayStart | None:
        """Return the login that this browser opened; its ``user`` is who the Hub said it was."""
        values = self._read_json(f"{_LOGIN}{login_id}", _LOGIN_DAYS) if is_login_id(login_id) else None
        try:
            start = parse_start(values) if values else None
        except ValueError:
            return None
        return start if start and start.login_id == login_id else None

    def clear_login(self, login_id: str) -> None:
        """Forget a login that was answered."""
        self._clear(f"{_LOGIN}{login_id}")

    def write_hub_state(self, start: RelayStart) -> str:
        """Return a fresh state for the Hub's login, and keep it here with where to go on."""
        name, state = secrets.token_hex(8), secrets.token_urlsafe(32)
        self._make_room(_HUB)
        values = {part: getattr(start, part) for part in RelayStart.__slots__}
        self._write(f"{_HUB}{name}", json.dumps({"hub_state": state, **values}), days=_HUB_DAYS)
        return f"{name}.{state}"

    def read_hub_state(self, given: str) -> RelayStart | None:
        """Return where to go on if a state is the one that this browser was given."""
        name, _, state = given.partition(".")
        if len(name) != 16 or not name.isalnum():
            return None
        values = self._read_json(f"{_HUB}{name}", _HUB_DAYS)
        if not values or not state or not secrets.compare_digest(str(values.get("hub_state")).encode(), state.encode()):
            return None
        try:
            return parse_start(values)
        except ValueError:  # another version's
            return None

    def clear_hub_state(self, given: str) -> None:
        """Forget a state that was answered."""
        self._clear(f"{_HUB}{given.partition('.')[0]}")

    def _make_room(self, prefix: str, keep: str = "") -> None:
        held = sorted((self._age(name), name) for name in self._names() if name.startswith(prefix) and name != keep)
        for _, name in held[: max(0, len(held) - MOST_OF_A_KIND + 1)]:
            self._clear(name)

    def _names(self) -> Iterable[str]:
        """Return the names of the cookies that were sent, as they are called here."""
        return [name.removeprefix(self._prefix) for name in self._handler.request.cookies if name.startswith(self._prefix)]

    def _age(self, name: str) -> str:
        """Return when a signed cookie was made, as it says itself (``2|1:0|10:<seconds>|…``): only to choose which one goes first."""
        return (self._handler.get_cookie(f"{self._prefix}{name}") or "").partition("|10:")[2][:10]

    def _read_json(self, name: str, days: float) -> dict[str, Any] | None:
        value = self._read(name, days)
        values = json.loads(value) if value else None
        return values if isinstance(values, dict) else None

    def _read(self, name: str, days: float) -> bytes | None:
        return self._handler.get_signed_cookie(f"{self._prefix}{name}", max_age_days=days)

    def _write(self, name: str, value: str, *, days: float | None) -> None:
        self._handler.set_signed_cookie(
            f"{self._prefix}{name}", value, expires_days=days, path=self._path, httponly=True, samesite="Lax", secure=self._is_secure
        )

    def _clear(self, name: str) -> None:
        # Secure here too: without it a browser wouldn't take even the end of a cookie with the prefix.
        self._handler.clear_cookie(f"{self._prefix}{name}", path=self._path, secure=self._is_secure)
