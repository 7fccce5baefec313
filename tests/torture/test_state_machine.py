"""The refresh transaction against a small model: a held scope is lost by a logout, invalid_grant or the one window, and nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from jupyter_flowauth.errors import FlowAuthError, LoginRequired, ProviderError
from jupyter_flowauth.held_tokens import HeldTokens
from jupyter_flowauth.keeping import keep_issued
from jupyter_flowauth.logout import forget_account
from jupyter_flowauth.storage.memory import MemoryStore, MemoryTransaction
from jupyter_flowauth.tokens import Account, AccountKey, Token, TokenResponse
from tests.fakes.clock import FixedClock
from tests.fakes.provider import LIFETIME, FakeProvider, identity_of
from tests.fakes.world import key_of
from tests.torture.homes import join_renewals

SCOPES = ("a:1", "a:2", "b:1", "b:2")
ALICE = key_of("alice")


class Died(BaseException):
    """The end of a process in the middle of what it did."""


class Snapshot(MemoryTransaction):
    """A transaction that, as a file's, knows the account as it was read at its start."""

    account: Account | None = None  # type: ignore[assignment]

    def __init__(self, store: MemoryStore, key: AccountKey) -> None:
        super().__init__(store, key)
        self.account = store.read(key)

    def write(self, account: Account) -> None:
        super().write(account)
        self.account = account


class SharedHome(MemoryStore):
    """A home that two hosts share, without their locks."""

    @contextlib.contextmanager
    def transaction(self, key: AccountKey, *, timeout_seconds: float) -> Iterator[Snapshot]:  # type: ignore[override]
        yield Snapshot(self, key)


class Interrupted(FakeProvider):
    """A provider that lets something happen while its answer is on the way."""

    after_refresh: Callable[[], object] = staticmethod(lambda: None)

    def refresh(self, token: Token, *, now: float) -> Token:
        renewed = super().refresh(token, now=now)
        after, self.after_refresh = self.after_refresh, lambda: None
        after()
        return renewed


class Machine(RuleBasedStateMachine):
    """Two kernels on two hosts that share a home and no locks; `expected` is what they must hold."""

    lives = 0

    def __init__(self) -> None:
        super().__init__()
        Machine.lives += 1
        self.clock, self.provider, self.store = FixedClock(), Interrupted(), SharedHome()
        self.kernels = [HeldTokens(self.provider, self.store, clock=self.clock) for _ in range(2)]
        self.expected: set[str] = set()
        self.moments = 0

    def account(self) -> Account | None:
        return self.store.read(ALICE)

    def token_of(self, scope: str) -> Token:
        account = self.account()
        assert account is not None
        token = account.token_for(scope)
        assert token is not None
        return token

    def expire(self, scope: str) -> None:
        """Let time pass until a token has expired, wherever the clock has jumped to."""
        # Never to the very moment of an earlier failure, which whoever asks at that moment shares.
        self.moments += 1
        self.clock.seconds = max(self.clock.seconds, self.token_of(scope).expires_at_seconds or 0.0) + 1 + self.moments / 1000

    def use(self, kernel: int, scope: str) -> Token:
        try:
            return self.kernels[kernel].token(scope, min_valid=60)
        finally:
            join_renewals()

    def a_held_scope(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.expected)))

    @rule(kernel=st.integers(0, 1), scopes=st.sets(st.sampled_from(SCOPES), min_size=1), withheld=st.sets(st.sampled_from(SCOPES)))
    def log_in(self, kernel: int, scopes: set[str], withheld: set[str]) -> None:
        granted = scopes - withheld
        issued = TokenResponse(self.provider.issue(sorted(granted), now=self.clock.now()), identity_of("alice"))
        keep_issued(issued, self.kernels[kernel], asked=tuple(scopes), now=self.clock.now())
        self.expected |= granted

    @rule(seconds=st.sampled_from([1.0, LIFETIME - 200, LIFETIME, -LIFETIME]))
    def let_time_pass(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @precondition(lambda self: self.expected)
    @rule(kernel=st.integers(0, 1), data=st.data())
    def use_a_token(self, kernel: int, data: st.DataObject) -> None:
        token = self.use(kernel, self.a_held_scope(data))
        assert token.seconds_left(self.clock.now()) > 0

    @precondition(lambda self: self.expected)
    @rule(kernel=st.integers(0, 1), data=st.data())
    def use_a_token_without_network(self, kernel: int, data: st.DataObject) -> None:
        self.provider.trouble = ProviderError("down")
        with contextlib.suppress(ProviderError):
            self.use(kernel, self.a_held_scope(data))
        self.provider.trouble = None
        self.clock.advance(1)  # whoever asks at the very moment of a failure shares it

    @precondition(lambda self: self.expected)
    @rule(winner=st.integers(0, 1), before=st.booleans(), data=st.data())
    def refresh_on_both_hosts_at_once(self, winner: int, before: bool, data: st.DataObject) -> None:
        """The other's request comes before ours, or between ours and its answer's being stored."""
        scope = self.a_held_scope(data)
        self.expire(scope)
        if before:
            self.provider.before_refresh = self.once(lambda: self.try_use(1 - winner, scope))
        else:
            self.provider.after_refresh = lambda: self.try_use(1 - winner, scope)
        assert self.use(winner, scope).seconds_left(self.clock.now()) > 0

    def once(self, action: Callable[[], object]) -> Callable[[], object]:
        def run() -> None:
            self.provider.before_refresh = lambda: None
            action()

        return run

    def try_use(self, kernel: int, scope: str) -> None:
        with contextlib.suppress(LoginRequired):
            self.kernels[kernel].token(scope, min_valid=60)

    @precondition(lambda self: self.expected)
    @rule(kernel=st.integers(0, 1), more=st.sampled_from(SCOPES), data=st.data())
    def log_in_elsewhere_while_a_refresh_is_on_its_way(self, kernel: int, more: str, data: st.DataObject) -> None:
        scope = self.a_held_scope(data)
        self.expire(scope)
        self.provider.after_refresh = lambda: self.log_in(1 - kernel, {more}, set())
        self.use(kernel, scope)
        self.provider.after_refresh = lambda: None

    @precondition(lambda self: self.expected)
    @rule(kernel=st.integers(0, 1), sent=st.booleans(), data=st.data())
    def die_while_refreshing(self, kernel: int, sent: bool, data: st.DataObject) -> None:
        scope = self.a_held_scope(data)
        self.expire(scope)

        def die() -> None:
            raise Died

        if sent:
            self.provider.after_refresh = die
        else:
            self.provider.before_refresh = self.once(die)
        with pytest.raises(Died):
            self.use(kernel, scope)
        if sent:
            lost = self.token_of(scope)
            with pytest.raises(LoginRequired, match="a refresh was interrupted"):
                self.use(1 - kernel, scope)
            self.forget(lost)

    @precondition(lambda self: self.expected)
    @rule(kernel=st.integers(0, 1), data=st.data())
    def meet_the_end_of_the_login_there(self, kernel: int, data: st.DataObject) -> None:
        token = self.token_of(scope := self.a_held_scope(data))
        self.provider.dead.add(str(token.refresh_token))
        self.expire(scope)
        with pytest.raises(LoginRequired):
            self.use(kernel, scope)
        self.forget(token)

    def forget(self, lost: Token) -> None:
        """Take from the model what one token alone served."""
        account = self.account()
        assert account is not None
        assert lost.fingerprint not in {token.fingerprint for token in account.tokens}
        self.expected -= set(lost.scopes) - set(account.scopes)

    @precondition(lambda self: self.account())
    @rule(kernel=st.integers(0, 1), while_refreshing=st.booleans(), data=st.data())
    def log_out(self, kernel: int, while_refreshing: bool, data: st.DataObject) -> None:
        if while_refreshing and self.expected:
            scope = self.a_held_scope(data)
            self.expire(scope)
            self.provider.after_refresh = lambda: self.forget_all(kernel)
            with contextlib.suppress(FlowAuthError):
                self.use(1 - kernel, scope)
            self.provider.after_refresh = lambda: None
        self.forget_all(kernel)
        assert self.account() is None

    def forget_all(self, kernel: int) -> None:
        forget_account(self.provider, self.store, self.kernels[kernel].account(), revoke=False)
        self.expected.clear()

    @invariant()
    def what_is_held_is_what_is_expected(self) -> None:
        account = self.account()
        assert set(account.scopes if account else ()) == self.expected
        assert all(set(kernel.scopes()) == self.expected for kernel in self.kernels)


def run_machine(*, examples: int) -> int:
    """Run it, and return how many lives it has led."""
    lives = Machine.lives
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
    )
    return Machine.lives - lives


def test_the_transaction_holds_what_its_model_holds() -> None:
    assert run_machine(examples=120) >= 120


@pytest.mark.torture
@pytest.mark.timeout(1200)
def test_the_transaction_holds_what_its_model_holds_for_long() -> None:
    assert run_machine(examples=3000) >= 3000
