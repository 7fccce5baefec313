"""Two that need the same account at once: one card, and the other joins it or waits its turn."""

from __future__ import annotations

import threading

import pytest

from jupyter_flowauth.errors import FlowAuthError, LoginDenied, LoginTimeout, ProviderError, ScopesMissing
from jupyter_flowauth.login import Login
from jupyter_flowauth.records import LoginRequest
from jupyter_flowauth.scopes import parse_requirements
from tests.fakes.user_agent import person
from tests.fakes.world import World, account_of, keep


class Both:
    """A notebook whose login waits for a person, and another one that comes meanwhile."""

    def __init__(self) -> None:
        self.world = World()
        self.decided, self.waits = threading.Event(), threading.Event()
        self.answer = person(self.world.provider)
        self.outcome: BaseException | None = None
        self.world.agent.script = self._wait_for_the_decision
        self.world.presenter.say = self._noticed  # type: ignore[method-assign]

    def _noticed(self, login: LoginRequest | None, sentence: str) -> None:
        self.world.presenter.sentences.append(sentence)
        self.waits.set()

    def _wait_for_the_decision(self, login, patience):
        assert self.decided.wait(60)
        return self.answer(login, patience)

    def _run(self, login: Login) -> None:
        try:
            login.finish()
        except (FlowAuthError, KeyboardInterrupt) as error:
            self.outcome = error

    def start(self, *scopes: str, **options: object) -> threading.Thread:
        login = self.world.build_login(*scopes)
        assert login.begin()
        thread = threading.Thread(target=self._run, args=(login,))
        thread.start()
        return thread

    def run(self, first: tuple[str, ...], second: tuple[str, ...], *, force: bool = False) -> Login:
        """Let the second come while the first waits, then let the person decide. Raises as the second ended."""
        running = self.start(*first)
        other = Login(self.world.context(held=self.world.notebook()), parse_requirements(second), again=frozenset(second if force else ()))
        outcome: list[FlowAuthError] = []

        def follow() -> None:
            try:
                if other.begin():
                    other.finish()
            except FlowAuthError as error:
                outcome.append(error)

        following = threading.Thread(target=follow)
        following.start()
        assert self.waits.wait(60)
        self.decided.set()
        following.join(60)
        running.join(60)
        assert not self.world.rendezvous.requests
        if outcome:
            raise outcome[0]
        return other


@pytest.fixture
def both():
    return Both()


def test_who_needs_no_more_joins_and_no_second_card_is_shown(both):
    other = both.run(("transfer:all", "groups:view"), ("groups:view",))
    assert len(both.world.agent.shown) == 1
    assert other.context.held.missing(["groups:view"]) == ()
    assert both.world.presenter.sentences == [
        "This notebook is waiting for a login for the same account already; this cell goes on with it."
    ]


def test_who_needs_more_waits_its_turn_and_then_asks_for_the_rest(both):
    both.run(("transfer:all",), ("transfer:all", "groups:view"))
    assert [line.scope for line in both.world.agent.shown[1].missing] == ["groups:view"]
    assert "this cell asks when that one has ended" in both.world.presenter.sentences[0]


def test_force_waits_its_turn_and_asks_again(both):
    both.run(("transfer:all",), ("transfer:all",), force=True)
    assert [len(shown.missing) for shown in both.world.agent.shown] == [1, 1]


def test_a_denial_is_shared(both):
    both.answer = person(both.world.provider, deny=True)
    with pytest.raises(LoginDenied) as caught:
        both.run(("transfer:all",), ("transfer:all",))
    assert (caught.value.error, len(both.world.agent.shown)) == ("access_denied", 1)


def test_a_deadline_is_shared(both):
    def too_late(_login, _patience):
        raise LoginTimeout("Nobody came.")

    both.answer = too_late
    with pytest.raises(LoginTimeout, match="Nobody came"):
        both.run(("transfer:all",), ("transfer:all",))


def test_a_failure_is_shared(both):
    both.answer = person(both.world.provider, iss="https://evil.example")
    with pytest.raises(ProviderError, match="another provider"):
        both.run(("transfer:all",), ("transfer:all",))


def test_less_granted_is_shared(both):
    both.world.provider.withheld = {"groups:view"}
    with pytest.raises(ScopesMissing) as caught:
        both.run(("transfer:all", "groups:view"), ("groups:view",))
    assert (caught.value.missing, len(both.world.agent.shown)) == (("groups:view",), 1)


def test_an_interrupt_is_nobody_elses_end_and_the_other_asks_for_itself(both):
    def interrupted(login, patience):
        both.answer = person(both.world.provider)
        raise KeyboardInterrupt

    both.answer = interrupted
    other = both.run(("transfer:all",), ("transfer:all",))
    assert isinstance(both.outcome, KeyboardInterrupt)
    assert (len(both.world.agent.shown), other.result.outcome) == (2, "done")


def test_a_login_whose_process_dies_is_taken_over(both):
    both.answer = person(both.world.provider)
    both.decided.set()
    gone = both.world.build_login("transfer:all")
    gone.begin()
    both.world.presenter.say = lambda *_: both.world.rendezvous.requests.pop(gone.request.login_id)
    other = Login(both.world.context(held=both.world.notebook()), parse_requirements("transfer:all"))
    assert other.begin()
    other.finish()
    assert (other.result.outcome, len(both.world.agent.shown)) == ("done", 2)


def test_a_login_for_another_identity_is_not_joined(both):
    both.world.account = "bob@example.org"
    both.start("transfer:all")
    other = Login(both.world.context(held=both.world.notebook()), parse_requirements("transfer:all"))
    other.begin()
    both.decided.set()
    assert len(both.world.agent.shown) == 2


def test_a_login_that_ended_a_moment_ago_needs_no_second_card(both):
    """What was missing when the second began is held when its turn comes: discovery took its time, say."""
    both.decided.set()
    world = both.world
    other = Login(world.context(held=world.notebook()), parse_requirements("transfer:all"))
    build = world.provider.build_authorization_request

    def slow(*values, **names):
        world.provider.build_authorization_request = build
        world.login("transfer:all")
        return build(*values, **names)

    world.provider.build_authorization_request = slow
    assert other.begin()
    other.finish()
    assert (len(world.agent.shown), world.rendezvous.requests, other.result) == (1, {}, None)


def test_what_came_between_card_and_wait_closes_the_card(both):
    login = both.world.build_login("transfer:all")
    login.begin()
    keep(both.world.store, account_of("alice", *both.world.provider.issue(["transfer:all"], now=0)))
    login.finish()
    assert (login.result.outcome, both.world.rendezvous.requests, both.world.provider.sent) == ("done", {}, ["discovery"])


def test_what_was_asked_for_again_and_came_before_our_request_was_left_is_not_asked():
    world = World()
    world.login("flow:user")
    login = Login(world.context(), parse_requirements("flow:user"), again=frozenset({"flow:user"}), still_needed=lambda: False)
    assert login.begin()
    login.finish()
    assert (len(world.agent.shown), login.result.outcome, world.rendezvous.requests) == (1, "done", {})
