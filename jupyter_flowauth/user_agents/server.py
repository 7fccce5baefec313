"""The Jupyter server's callback: the person clicks a link of the server, and the answer comes through the rendezvous."""

from __future__ import annotations

from ..code_grant import NO_WAY_BACK, AuthorizationResponse, printable
from ..errors import ConfigurationError
from ..ports import Patience, Presenter, Rendezvous
from ..records import LoginRequest, LoginResult, ServerAnnouncement

POLL_SECONDS = 0.025


class ServerUserAgent:
    """Asks through the Jupyter server that this process belongs to. Works while a cell blocks, and needs no credential."""

    name = "server"

    def __init__(self, rendezvous: Rendezvous, server: ServerAnnouncement, presenter: Presenter) -> None:
        self._rendezvous, self._server, self._presenter = rendezvous, server, presenter

    def show(self, login: LoginRequest) -> None:
        """Show the card, with the server's page of this login as its link."""
        self._presenter.show(login, address=build_login_path(self._server, login.login_id), rung="server")

    def wait(self, login: LoginRequest, patience: Patience) -> AuthorizationResponse:
        """Wait until the server has left the answer in the rendezvous.

        :raises ConfigurationError: if the provider would not send the browser back to it.
        """
        while (response := self._rendezvous.take_response(login.login_id)) is None:
            patience.pause(POLL_SECONDS)
        if response.error == NO_WAY_BACK:
            raise ConfigurationError(
                "the provider doesn't know the address at which you use Jupyter, so it can't send you back here; "
                f"register {printable(response.redirect_uri)} as a redirect URI of your client, or log in another way"
            )
        return response

    def finish(self, login: LoginRequest, result: LoginResult) -> None:
        """Replace the card by how it ended."""
        self._presenter.finish(login, result)


def build_login_path(server: ServerAnnouncement, login_id: str) -> str:
    """Return the path of a login's page on its server."""
    return f"{server.base_url}flowauth/login/{login_id}"
