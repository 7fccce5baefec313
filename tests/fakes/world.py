"""Everything of one test's world, put together as wiring.py does it for the real one."""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_flowauth.authorizers import AuthorizersByScope
from jupyter_flowauth.held_tokens import HeldTokens
from jupyter_flowauth.login import Login, LoginContext
from jupyter_flowauth.ports import Presenter, TokenStore, UserAgent
from jupyter_flowauth.records import ProcessStamp
from jupyter_flowauth.scopes import parse_requirements
from jupyter_flowauth.storage.memory import MemoryStore
from jupyter_flowauth.tokens import Account, AccountKey, Token
from tests.fakes.clock import FixedClock
from tests.fakes.presenter import RecordingPresenter
from tests.fakes.provider import REGISTRATION, FakeProvider, identity_of
from tests.fakes.rendezvous import MemoryRendezvous
from tests.fakes.user_agent import ScriptedUserAgent, person

PROCESS = ProcessStamp("here", "this-boot", 1, 0.0)


class World:
    """A provider, a store, a clock, a rendezvous and a person; and notebooks that share them.

    :param account: the identity that its notebook wants.
    """

    def __init__(self, *, store: TokenStore | None = None, account: str | None = None, given: tuple[Token, ...] = ()) -> None:
        self.clock, self.provider = FixedClock(), FakeProvider()
        self.store: TokenStore = store or MemoryStore()
        self.rendezvous, self.presenter = MemoryRendezvous(), RecordingPresenter()
        self.agent = ScriptedUserAgent(person(self.provider))
        self.next_agents: tuple[UserAgent, ...] = ()
        self.account, self.given = account, given
        self.held = self.notebook()

    def notebook(self) -> HeldTokens:
        """Return another notebook's view of what is held."""
        return HeldTokens(self.provider, self.store, clock=self.clock, account=self.account, given=self.given)

    def choose(self, missing: tuple[str, ...], presenter: Presenter, tried: Mapping[str, str] | None = None, /) -> UserAgent:
        """Return the agents one after another: the next one where those before it gave up."""
        return (self.agent, *self.next_agents)[len(tried or ())]

    def context(self, **changes: object) -> LoginContext:
        values: dict[str, object] = {
            "provider": self.provider,
            "held": self.held,
            "store": self.store,
            "rendezvous": self.rendezvous,
            "clock": self.clock,
            "process": lambda: PROCESS,
            "choose_user_agent": self.choose,
            "presenter": self.presenter,
        }
        return LoginContext(**{**values, **changes})  # type: ignore[arg-type]

    def build_login(self, *scopes: str, force: bool = False, timeout: float | None = None, **changes: object) -> Login:
        again = frozenset(scopes if force else ())
        return Login(self.context(**changes), parse_requirements(scopes), again=again, timeout_seconds=timeout)

    def login(self, *scopes: str, user: str = "alice", force: bool = False) -> Login:
        """Log in as somebody who says yes."""
        self.agent.script = person(self.provider, user=user)
        login = self.build_login(*scopes, force=force)
        if login.begin():
            login.finish()
        return login

    @property
    def authorizers(self) -> AuthorizersByScope:
        return AuthorizersByScope(self.held, clock=self.clock)


def key_of(user: str) -> AccountKey:
    return AccountKey(REGISTRATION, identity_of(user).sub)


def account_of(user: str = "alice", *tokens: Token, logged_in_at: float = 0.0) -> Account:
    return Account(key_of(user), identity_of(user), "fake", tokens, logged_in_at)


def keep(store: TokenStore, account: Account) -> None:
    """Put an account into a store."""
    with store.transaction(account.key, timeout_seconds=5) as transaction:
        transaction.write(account)
