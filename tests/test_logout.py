from __future__ import annotations

import pytest

from jupyter_flowauth.endings import SessionEnding
from jupyter_flowauth.errors import ProviderError
from jupyter_flowauth.logout import forget_account
from tests.fakes.provider import SENTINEL
from tests.fakes.world import World, key_of


@pytest.fixture
def world():
    world = World()
    world.login("transfer:all", "groups:view")
    return world


def log_out(world, *, revoke=True):
    return forget_account(world.provider, world.store, world.held.account(), revoke=revoke)


def test_everything_is_gone_here_and_revoked_there(world):
    outcome = log_out(world)
    assert (outcome.cleared, outcome.revoked, world.store.accounts(), len(world.provider.revoked)) == (True, True, (), 3)
    assert str(outcome) == repr(outcome) == "alice@example.org is logged out: 3 tokens gone from here, and revoked at Fake Auth."


def test_it_is_gone_here_even_if_the_provider_is_down(world):
    world.provider.trouble = ProviderError("It is down")
    outcome = log_out(world)
    assert (outcome.cleared, outcome.revoked, world.store.accounts()) == (True, False, ())
    assert "could not all be revoked there: It is down." in outcome.message
    assert world.provider.sent.count("revoke") == 1


def test_it_need_not_be_revoked(world):
    outcome = log_out(world, revoke=False)
    assert (outcome.revoked, world.provider.revoked) == (None, [])
    assert "not revoked at Fake Auth" in outcome.message


def test_nobody_logged_in_is_no_error():
    world = World()
    assert log_out(world).message == "Nobody was logged in; there was nothing to forget."


def test_what_was_renewed_a_moment_ago_is_what_is_revoked(world):
    account = world.held.account()
    world.notebook().replace_refused("transfer:all", account.token_for("transfer:all"))
    renewed = world.store.read(key_of("alice")).token_for("transfer:all")
    forget_account(world.provider, world.store, account, revoke=True)
    assert renewed.access_token in world.provider.revoked


def test_who_was_logged_out_elsewhere_meanwhile_is_logged_out(world):
    account = world.held.account()
    log_out(world)
    assert forget_account(world.provider, world.store, account, revoke=False).cleared


def test_one_token_is_counted_as_one():
    world = World()
    world.login("openid")
    assert "1 token gone" in log_out(world).message


def test_the_outcome_shows_no_token(world):
    assert SENTINEL not in repr(log_out(world))


def test_sessions_are_ended_before_the_tokens_are_revoked_and_after_they_are_gone_here(world):
    world.provider.endings = (SessionEnding("session", False, "The session goes on."),)
    outcome = forget_account(world.provider, world.store, world.held.account(), revoke=True, server=True)
    assert world.provider.sent.index("end") < world.provider.sent.index("revoke")
    assert (outcome.server, [ending.name for ending in outcome.endings]) == (False, ["session", "revocation"])
    assert outcome.message.endswith("The session goes on.")


def test_a_provider_that_ends_no_session_leaves_that_open(world):
    outcome = forget_account(world.provider, world.store, world.held.account(), revoke=False, server=True)
    assert (outcome.server, outcome.endings) == (None, ())


def test_an_account_whose_provider_is_not_known_any_more_is_forgotten(world):
    outcome = forget_account(None, world.store, world.held.account(), revoke=True, server=True)
    assert (outcome.cleared, outcome.revoked, world.store.accounts()) == (True, False, ())
    assert "the provider 'fake' isn't configured here any more" in outcome.message
