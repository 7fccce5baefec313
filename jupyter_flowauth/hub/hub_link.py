"""The Hub as the relay sees it: whose browser is this, and which of their servers are ready?

The relay asks with the browser's own Hub token, never with a right of its own: who was logged out, renamed or removed is so at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from jupyterhub.services.auth import HubOAuth
from tornado.web import HTTPError

from ..secret import Secret
from .limits import InFlight

_TIMEOUT_SECONDS = 10.0
T = TypeVar("T")


class HubUnreachable(Exception):
    """The Hub didn't answer, or not as it should."""


@dataclass(frozen=True, slots=True)
class HubServer:
    """One server of a user's.

    :param url: where browsers find it: a path, or with subdomains a whole address; as the Hub says.
    """

    name: str
    url: str
    is_ready: bool


@dataclass(frozen=True, slots=True)
class HubUser:
    """Whose token it is.

    :param kind: ``user`` or ``service``.
    :param servers: the ones that run, by name; None if this Hub doesn't let the relay see them.
    """

    name: str
    servers: Mapping[str, HubServer] | None
    scopes: frozenset[str] = frozenset()
    kind: str = "user"


class HubLink:
    """Asks the Hub. Keeps no answer."""

    def __init__(self, hub_auth: HubOAuth, in_flight: InFlight) -> None:
        self._hub_auth, self._in_flight = hub_auth, in_flight

    def login_address(self, state: str) -> str:
        """Return where a browser gets a Hub token for this service; the person sees nothing of it while they are logged in to the Hub."""
        auth = self._hub_auth
        query = {"client_id": auth.oauth_client_id, "redirect_uri": auth.oauth_redirect_uri, "response_type": "code", "state": state}
        return f"{auth.oauth_authorization_url}?{urlencode(query)}"

    async def token_for_code(self, code: str) -> str | None:
        """Return the Hub token that a code of the Hub's is good for, or None if it is good for none.

        :raises HubUnreachable, Busy: if the Hub can't be asked.
        """
        try:
            return Secret(await self._ask(self._hub_auth.token_for_code(code, sync=False)))
        except HTTPError as error:
            # HubOAuth says 500 of a refused code and of a Hub that is gone, 502 of one that failed.
            if error.status_code != 500 or "Failed to connect" in str(error.log_message):
                raise HubUnreachable from None
            return None

    async def user_of(self, token: str) -> HubUser | None:
        """Return whose token it is, as the Hub knows it now; None if it isn't good any more.

        :raises HubUnreachable, Busy: if the Hub can't be asked.
        """
        try:
            model = await self._ask(self._hub_auth.user_for_token(token, use_cache=False, sync=False))
        except HTTPError:
            raise HubUnreachable from None
        return _build_user(model) if model else None

    async def _ask(self, question: Awaitable[T]) -> T:
        with self._in_flight.one():
            try:
                return await asyncio.wait_for(question, _TIMEOUT_SECONDS)
            except (TimeoutError, OSError):
                raise HubUnreachable from None


def _build_user(model: Mapping[str, Any]) -> HubUser:
    servers = model.get("servers")
    found = None
    if isinstance(servers, dict):
        found = {name: HubServer(name, str(server["url"]), server.get("ready") is True) for name, server in servers.items()}
    return HubUser(str(model["name"]), found, frozenset(model.get("scopes", ())), str(model.get("kind", "user")))
