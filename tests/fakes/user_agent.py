"""A person in miniature: shown a login, they do what the script says."""

from __future__ import annotations

from collections.abc import Callable

from jupyter_flowauth.code_grant import AuthorizationResponse, build_authorize_url, parse_redirected_address
from jupyter_flowauth.ports import Patience
from jupyter_flowauth.records import LoginRequest, LoginResult
from tests.fakes.provider import REDIRECT_URI, FakeProvider

Script = Callable[[LoginRequest, Patience], AuthorizationResponse]


class ScriptedUserAgent:
    """A user agent whose person is a function."""

    name = "scripted"

    def __init__(self, script: Script) -> None:
        self.script = script
        self.shown: list[LoginRequest] = []
        self.results: list[LoginResult] = []

    def show(self, login: LoginRequest) -> None:
        self.shown.append(login)

    def wait(self, login: LoginRequest, patience: Patience) -> AuthorizationResponse:
        return self.script(login, patience)

    def finish(self, login: LoginRequest, result: LoginResult) -> None:
        self.results.append(result)


def person(provider: FakeProvider, *, user: str = "alice", deny: bool = False, iss: str | None = "https://issuer.example") -> Script:
    """Return somebody who opens the address, logs in and says yes (or no)."""

    def answer(login: LoginRequest, _patience: Patience) -> AuthorizationResponse:
        url = build_authorize_url(login.authorization, redirect_uri=REDIRECT_URI)
        return parse_redirected_address(provider.authorize(url, user=user, deny=deny, iss=iss))

    return answer
