"""Kernels of one user: logins at once, what one sees of another's, and a logout while another refreshes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest

from jupyter_flowauth import FlowAuth
from jupyter_flowauth.authorizers import Authorizer
from jupyter_flowauth.errors import IdentityMismatch, LoginDenied, LoginRequired, ScopesMissing
from jupyter_flowauth.logout import forget_account
from jupyter_flowauth.storage.system_clock import SystemClock
from tests.fakes.clock import FixedClock
from tests.torture.forker import Forker
from tests.torture.homes import GROUPS_ALL, TRANSFER_ALL, VIEW_MY_GROUPS, Home
from tests.torture.operations import build_user_agent


def auth_of(user: str = "alice", *, deny: bool = False) -> FlowAuth:
    return FlowAuth(user_agent=build_user_agent(user, deny=deny))


@pytest.fixture
def stats(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every stat that is made."""
    made: list[object] = []
    stat = os.stat

    def counting(path: object, **options: object) -> os.stat_result:
        made.append(path)
        return stat(path, **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(os, "stat", counting)
    return made


def test_two_kernels_that_log_in_at_once_both_keep_theirs(forker: Forker, home: Home) -> None:
    deaths = forker.together("log_in_for_one", "{index}", TRANSFER_ALL, VIEW_MY_GROUPS, processes=2)
    assert all(death.completed for death in deaths), deaths
    assert {TRANSFER_ALL, VIEW_MY_GROUPS} <= set(home.account().scopes)


def test_logins_for_scopes_of_one_service_lose_none(home: Home) -> None:
    auth_of().login([GROUPS_ALL])
    auth_of().login([VIEW_MY_GROUPS])
    auth_of().login([TRANSFER_ALL])
    assert {GROUPS_ALL, VIEW_MY_GROUPS, TRANSFER_ALL} <= set(home.account().scopes)


def test_a_login_that_is_denied_leaves_everything_as_it_was(home: Home) -> None:
    home.seed(expired=False)
    before = home.account()
    with pytest.raises(LoginDenied):
        auth_of(deny=True).login([VIEW_MY_GROUPS])
    assert home.account() == before


def test_what_was_not_granted_is_recorded_as_missing(home: Home) -> None:
    home.sandbox.configure(withheld_scopes=(VIEW_MY_GROUPS,))
    auth = auth_of()
    with pytest.raises(ScopesMissing) as caught:
        auth.login([TRANSFER_ALL, VIEW_MY_GROUPS])
    assert (caught.value.missing, caught.value.granted) == ((VIEW_MY_GROUPS,), (TRANSFER_ALL,))
    assert (auth.missing([TRANSFER_ALL, VIEW_MY_GROUPS]), home.account().declined) == ((VIEW_MY_GROUPS,), (VIEW_MY_GROUPS,))


def test_a_refresh_that_grants_less_is_recorded_as_what_it_granted(home: Home) -> None:
    home.seed(GROUPS_ALL, VIEW_MY_GROUPS)
    home.sandbox.configure(withheld_scopes=(VIEW_MY_GROUPS,))
    held = home.held()
    held.token(GROUPS_ALL, min_valid=60)
    assert held.missing([GROUPS_ALL, VIEW_MY_GROUPS]) == (VIEW_MY_GROUPS,)


def test_bob_who_answers_for_alice_replaces_nothing(home: Home) -> None:
    """ATTACKS 22."""
    auth_of("alice").login([TRANSFER_ALL])
    before = home.account()
    with pytest.raises(IdentityMismatch, match=r"you came back as bob@sandbox.example, .* alice@sandbox.example") as caught:
        auth_of("bob").login([VIEW_MY_GROUPS])
    assert (caught.value.expected, caught.value.received) == ("alice@sandbox.example", "bob@sandbox.example")
    assert (home.account(), len(home.store.accounts())) == (before, 1)


def test_a_login_elsewhere_shows_in_a_mapping_that_is_there_already(forker: Forker, home: Home) -> None:
    authorizers = auth_of().authorizers
    assert list(authorizers) == []
    assert forker.run("log_in", TRANSFER_ALL).completed
    assert TRANSFER_ALL in authorizers
    assert home.sandbox.is_active(str(authorizers[TRANSFER_ALL].get_authorization_header()).removeprefix("Bearer "))
    assert forker.run("log_in", VIEW_MY_GROUPS).completed
    assert VIEW_MY_GROUPS in authorizers
    assert forker.run("logout").completed
    assert (list(authorizers), authorizers.get(TRANSFER_ALL)) == ([], None)


def test_an_authorizer_that_was_handed_out_follows_a_refresh_elsewhere(forker: Forker, home: Home) -> None:
    home.seed(expired=False)
    clock = FixedClock(SystemClock.now())
    authorizer = Authorizer(home.held(clock), TRANSFER_ALL, clock=clock)
    before = authorizer.get_authorization_header()
    home.keep(home.issue(TRANSFER_ALL))
    assert authorizer.get_authorization_header() == before
    clock.advance(1.1)
    after = authorizer.get_authorization_header()
    assert after != before
    assert home.sandbox.is_active(after.removeprefix("Bearer "))


def test_within_a_second_a_header_looks_at_nothing(home: Home, stats: list[object]) -> None:
    home.seed(expired=False)
    clock = FixedClock(SystemClock.now())
    authorizer = Authorizer(home.held(clock), TRANSFER_ALL, clock=clock)
    authorizer.get_authorization_header()
    stats.clear()
    for _ in range(1000):
        authorizer.get_authorization_header()
    assert stats == []
    clock.advance(1.1)
    authorizer.get_authorization_header()
    assert 1 <= len(stats) <= 20


def test_a_refresh_in_flight_elsewhere_does_not_bring_a_logout_back(forker: Forker, home: Home) -> None:
    home.seed()
    arrived = threading.Event()
    serve = home.sandbox.state.take_fault
    home.sandbox.set_fault("token", "slow:1")

    def take_fault(endpoint: str) -> object:
        arrived.set()
        return serve(endpoint)

    home.sandbox.state.take_fault = take_fault  # type: ignore[method-assign, assignment]
    refreshing = threading.Thread(target=forker.run, args=("refresh",))
    refreshing.start()
    assert arrived.wait(60)
    outcome = forget_account(home.provider, home.store, home.account(), revoke=True)
    refreshing.join()
    home.sandbox.state.take_fault = serve  # type: ignore[method-assign]
    assert (outcome.revoked, home.store.accounts(), home.held().missing([TRANSFER_ALL])) == (True, (), (TRANSFER_ALL,))
    assert [path.name for path in home.folder.iterdir() if path.suffix != ".lock"] == []


def test_who_waits_for_a_refresh_while_another_logs_out_is_told_so(home: Home) -> None:
    home.seed()
    held = home.held()
    held.scopes()
    with home.store.transaction(home.key(), timeout_seconds=10) as transaction:
        outcome: list[Exception | None] = []
        waiting = threading.Thread(target=lambda: outcome.append(error_of(lambda: held.token(TRANSFER_ALL, min_valid=60))))
        waiting.start()
        transaction.delete()
    waiting.join()
    assert isinstance(outcome[0], ScopesMissing)
    assert home.refreshes() == 0


def error_of(action: Callable[[], object]) -> Exception | None:
    try:
        action()
    except (ScopesMissing, LoginRequired) as error:
        return error
    return None
