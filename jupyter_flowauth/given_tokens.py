"""Tokens that came with the environment: they win for the scopes they cover, nothing renews them, and they end when they end."""

from __future__ import annotations

from dataclasses import replace

from .errors import LoginRequired, ProviderError
from .ports import Clock, Provider
from .tokens import NEVER, Kind, Token

RE_MINT = "nothing renews it: mint another one (jupyter flowauth service-account token)"


class GivenTokens:
    """The tokens of the environment, each judged by its provider when it is first used, where that can tell (a JWT)."""

    def __init__(self, tokens: tuple[Token, ...], provider: Provider, clock: Clock) -> None:
        self.tokens, self._provider, self._clock = tokens, provider, clock
        self._judged: set[str] = set()
        self.kind: Kind = "person"

    def covering(self, scope: str | None) -> Token | None:
        """Return the token that covers a bare scope (None: any), or None."""
        return next((token for token in self.tokens if scope is None or token.covers(scope)), None)

    def use(self, token: Token) -> Token:
        """Return a token that is good, with what was found out of it.

        :raises LoginRequired: if it has expired, or isn't its provider's.
        """
        if token.fingerprint not in self._judged:
            token = self._judge(token)
        if token.seconds_left(self._clock.now()) <= 0:
            raise LoginRequired(f"FLOWAUTH_TOKEN has expired, and {RE_MINT}, and set FLOWAUTH_TOKEN to it", missing=token.scopes)
        return token

    def _judge(self, token: Token) -> Token:
        """Ask the provider of a JWT; where it can't be reached now, the services will tell."""
        if self._provider.kind != "oidc" or token.access_token.count(".") != 2:
            self._judged.add(token.fingerprint)
            return token
        try:
            read = self._provider.read_service_token(token.access_token, now=self._clock.now())
        except ProviderError as error:
            if error.error != "invalid_token":
                return token
            raise LoginRequired(f"FLOWAUTH_TOKEN can't be used: {error}", missing=token.scopes) from None
        self.kind = read.kind
        good = replace(token, expires_at_seconds=read.tokens[0].expires_at_seconds, scopes=token.scopes or read.tokens[0].scopes)
        self.tokens = tuple(good if known is token else known for known in self.tokens)
        self._judged.add(token.fingerprint)
        return good


def describe_end(tokens: tuple[Token, ...], *, now: float, ahead_seconds: float = 86400.0) -> str | None:
    """Return the sentence for tokens that nothing renews and that end within a day, or have ended; None if there are none."""
    ends = min((token.seconds_left(now) for token in tokens if token.refresh_token is None), default=NEVER)
    if ends > ahead_seconds:
        return None
    if ends <= 0:
        return f"This token has expired, and {RE_MINT}."
    minutes = ends / 60
    left = f"{minutes / 60:.0f} h" if minutes >= 120 else f"{max(minutes, 1):.0f} min"
    return f"This token ends in {left}, and {RE_MINT}."
