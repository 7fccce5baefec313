"""The last resort: a link to open in any browser anywhere, and a code, or an address, to bring back."""

from __future__ import annotations

from collections.abc import Callable

from ..code_grant import AuthorizationRequest, AuthorizationResponse, BuildAddress, build_authorize_url, parse_redirected_address
from ..errors import ConfigurationError, FlowAuthError, LoginDenied
from ..ports import Patience, Presenter
from ..records import LoginRequest, LoginResult
from ..secret import Secret
from .typed_answer import ask_within, can_be_ended

TRIES = 3


class PasteUserAgent:
    """Shows the provider's address and reads what the person brings back.

    :param read_secret: asks a question and returns what was typed, without showing it (``getpass.getpass``).
    """

    name = "paste"

    def __init__(self, presenter: Presenter, read_secret: Callable[[str], str]) -> None:
        self._presenter, self._read_secret = presenter, read_secret
        self.build_address: BuildAddress = build_authorize_url

    def show(self, login: LoginRequest) -> None:
        """Show the address to open.

        :raises ConfigurationError: if the client has no redirect URI that a person could copy from.
        """
        redirect_uri = choose_paste_redirect_uri(login.authorization)
        self._presenter.show(login, address=self.build_address(login.authorization, redirect_uri=redirect_uri), rung="paste")

    def wait(self, login: LoginRequest, patience: Patience) -> AuthorizationResponse:
        """Ask for the code, or the address of the page that the browser ended on, at most three times.

        :raises LoginDenied: if nothing was entered.
        """
        what = "the code here" if login.authorization.code_page is not None else "the whole address of the page that you ended on"
        # Honest where it can't be done: this question outlives the login's deadline.
        lasting = "" if can_be_ended() else " (nothing ends this question but an answer; an empty one calls the login off)"
        for tries_left in reversed(range(TRIES)):
            text = Secret(ask_within(self._read_secret, f"Paste {what}{lasting}: ", patience).strip())
            if not text:
                break
            try:
                return parse_pasted(login.authorization, text)
            except (ValueError, FlowAuthError) as error:
                self._presenter.say(login, f"That is not it: {error}. {'Try again.' if tries_left else ''}")
        raise LoginDenied("no code was entered; what was held is still held; run it again to be asked again", error="cancelled")

    def finish(self, login: LoginRequest, result: LoginResult) -> None:
        """Show how it ended."""
        self._presenter.finish(login, result)


def choose_paste_redirect_uri(authorization: AuthorizationRequest) -> str:
    """Return the redirect URI for a paste: the page that shows codes, else a registered one without wildcards.

    :raises ConfigurationError: if there is neither.
    """
    exact = [uri for uri in authorization.redirect_uris if "*" not in uri]
    if authorization.code_page or exact:
        return authorization.code_page or exact[0]
    raise ConfigurationError("this client has no redirect URI to copy a code from; register one, or log in through a Jupyter server")


def parse_pasted(authorization: AuthorizationRequest, text: str) -> AuthorizationResponse:
    """Return the response in what a person pasted: a whole address, or a bare code where the provider has a page that shows codes.

    :raises ValueError: if it is neither.
    """
    redirect_uri = choose_paste_redirect_uri(authorization)
    if "://" in text:
        response = parse_redirected_address(text)
        if response.redirect_uri != redirect_uri:
            raise ValueError("it is the address of another page")
        return response
    if authorization.code_page is None:
        raise ValueError("it should be the whole address, beginning with http")
    if any(character.isspace() for character in text):
        raise ValueError("a code has no spaces in it")
    # PKCE and nonce stand in for the state: only this process can use the code, and only in the one request that is open.
    return AuthorizationResponse(redirect_uri, code=text, state_checked=True)
