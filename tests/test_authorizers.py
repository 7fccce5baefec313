from __future__ import annotations

from dataclasses import replace

import globus_sdk
import pytest

from jupyter_flowauth.authorizers import LOOK_AGAIN_SECONDS, Authorizer
from jupyter_flowauth.errors import LoginRequired, ScopesMissing
from tests.fakes.provider import LIFETIME, SENTINEL
from tests.fakes.world import World, account_of, key_of

SCOPE = "transfer:all"


@pytest.fixture
def world():
    world = World()
    world.login(SCOPE, "groups:view")
    world.provider.sent.clear()
    return world


def held_token(world, scope=SCOPE):
    return world.store.read(key_of("alice")).token_for(scope)


def test_the_header_is_the_bearer_of_the_scopes_token(world):
    assert world.authorizers[SCOPE].get_authorization_header() == f"Bearer {held_token(world).access_token}"


def test_a_warm_header_looks_at_the_store_at_most_once_a_second(world):
    authorizer, looks = world.authorizers[SCOPE], []
    token = world.held.token
    world.held.token = lambda *values, **names: looks.append(1) or token(*values, **names)
    for _ in range(3):
        authorizer.get_authorization_header()
    assert len(looks) == 1
    world.clock.advance(LOOK_AGAIN_SECONDS)
    authorizer.get_authorization_header()
    assert len(looks) == 2


def test_a_header_follows_a_renewal_elsewhere(world):
    authorizer = world.authorizers[SCOPE]
    before = authorizer.get_authorization_header()
    world.notebook().replace_refused(SCOPE, held_token(world))
    world.clock.advance(LOOK_AGAIN_SECONDS)
    assert authorizer.get_authorization_header() == f"Bearer {held_token(world).access_token}" != before


def test_a_header_is_good_for_as_long_as_was_asked(world):
    authorizer = Authorizer(world.held, SCOPE, clock=world.clock, min_valid=1000)
    world.clock.advance(LIFETIME - 999)
    authorizer.get_authorization_header()
    assert world.provider.sent == ["refresh"]


def test_a_warm_header_is_never_older_than_its_token(world):
    authorizer = Authorizer(world.held, SCOPE, clock=world.clock, min_valid=60)
    world.clock.advance(LIFETIME - 60.5)
    authorizer.get_authorization_header()
    world.clock.advance(0.6)
    authorizer.get_authorization_header()
    assert held_token(world).obtained_at_seconds > 1_000_000


def test_a_refusal_is_met_with_one_renewal(world):
    authorizer = world.authorizers[SCOPE]
    before = authorizer.get_authorization_header()
    assert authorizer.handle_missing_authorization()
    assert (authorizer.get_authorization_header() == before, world.provider.sent) == (False, ["refresh"])


def test_a_refusal_before_any_header_was_given_is_not_ours(world):
    assert not world.authorizers[SCOPE].handle_missing_authorization()
    assert world.provider.sent == []


def test_a_dead_refresh_token_is_login_required(world):
    authorizer = world.authorizers[SCOPE]
    world.clock.advance(LIFETIME)
    world.provider.dead.add(str(held_token(world).refresh_token))
    with pytest.raises(LoginRequired):
        authorizer.get_authorization_header()


def test_a_missing_scope_is_a_key_error_that_names_it(world):
    with pytest.raises(KeyError) as caught:
        world.authorizers["search:all"]
    assert isinstance(caught.value, ScopesMissing)
    assert caught.value.missing == ("search:all",)
    assert str(caught.value) == ("this scope is not held: search:all - everything else still works; log in for it: %login search:all")


@pytest.mark.parametrize("key", ["", "a b", "a[", 7, None])
def test_what_is_no_scope_is_missing_too(world, key):
    with pytest.raises(ScopesMissing, match="not a scope"):
        world.authorizers[key]
    assert key not in world.authorizers


def test_a_scope_object_of_the_sdk_finds_what_its_string_finds(world):
    scope = globus_sdk.Scope(SCOPE).with_dependency(globus_sdk.Scope("x"))
    assert world.authorizers[scope].scope == SCOPE
    assert scope in world.authorizers


def test_the_mapping_is_alive(world):
    authorizers = world.authorizers
    assert list(authorizers) == ["groups:view", "openid", SCOPE]
    world.login("search:all")
    assert (len(authorizers), "search:all" in authorizers) == (4, True)


def test_one_scope_has_one_authorizer(world):
    authorizers = world.authorizers
    assert authorizers[SCOPE] is authorizers[SCOPE]


def test_updating_with_our_own_changes_nothing(world):
    authorizers = world.authorizers
    authorizers.update(dict(authorizers))
    assert len(authorizers) == 3


def test_foreign_authorizers_are_kept_for_this_process(world):
    authorizers, foreign = world.authorizers, globus_sdk.AccessTokenAuthorizer("theirs")
    authorizers.update({"flow": foreign, SCOPE: foreign})
    assert authorizers["flow"] is foreign
    assert authorizers[SCOPE] is not foreign
    assert (list(authorizers), "flow" in authorizers) == (["flow", "groups:view", "openid", SCOPE], True)


def test_no_header_is_shown(world):
    authorizers = world.authorizers
    header = authorizers[SCOPE].get_authorization_header()
    assert SENTINEL not in f"{authorizers!r}{authorizers[SCOPE]!r}{header!r}{vars(type(authorizers))!r}"
    assert repr(authorizers[SCOPE]) == f"<Authorizer of {SCOPE}>"


def test_an_sdk_client_takes_ours(world):
    client = globus_sdk.GroupsClient(authorizer=world.authorizers["groups:view"])
    assert client.authorizer is world.authorizers["groups:view"] or client.authorizer.scope == "groups:view"


def test_a_client_never_goes_over_to_another_identity(world):
    authorizer = world.authorizers[SCOPE]
    authorizer.get_authorization_header()
    with world.store.transaction(key_of("bob"), timeout_seconds=1) as transaction:
        transaction.write(replace(account_of("bob", held_token(world)), logged_in_at_seconds=world.clock.now() + 1))
    with world.store.transaction(key_of("alice"), timeout_seconds=1) as transaction:
        transaction.delete()
    authorizer.look_again()
    with pytest.raises(ScopesMissing):
        authorizer.get_authorization_header()
    assert world.authorizers[SCOPE].get_authorization_header().startswith("Bearer ")
