"""``callback/<provider>``: the redirect_uri. Proves that an answer is this login's, provider's and browser's, and passes it on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from jupyter_server.auth.decorator import allow_unauthenticated

from ..code_grant import AuthorizationResponse, parse_authorization_response, validate_issuer, validate_state
from ..errors import ProviderError, StateMismatch
from ..pkce import is_login_id, parse_state_login_id
from ..records import LoginRequest, Opening
from ..relay_protocol import open_answer
from .binding import is_bound, read_binding
from .guards import PageHandler, Refusal
from .rungs import callback_uri

_FOREIGN = "This answer belongs to no login that was started in this browser. Nothing was kept. Start the login again from your notebook."
_OVER = "Nobody waits for this answer any more. Nothing was kept. Start again from your notebook."
_OPENED_AGAIN = "This login was opened again in another window. Go on there, or open it once more from its card."
_OPENED_OTHERWISE = "This login goes on in another way: paste the code on its card, or open it once more from there."


class CallbackHandler(PageHandler):
    """Where the provider sends the browser back to.

    A wrong answer ends nothing: the login goes on waiting for the right one.
    """

    scrubs_address = True

    # Not @authenticated: a redirect to the login page would carry the code on in `next=`, and have it logged. The signed binding cookie,
    # which only the @authenticated `login/<id>` hands out, and the state stand in for it.
    @allow_unauthenticated
    def get(self, provider: str = "") -> None:
        """Judge the answer, leave it in the rendezvous, and send the browser on to a clean address."""
        is_relayed = "sealed" in self.request.query_arguments
        response = self._unseal() if is_relayed else self._parse(self.request.query_arguments)
        login_id = parse_state_login_id(response.state or "")
        if login_id is None:
            raise Refusal(400, "This answer isn't ours", _FOREIGN)
        opening = self._bound_opening(login_id)
        request = self._open_request(login_id)
        # By way of the relay only what was sent on that way: nobody else was told the key that a relayed answer is sealed to.
        if not is_relayed and opening.redirect_uri != callback_uri(self.place, request):
            raise Refusal(409, "Opened again since", _OPENED_OTHERWISE)
        self._validate(request, provider, response)
        # Taken before it is used: of two answers at once, one is first.
        if not self.context.rendezvous.take(login_id):
            raise Refusal(409, "Already answered", "This login was answered before, and goes on with that answer. Nothing was changed.")
        self.context.rendezvous.write_response(login_id, replace(response, redirect_uri=opening.redirect_uri, state_checked=True))
        self.set_status(303)
        self.set_header("Location", f"{self.place.path}done/{login_id}")
        self.finish()

    # As for get: jupyter_server would send a HEAD on to the login page, code and all.
    @allow_unauthenticated
    def head(self, provider: str = "") -> None:
        """Refuse, without an answer being looked at."""
        raise Refusal(405, "This address isn't used that way", "Nothing was changed.")

    def _parse(self, arguments: Mapping[str, list[bytes]]) -> AuthorizationResponse:
        values = {name: [value.decode("utf-8", "replace") for value in given] for name, given in arguments.items()}
        try:
            return parse_authorization_response(values, redirect_uri="")
        except ProviderError as error:
            raise Refusal(400, "This answer can't be used", f"{error.message[:1].upper()}{error.message[1:]}.") from None

    def _unseal(self) -> AuthorizationResponse:
        """Return the answer that the Hub's relay passed on, if it is sealed to the binding cookie of this browser."""
        sealed, login_id = (self.request.query_arguments.get(name, [b""])[-1].decode("ascii", "replace") for name in ("sealed", "login"))
        binding = read_binding(self, login_id) if is_login_id(login_id) else None
        if binding is None:
            raise Refusal(403, "Not started in this browser", _FOREIGN)
        try:
            answer = open_answer(sealed, binding=binding, login_id=login_id)
        except ValueError:
            raise Refusal(403, "Opened again since", _OPENED_AGAIN) from None
        return self._parse({name: [value.encode()] for name, value in answer.items()})

    def _bound_opening(self, login_id: str) -> Opening:
        """Return the newest opening of a login, if this browser made it."""
        binding = read_binding(self, login_id)
        if binding is None:
            raise Refusal(403, "Not started in this browser", _FOREIGN)
        opening = self.context.rendezvous.read_opening(login_id)
        if opening is None:
            raise Refusal(410, "This login is over", _OVER)
        if not is_bound(opening, binding):
            raise Refusal(403, "Opened again since", _OPENED_AGAIN)
        return opening

    def _open_request(self, login_id: str) -> LoginRequest:
        request = self.context.find_waiting(login_id)
        if request is None:
            raise Refusal(410, "This login is over", _OVER)
        return request

    def _validate(self, request: LoginRequest, provider: str, response: AuthorizationResponse) -> None:
        """Check that the answer came on the path of the provider that was asked, and says so itself.

        :raises StateMismatch: if state or issuer are wrong.
        """
        if provider != request.provider:
            raise Refusal(400, "This answer isn't ours", _FOREIGN)
        try:
            validate_state(request.authorization.state, response.state)
            validate_issuer(request.authorization, response.iss)
        except StateMismatch as error:
            raise Refusal(400, "This answer isn't ours", f"{error.message[:1].upper()}{error.message[1:]}.") from None
