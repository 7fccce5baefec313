"""Everything that a login needs of the outside world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from .held_tokens import HeldTokens
from .ports import Clock, Presenter, Provider, Rendezvous, TokenStore, UserAgent
from .records import ProcessStamp


class ChooseUserAgent(Protocol):
    """The choice of how the person is asked."""

    def __call__(self, missing: tuple[str, ...], presenter: Presenter, tried: Mapping[str, str] = ..., /) -> UserAgent:
        """Return the user agent to use.

        :param missing: the bare scopes, for the error.
        :param tried: the names of those that were chosen before and couldn't be used, with the reasons; then it is the next one.
        :raises InteractionRequired: where nobody is there.
        :raises ConfigurationError: where somebody is, and no way is left.
        """


@dataclass(frozen=True, slots=True)
class LoginContext:
    """Everything that a login needs of the outside world.

    :param seed: takes over what another login was issued (the Hub's), before anybody is asked; None where there is none.
    """

    provider: Provider
    held: HeldTokens
    store: TokenStore
    rendezvous: Rendezvous
    clock: Clock
    process: Callable[[], ProcessStamp]
    choose_user_agent: ChooseUserAgent
    presenter: Presenter
    server_id: str | None = None
    asked_by: Literal["kernel", "server"] = "kernel"
    client_title: str = "This notebook"
    timeout_seconds: float = 300.0
    seed: Callable[[], None] | None = None

    def say(self, sentence: str) -> None:
        """Show one sentence to the person."""
        self.presenter.say(None, sentence)
