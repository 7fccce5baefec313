"""Which way back from the provider is open to the browser that asks: the Hub's relay, this server's callback, or a paste."""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass
from urllib.parse import quote

from ..code_grant import build_authorize_url, matches_redirect_uri
from ..records import LoginRequest
from .context import ServerContext
from .origins import Place
from .relay import Relay

SERVED_USER_AGENT = "server"


def callback_uri(place: Place, request: LoginRequest) -> str:
    """Return the redirect_uri of this server's callback for a login's provider."""
    return place.url(f"callback/{quote(request.provider, safe='')}")


@dataclass(frozen=True, slots=True)
class WayBack:
    """How the provider's answer would come back to this server.

    :param redirect_uri: what the provider is sent, or would have to know.
    :param is_registered: whether the provider has registered it.
    :param relay: the Hub's relay, if it goes through that.
    :param reason: why it goes this way, for a person; empty where there is nothing to say.
    """

    redirect_uri: str
    is_registered: bool
    relay: Relay | None = None
    reason: str = ""


async def find_way_back(context: ServerContext, place: Place, request: LoginRequest) -> WayBack:
    """Return the way back that is open to a browser at this place; the relay's, where the Hub has one.

    In the demo the address is registered first, where it has to be.

    :raises ProviderError: if the demo's sandbox can't be reached.
    """
    found = await context.relays.find(place) if context.relays else None
    relayed = found.relay.callback_uri(request.provider) if found and found.relay else None
    registered = request.authorization.redirect_uris
    if found and relayed and matches_redirect_uri(relayed, registered):
        return WayBack(relayed, True, relay=found.relay, reason=found.reason)
    direct = callback_uri(place, request)
    is_registered = matches_redirect_uri(direct, registered) or await _register_in_demo(context, request, direct)
    if is_registered or not relayed:
        return WayBack(direct, is_registered, reason=found.reason if found else "")
    return WayBack(relayed, False, reason=f"the provider doesn't know the address of this Hub's relay, {relayed}")


async def _register_in_demo(context: ServerContext, request: LoginRequest, redirect_uri: str) -> bool:
    if context.sandbox is None or not context.sandbox.owns(request.authorization.authorization_endpoint):
        return False
    await context.sandbox.register(client_id=request.authorization.client_id, redirect_uri=redirect_uri)
    return True


def paste_redirect_uri(request: LoginRequest) -> str | None:
    """Return the redirect_uri that a paste uses: the page that shows codes, else a registered address that is spelled out, else None."""
    exact = (uri for uri in request.authorization.redirect_uris if "*" not in uri)
    return request.authorization.code_page or next(exact, None)


async def authorize_address(context: ServerContext, place: Place, request: LoginRequest, redirect_uri: str) -> str:
    """Return the address to send the browser to: the provider's, or in the demo the sandbox's pages as this server passes them on.

    :raises ProviderError, ConfigurationError: if the request has to be pushed to the provider before, and can't be.
    """
    if request.authorization.push_endpoint:
        push = functools.partial(context.push, request, redirect_uri)
        return await asyncio.get_running_loop().run_in_executor(None, push)
    address = build_authorize_url(request.authorization, redirect_uri=redirect_uri)
    return context.sandbox.through(place, address) if context.sandbox else address
