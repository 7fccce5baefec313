"""The relay of the JupyterHub that this server is on: is there one, does it understand us, and what is it told?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from ..code_grant import printable
from ..records import LoginRequest
from ..relay_protocol import RELAY_PROTOCOL, RELAY_SERVICE, RelayStart, build_public_key, hash_state
from .origins import Place

RELAY_URL_VARIABLE = "FLOWAUTH_RELAY_URL"
RELAY_INTERNAL_URL_VARIABLE = "FLOWAUTH_RELAY_INTERNAL_URL"
OFF = "off"
_SERVICE_PATH = "services/flowauth/"
_TIMEOUT_SECONDS = 5.0
_LONGEST_ANSWER = 4096
_GOOD_FOR_SECONDS, _BAD_FOR_SECONDS = 600.0, 20.0


@dataclass(frozen=True, slots=True)
class HubPlace:
    """What a server knows of the Hub that started it.

    :param user: the Hub user whose server this is.
    :param server: its name; empty for the default one.
    :param base_url: the path in front of everything of the Hub's.
    :param public_origin: the Hub's configured public origin, or empty.
    :param relay_url: where browsers find the relay, if configured; ``off`` for no relay.
    :param relay_internal_url: where this server finds it, if that is elsewhere.
    """

    user: str
    server: str
    base_url: str
    public_origin: str = ""
    relay_url: str = ""
    relay_internal_url: str = ""

    def relay_address(self, place: Place) -> str:
        """Return where browsers find the relay: as configured, then on the Hub's public origin, then where the browser is."""
        return _with_slash(self.relay_url) if self.relay_url else f"{self.public_origin or place.origin}{self.base_url}{_SERVICE_PATH}"


def read_hub_place(environment: Mapping[str, str]) -> HubPlace | None:
    """Return what the environment says of the Hub, or None on no Hub."""
    user = environment.get("JUPYTERHUB_USER")
    if not user or not environment.get("JUPYTERHUB_API_URL"):
        return None
    public = urlsplit(environment.get("JUPYTERHUB_PUBLIC_HUB_URL", ""))
    return HubPlace(
        user=user,
        server=environment.get("JUPYTERHUB_SERVER_NAME", ""),
        base_url=_with_slash(environment.get("JUPYTERHUB_BASE_URL") or "/"),
        public_origin=f"{public.scheme}://{public.netloc}" if public.netloc else environment.get("JUPYTERHUB_HOST", ""),
        relay_url=environment.get(RELAY_URL_VARIABLE, ""),
        relay_internal_url=environment.get(RELAY_INTERNAL_URL_VARIABLE, ""),
    )


@dataclass(frozen=True, slots=True)
class Relay:
    """A relay that can be used.

    :param url: where browsers find it, with a slash at the end.
    """

    url: str

    def callback_uri(self, provider: str) -> str:
        """Return the one redirect_uri of a provider."""
        return f"{self.url}callback/{quote(provider, safe='')}"

    def start_address(self, hub: HubPlace, request: LoginRequest, binding: str) -> str:
        """Return where the browser goes to be bound to its Hub user.

        :param binding: the value of the binding cookie that the browser was given.
        """
        start = RelayStart(
            login_id=request.login_id,
            provider=request.provider,
            user=hub.user,
            server=hub.server,
            state_sha256=hash_state(request.authorization.state),
            public_key=build_public_key(binding.encode()),
        )
        return f"{self.url}start?{start.to_query()}"


@dataclass(frozen=True, slots=True)
class Found:
    """What came of looking for a relay.

    :param reason: why there is none, or where it is, for a person.
    """

    relay: Relay | None
    reason: str


class RelayFinder:
    """Asks for the relay once, and again when the answer is old."""

    def __init__(self, hub: HubPlace, monotonic: Callable[[], float], *, on_news: Callable[[str], None]) -> None:
        self.hub, self._monotonic, self._on_news, self._news = hub, monotonic, on_news, ""
        self._known: dict[str, tuple[float, Found]] = {}
        self._lock = asyncio.Lock()

    async def find_early(self, public_place: Place | None) -> None:
        """Look for the relay before anybody logs in, if it is known by then where browsers are."""
        if self.hub.relay_url or self.hub.public_origin or public_place:
            await self.find(public_place or Place(self.hub.public_origin, self.hub.base_url))
        else:
            self._tell("whether this Hub has a relay shows when a login is opened")

    async def find(self, place: Place) -> Found:
        """Return the relay for a browser at this place, or why there is none."""
        found = await self._find(place)
        self._tell(found.reason)
        return found

    def _tell(self, news: str) -> None:
        if news != self._news:
            self._news = news
            self._on_news(news)

    async def _find(self, place: Place) -> Found:
        if self.hub.relay_url == OFF:
            return Found(None, "this Hub's relay is switched off here (FLOWAUTH_RELAY_URL)")
        address = self.hub.relay_address(place)
        async with self._lock:
            good_until, found = self._known.get(address, (0.0, None))
            if found is None or good_until <= self._monotonic():
                found = await self._ask(address)
                # Few addresses: a browser's own, which the server's checks accepted, or the configured one.
                self._known = {} if len(self._known) > 10 else self._known
                self._known[address] = (self._monotonic() + (_GOOD_FOR_SECONDS if found.relay else _BAD_FOR_SECONDS), found)
            return found

    async def _ask(self, address: str) -> Found:
        asked = _with_slash(self.hub.relay_internal_url) if self.hub.relay_internal_url else address
        client = AsyncHTTPClient(force_instance=True, max_body_size=_LONGEST_ANSWER)
        try:
            answer = await client.fetch(f"{asked}version", request_timeout=_TIMEOUT_SECONDS, follow_redirects=False)
            values = json.loads(answer.body)
        except (HTTPClientError, OSError, ValueError):
            values = None
        finally:
            client.close()
        if not isinstance(values, dict) or values.get("service") != RELAY_SERVICE:
            return Found(None, f"this Hub has no relay that answers at {address}")
        if values.get("protocol") != RELAY_PROTOCOL:
            version = printable(str(values.get("version")), longest=40)
            return Found(None, f"this Hub's relay (version {version}) isn't of the kind that this server understands; update the older one")
        return Found(Relay(address), f"by way of this Hub's relay at {address}")


def _with_slash(address: str) -> str:
    return f"{address.rstrip('/')}/"
