from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_flowauth.errors import IdentityMismatch, ProviderError
from jupyter_flowauth.keeping import keep_issued
from jupyter_flowauth.tokens import TokenResponse
from tests.fakes.provider import identity_of
from tests.fakes.world import World, account_of, key_of


def issued(world, *scopes, user="alice"):
    return TokenResponse(world.provider.issue(scopes, now=world.clock.seconds), identity_of(user), "id-token")


def keep(world, *scopes, asked=(), user="alice"):
    return keep_issued(issued(world, *scopes, user=user), world.held, asked=asked, now=world.clock.seconds)


@pytest.fixture
def world():
    return World()


def test_a_first_login_makes_the_account(world):
    assert keep(world, "a:1") == identity_of("alice")
    account = world.store.read(key_of("alice"))
    assert (account.provider, account.logged_in_at_seconds, account.id_token) == ("fake", world.clock.seconds, "id-token")


def test_a_later_login_adds_to_it_and_counts_as_the_latest(world):
    keep(world, "a:1")
    world.clock.advance(5)
    keep(world, "b:1")
    account = world.store.read(key_of("alice"))
    assert (account.scopes, account.logged_in_at_seconds) == (("a:1", "b:1"), world.clock.seconds)


def test_who_logs_in_elsewhere_a_moment_later_does_not_take_over(world):
    """ATTACKS 22: before this notebook has looked at what it was given."""
    keep(world, "a:1")
    with world.store.transaction(key_of("bob"), timeout_seconds=1) as transaction:
        transaction.write(account_of("bob", *world.provider.issue(["a:1"], now=0), logged_in_at=world.clock.seconds + 1))
    assert world.held.account().identity == identity_of("alice")


def test_what_was_asked_and_not_granted_is_recorded_until_it_is(world):
    keep(world, "a:1", asked=("a:1", "b:1"))
    assert world.store.read(key_of("alice")).declined == ("b:1",)
    keep(world, "b:1", asked=("b:1",))
    assert world.store.read(key_of("alice")).declined == ()


def test_a_name_that_somebody_else_bears_by_now_is_somebody_else(world):
    """ATTACKS 22: names are given anew, a subject never is."""
    keep(world, "a:1")
    impostor = replace(identity_of("alice"), sub="sub-of-another-alice")
    with pytest.raises(IdentityMismatch):
        keep_issued(replace(issued(world, "a:1"), identity=impostor), world.held, asked=(), now=world.clock.seconds)
    assert [account.identity.sub for account in world.store.accounts()] == ["sub-of-alice"]


def test_tokens_of_nobody_are_not_kept(world):
    with pytest.raises(ProviderError, match="didn't say who logged in"):
        keep_issued(TokenResponse(world.provider.issue(["a:1"], now=0)), world.held, asked=(), now=0)
    assert world.store.accounts() == ()


def test_somebody_elses_tokens_are_given_back_one_by_one(world):
    keep(world, "a:1")
    with pytest.raises(IdentityMismatch, match=r"you came back as bob@example.org, .* the account of alice@example.org"):
        keep(world, "a:1", "b:1", user="bob")
    assert len(world.provider.revoked) == 2


def test_giving_back_is_tried_once_where_the_provider_is_down(world):
    keep(world, "a:1")
    world.provider.trouble = ProviderError("down")
    with pytest.raises(IdentityMismatch):
        keep(world, "a:1", "b:1", user="bob")
    assert world.provider.sent == ["revoke"]


def test_an_account_that_was_wanted_and_is_not_held_yet_is_named(world):
    world.account = "bob@example.org"
    world.held = world.notebook()
    with pytest.raises(IdentityMismatch) as caught:
        keep(world, "a:1")
    assert (caught.value.expected, caught.value.received) == ("bob@example.org", "alice@example.org")
