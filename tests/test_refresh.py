"""The renewal ahead of time, and the attempt that is shared among processes."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from jupyter_flowauth.errors import LoginRequired, ProviderError
from jupyter_flowauth.refresh import AHEAD_SECONDS, RETRY_AHEAD_SECONDS, clamp_min_valid, is_due, is_due_soon
from jupyter_flowauth.storage.memory import MemoryStore
from jupyter_flowauth.tokens import NEVER, Token
from tests.fakes.provider import LIFETIME
from tests.fakes.world import World, keep, key_of

SCOPE = "transfer:all"


@pytest.fixture
def world():
    world = World()
    world.login(SCOPE)
    world.provider.sent.clear()
    return world


def finish_renewals():
    for thread in threading.enumerate():
        if thread.name == "flowauth-refresh":
            thread.join(60)


def near_the_end(world):
    world.clock.advance(LIFETIME - 60 - AHEAD_SECONDS + 1)


def held_token(world):
    return world.store.read(key_of("alice")).token_for(SCOPE)


def good_for(seconds, *, lifetime=1000.0, refresh_token="r"):
    return Token("x", (SCOPE,), None, seconds, seconds - lifetime, refresh_token)


def test_what_is_asked_for_is_at_most_half_of_the_lifetime():
    assert (clamp_min_valid(good_for(9), 60), clamp_min_valid(good_for(9), NEVER)) == (60, 500)
    assert clamp_min_valid(Token("x", ()), 60) == 60


def test_the_mandatory_window_is_what_was_asked_for():
    assert (is_due(good_for(59), 60, now=0), is_due(good_for(60), 60, now=0)) == (True, False)


def test_the_advisory_window_is_four_minutes_or_a_fifth_more():
    assert (is_due_soon(good_for(259), 60, now=0), is_due_soon(good_for(260), 60, now=0)) == (True, False)
    assert (is_due_soon(good_for(299, lifetime=9999), 60, now=0), is_due_soon(good_for(300, lifetime=9999), 60, now=0)) == (True, False)


def test_what_cannot_be_renewed_is_not_due_soon():
    assert not is_due_soon(good_for(61, refresh_token=None), 60, now=0)


def test_one_caller_renews_ahead_and_goes_on_with_the_old_token(world):
    near_the_end(world)
    old = held_token(world)
    assert world.held.token(SCOPE, min_valid=60) == old
    finish_renewals()
    assert (held_token(world) == old, world.provider.sent) == (False, ["refresh"])


def test_a_renewal_ahead_that_failed_is_nobodys_error_and_is_tried_again_later(world):
    near_the_end(world)
    world.provider.trouble = ProviderError("down")
    for _ in range(3):
        world.held.token(SCOPE, min_valid=60)
        finish_renewals()
    assert world.provider.sent == ["refresh"]
    world.clock.advance(RETRY_AHEAD_SECONDS)
    world.held.token(SCOPE, min_valid=60)
    finish_renewals()
    assert world.provider.sent == ["refresh"] * 2


def test_a_dead_refresh_token_met_ahead_leaves_the_access_token_its_time(world):
    near_the_end(world)
    old = held_token(world)
    world.provider.dead.add(str(old.refresh_token))
    world.held.token(SCOPE, min_valid=60)
    finish_renewals()
    assert (held_token(world).access_token, held_token(world).refresh_token) == (old.access_token, None)
    world.clock.advance(AHEAD_SECONDS + 61)
    with pytest.raises(LoginRequired):
        world.held.token(SCOPE, min_valid=60)


def test_who_waited_for_a_siblings_failed_attempt_shares_it(world):
    class Waiting(MemoryStore):
        """A store whose lock is held by a sibling, whose attempt fails meanwhile."""

        def transaction(self, key, *, timeout_seconds):
            world.clock.advance(1)
            account = self.read(key)
            token = account.token_for(SCOPE)
            failed = replace(token, refresh_failure="The sibling failed.", refresh_failed_at_seconds=world.clock.seconds)
            self._put(key, account.with_refreshed(token, failed))
            return super().transaction(key, timeout_seconds=timeout_seconds)

    world.clock.advance(LIFETIME + 1)
    shared = Waiting()
    keep_all = world.store.accounts()
    for account in keep_all:
        shared._put(account.key, account)
    world.store = shared
    with pytest.raises(ProviderError, match="The sibling failed"):
        world.notebook().token(SCOPE, min_valid=60)
    assert world.provider.sent == []


def test_a_token_that_another_host_stored_meanwhile_is_adopted(world):
    """Two hosts that share a home and not its locks: the refusal means that the other one was faster."""
    world.clock.advance(LIFETIME + 1)
    account = world.store.read(key_of("alice"))
    (fresh,) = world.provider.issue([SCOPE], now=world.clock.seconds)
    world.provider.dead.add(str(held_token(world).refresh_token))
    world.provider.before_refresh = lambda: keep(world.store, replace(account, tokens=(fresh,)))
    assert world.held.token(SCOPE, min_valid=60) == fresh
    assert held_token(world) == fresh


@pytest.mark.parametrize(
    ("trouble", "raised"), [(RuntimeError("can't start new thread"), ProviderError), (KeyboardInterrupt(), KeyboardInterrupt)]
)
def test_a_thread_that_is_not_to_be_had_keeps_nobody_waiting(world, monkeypatch, trouble, raised):
    def fail(_thread):
        raise trouble

    world.clock.advance(LIFETIME)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        with pytest.raises(raised):
            world.held.token(SCOPE, min_valid=60)
    assert world.held.token(SCOPE, min_valid=60).seconds_left(world.clock.now()) == LIFETIME


@pytest.mark.parametrize("dead", [False, True])
def test_who_was_logged_out_during_a_refresh_stays_logged_out(world, dead):
    """By a host whose locks don't reach here: here the lock would have kept the logout waiting."""

    def log_out():
        with world.store.transaction(key_of("alice"), timeout_seconds=1) as transaction:
            transaction.delete()

    world.clock.advance(LIFETIME + 1)
    if dead:
        world.provider.dead.add(str(held_token(world).refresh_token))
    world.provider.before_refresh = log_out
    try:
        world.held.token(SCOPE, min_valid=60)
    except LoginRequired:
        assert dead
    assert world.store.accounts() == ()
