from __future__ import annotations

import pytest

from jupyter_flowauth.client_grant import issue_missing
from jupyter_flowauth.errors import ProviderError, ScopesMissing
from jupyter_flowauth.scopes import parse_requirements
from tests.fakes.provider import CLIENT_ID
from tests.fakes.world import World, account_of, keep


@pytest.fixture
def world():
    world = World()
    world.provider.grant = "client_credentials"
    return world


def issue(world, *scopes, **options):
    issue_missing(world.held, parse_requirements(scopes), now=world.clock.seconds, **options)


def test_what_is_missing_is_issued_and_kept_with_nobody_there(world):
    issue(world, "a:1")
    issue(world, "a:1", "b:1")
    account = world.held.account()
    assert (account.identity.sub, account.kind, account.scopes) == (CLIENT_ID, "service_account", ("a:1", "b:1"))
    assert (world.provider.sent, world.agent.shown) == (["client", "client"], [])


def test_nothing_is_issued_for_what_is_held(world):
    issue(world, "a:1")
    issue(world, "a:1")
    issue(world)
    assert world.provider.sent == ["client"]


def test_without_a_scope_there_is_at_least_one_token(world):
    issue(world)
    assert world.held.account().scopes == ("default",)


def test_by_force_it_is_issued_anew(world):
    issue(world, "a:1")
    issue(world, "a:1", force=True)
    assert world.provider.sent == ["client", "client"]


def test_less_granted_is_kept_and_said(world):
    world.provider.withheld = {"b:1"}
    with pytest.raises(ScopesMissing) as caught:
        issue(world, "a:1", "b:1")
    assert (caught.value.missing, world.held.scopes()) == (("b:1",), ("a:1",))


def test_a_token_that_expires_is_issued_again_without_a_refresh_token(world):
    issue(world, "a:1")
    before = world.held.token("a:1", min_valid=60)
    world.clock.advance(3599)
    after = world.held.token("a:1", min_valid=60)
    assert (after.access_token != before.access_token, world.provider.sent) == (True, ["client", "client"])


def test_a_provider_that_is_down_loses_nothing(world):
    issue(world, "a:1")
    world.clock.advance(4000)
    world.provider.trouble = ProviderError("it is down")
    with pytest.raises(ProviderError):
        world.held.token("a:1", min_valid=60)
    world.provider.trouble = None
    world.clock.advance(1)
    assert world.held.token("a:1", min_valid=60).seconds_left(world.clock.seconds) > 0


def test_a_persons_login_with_the_same_client_is_another_account(world):
    keep(world.store, account_of("alice", *world.provider.issue(["a:1"], now=world.clock.seconds), logged_in_at=9e9))
    issue(world, "a:1")
    assert world.held.account().identity.sub == CLIENT_ID
    world.provider.grant = "authorization_code"
    assert world.notebook().account().identity.username == "alice@example.org"
