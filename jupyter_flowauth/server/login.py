"""``login/<id>``: from the click on a card to the provider's page."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..code_grant import NO_WAY_BACK, AuthorizationResponse
from ..records import LoginRequest, Opening
from . import pages
from .binding import bind_browser, hash_binding, is_bound, read_binding
from .done import describe_result
from .guards import PageHandler, Refusal
from .origins import requested_place
from .rungs import SERVED_USER_AGENT, WayBack, authorize_address, find_way_back, paste_redirect_uri

AT_PUBLIC = "public"
_OPENED_AGAIN = "This login was opened again in another window. Go on there, or open it once more from its card."


class LoginHandler(PageHandler):
    """The link on a card. Good until a callback took the login's state; a link that leaked logs nobody in but the owner of this server."""

    @web.authenticated
    @authorized
    async def get(self, login_id: str) -> None:
        """Send the browser to the provider, or show the next rung."""
        self._refuse_other_hub_users()
        request = self.context.find_waiting(login_id)
        if request is None:
            self._show_ended(login_id)
        elif request.user_agent != SERVED_USER_AGENT:
            self.write_page(pages.build_elsewhere_page(request), status=409)
        elif self.context.rendezvous.is_taken(login_id):
            self.write_page(pages.build_answered_page())
        elif self._comes_from_relay():
            await self._go_on(request)
        elif self._is_elsewhere():
            self._send_on(self.place.url(f"login/{login_id}?at={AT_PUBLIC}{self._wishes()}"))
        else:
            await self._open(request)

    async def _open(self, request: LoginRequest) -> None:
        """Choose the redirect_uri, bind this browser to the login, and send it to the provider."""
        paste_uri = paste_redirect_uri(request)
        if self._wants_paste() and paste_uri:
            way = WayBack(paste_uri, True)
        else:
            way = await find_way_back(self.context, self.place, request)
        if not way.is_registered:
            if paste_uri is None:
                self._leave_to_the_next_way(request, way.redirect_uri)
            link = f"{self.place.path}login/{request.login_id}?at={AT_PUBLIC}&paste=1" if paste_uri else None
            self.write_page(pages.build_unregistered_page(request, way.redirect_uri, paste_link=link), status=200)
            return
        binding = bind_browser(self, request.login_id, self.place, from_here=self._is_set("here"))
        opening = Opening(request.login_id, hash_binding(binding.encode()), way.redirect_uri, self.context.now())
        self.context.rendezvous.record_opening(opening)
        if way.relay and self.context.relays:
            self._send_on(way.relay.start_address(self.context.relays.hub, request, binding))
        else:
            self._send_on(await authorize_address(self.context, self.place, request, way.redirect_uri))

    async def _go_on(self, request: LoginRequest) -> None:
        """Send a browser that the relay knows now to the provider, if it is the one that opened the login last."""
        opening = self.context.rendezvous.read_opening(request.login_id)
        if opening is None or not is_bound(opening, read_binding(self, request.login_id)):
            raise Refusal(403, "Opened again since", _OPENED_AGAIN)
        self._send_on(await authorize_address(self.context, self.place, request, opening.redirect_uri))

    def _refuse_other_hub_users(self) -> None:
        """Let an admin who is in a user's server, or somebody it is shared with, not log in there: their tokens would rest in its files."""
        hub = self.context.relays.hub if self.context.relays else None
        visitor = getattr(self.current_user, "username", None)
        if hub and visitor != hub.user:
            sentence = f"This server belongs to {hub.user}. Only they can log in here: your login would be kept in their files."
            raise Refusal(403, "This is another person's server", sentence)

    def _leave_to_the_next_way(self, request: LoginRequest, redirect_uri: str) -> None:
        """Let whoever asks know that nothing leads back from here, unless another browser is on its way already, or it was called off."""
        rendezvous = self.context.rendezvous
        if rendezvous.read_opening(request.login_id) is None and not rendezvous.is_taken(request.login_id):
            answer = AuthorizationResponse(redirect_uri, error=NO_WAY_BACK, state_checked=True)
            rendezvous.write_response(request.login_id, answer)

    def _show_ended(self, login_id: str) -> None:
        """Say how a login ended, as far as that is still known."""
        result = self.context.rendezvous.read_result(login_id)
        page = pages.build_result_page(result, describe_result(self.context, result)) if result else pages.build_unknown_page()
        self.write_page(page, status=200 if result else 404)

    def _wants_paste(self) -> bool:
        return self._is_set("paste")

    def _wishes(self) -> str:
        """Return what the person chose on the card, for the address at the public origin."""
        return "".join(f"&{name}=1" for name in ("paste", "here") if self._is_set(name))

    def _is_set(self, name: str) -> bool:
        return self.request.query_arguments.get(name) == [b"1"]

    def _comes_from_relay(self) -> bool:
        return self.context.relays is not None and self._is_set("relayed")

    def _is_elsewhere(self) -> bool:
        """Tell whether the browser isn't at the public origin yet.

        It is sent there once, so that the cookie is where the callback will look for it. The mark ends a loop where a proxy hides its own
        name from us; whoever forges it only loses the cookie.
        """
        if self.context.public_place is None or self.request.query_arguments.get("at") == [AT_PUBLIC.encode()]:
            return False
        return requested_place(self.request, base_url=self.base_url).origin != self.place.origin

    def _send_on(self, address: str) -> None:
        self.set_status(302)
        self.set_header("Location", address)
        self.finish()
