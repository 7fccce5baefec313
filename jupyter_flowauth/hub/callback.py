"""``callback/<provider>``: the one registered redirect URI. Passes an answer on to a server of the user whose browser it is."""

from __future__ import annotations

import hmac
from urllib.parse import quote, urlencode

from ..code_grant import AuthorizationResponse, parse_authorization_response
from ..errors import ProviderError
from ..pkce import parse_state_login_id
from ..relay_protocol import ANSWER_NAMES, RelayStart, hash_state, seal_answer
from .guards import Refusal, RelayHandler
from .hub_link import HubUser

_FOREIGN = "This answer belongs to no login that was started in this browser. Nothing was kept."
_LOGGED_OUT = "You were logged out of the Hub meanwhile. Nothing was kept."
_LOG_IN = "Log in to the Hub, then start the login again from your notebook. You can close this page."
_OTHER = "You are another user of this Hub than when the login was started. Nothing was kept."
_LONG = "What the provider sent is too long to be passed on. Nothing was kept."


class CallbackHandler(RelayHandler):
    """Never redirects to a login: that would put the code into ``next=``, and so into the Hub's log."""

    leg = "callback"

    async def get(self, provider: str) -> None:
        """Seal the answer to the server that opened the login, and send the browser there."""
        response = self._parse()
        login = self.login = self._bound_login(provider, response)
        user = await self._same_user(login)
        server = self.ready_server(user, login.server)
        sealed = self._seal(response, login)
        self.jar.clear_login(login.login_id)
        self.outcome = "forwarded"
        query = urlencode({"login": login.login_id, "sealed": sealed})
        self.send_on(f"{server.url}flowauth/callback/{quote(login.provider, safe='')}?{query}", status=303)

    def _parse(self) -> AuthorizationResponse:
        values = {name: [value.decode("utf-8", "replace") for value in given] for name, given in self.request.query_arguments.items()}
        try:
            return parse_authorization_response(values, redirect_uri="")
        except ProviderError:
            raise Refusal(400, "malformed", "This answer can't be used", "It repeats a parameter, or one is absurdly long.") from None

    def _bound_login(self, provider: str, response: AuthorizationResponse) -> RelayStart:
        """Return the login that this browser opened, if the answer is its provider's and repeats its state."""
        state = response.state or ""
        login = self.jar.read_login(parse_state_login_id(state) or "")
        if login is None or login.provider != provider or not hmac.compare_digest(login.state_sha256, hash_state(state)):
            raise Refusal(403, "foreign", "Not started in this browser", _FOREIGN)
        return login

    async def _same_user(self, login: RelayStart) -> HubUser:
        user = await self.ask_hub_user()
        if user is None:
            raise Refusal(403, "logged_out", "You aren't logged in to the Hub", _LOGGED_OUT, _LOG_IN)
        if user.name != login.user:
            raise Refusal(403, "other_user", "Another user", _OTHER)
        return user

    def _seal(self, response: AuthorizationResponse, login: RelayStart) -> str:
        answer = {name: value for name in ANSWER_NAMES if (value := getattr(response, name))}
        try:
            return seal_answer(answer, login)
        except ValueError:
            raise Refusal(400, "too_long", "This answer can't be used", _LONG) from None
