"""``start``: from the user's server, by way of the Hub's own login, back to the user's server, which sends the browser to the provider.

The relay never sends a browser to a provider itself, so it needs to know none, and nobody can use it to send a browser anywhere.
"""

from __future__ import annotations

from ..relay_protocol import RelayStart, parse_start
from .guards import Refusal, RelayHandler
from .hub_link import HubUnreachable
from .limits import Busy

_FOREIGN = "This address wasn't made by your server. Nothing was kept."
_FOREIGN_HUB = "This answer of the Hub's belongs to no login of this browser."
_NO_COOKIES = "Without them the login can't go on."
_ALLOW_COOKIES = "Allow them for this Hub, then start the login again from your notebook. You can close this page."
_OWN_SERVER = "Open your own server, and start the login from a notebook there. You can close this page."
_TRIED = "1"


class StartHandler(RelayHandler):
    """Binds a login to the browser, to the Hub user whose browser it is, and to one of their servers."""

    leg = "start"

    async def get(self) -> None:
        """Set the cookie of the login, after the Hub's login if there is none."""
        start = self._parse()
        self.login = start
        user = await self.ask_hub_user()
        if user is None:
            self._send_to_hub(start)
            return
        if start.user != user.name:
            sentence = f"You are logged in to this Hub as {user.name}, and this server belongs to {start.user}: only they can log in here."
            raise Refusal(403, "other_user", "This is another person's server", sentence, _OWN_SERVER)
        server = self.ready_server(user, start.server)
        self.jar.write_login(start, user.name)
        self.outcome = "bound"
        self.send_on(f"{server.url}flowauth/login/{start.login_id}?relayed=1")

    def _parse(self) -> RelayStart:
        try:
            return parse_start({name: self.one_value(name) for name in RelayStart.__slots__})
        except ValueError:
            raise Refusal(400, "malformed", "This isn't a login", _FOREIGN) from None

    def _send_to_hub(self, start: RelayStart) -> None:
        if self.one_value("tried") == _TRIED:
            raise Refusal(403, "no_session", "Your browser keeps no cookies here", _NO_COOKIES, _ALLOW_COOKIES)
        self.jar.clear_session()
        self.outcome = "to_hub_login"
        self.send_on(self.context.hub.login_address(self.jar.write_hub_state(start)))


class HubCallbackHandler(RelayHandler):
    """Where the Hub sends the browser back to after its own login (stock ``HubOAuth`` keeps that step in one process's memory)."""

    leg = "hub_callback"

    async def get(self) -> None:
        """Keep the browser's Hub token, and go on where the login began."""
        start = self.jar.read_hub_state(self.one_value("state"))
        if start is None:
            raise Refusal(403, "foreign_hub_login", "Not started in this browser", _FOREIGN_HUB)
        self.login = start
        self.spend_of_address()
        token = await self._exchange(self.one_value("code"))
        user = await self.ask(token) if token else None
        # Not before the Hub has answered: until then the page says to reload it.
        self.jar.clear_hub_state(self.one_value("state"))
        if token is None or user is None or user.kind != "user":
            raise Refusal(403, "hub_said_no", "The Hub didn't let you in", "It gave this service no login for you. Nothing was kept.")
        self.user, self.outcome = user.name, "hub_login"
        self.jar.write_session(token)
        self.send_on(f"{self.context.prefix}start?{start.to_query()}&tried={_TRIED}")

    async def _exchange(self, code: str) -> str | None:
        try:
            return await self.context.hub.token_for_code(code) if code else None
        except (HubUnreachable, Busy):
            raise self.unreachable() from None
