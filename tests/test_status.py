from __future__ import annotations

from dataclasses import replace

from jupyter_flowauth.hub_tokens import HUB_RENEWAL
from jupyter_flowauth.status import build_held_account, build_status
from jupyter_flowauth.tokens import Token
from tests.fakes.provider import LIFETIME, SENTINEL
from tests.fakes.world import World, account_of, keep, key_of


def logged_in(**options):
    world = World(**options)
    world.login("transfer:all", "groups:view")
    return world


def status_of(world, *required):
    return build_status(world.held, required=required, now=world.clock.seconds)


def test_nobody_is_logged_in():
    status = status_of(World(), "transfer:all")
    assert (status.identity, status.scopes, status.missing) == (None, {}, ("transfer:all",))
    assert str(status) == "Nobody is logged in at Fake Auth. Log in with %login.\nMissing: transfer:all"


def test_who_is_logged_in_with_what_until_when():
    world = logged_in()
    status = status_of(world)
    assert status.scopes == dict.fromkeys(("groups:view", "openid", "transfer:all"), world.clock.seconds + LIFETIME)
    assert str(status).splitlines() == [
        "alice@example.org is logged in at Fake Auth, with 3 scopes:",
        "  groups:view  (good for 60 min)",
        "  openid  (good for 60 min)",
        "  transfer:all  (good for 60 min)",
    ]


def test_hours_expiry_and_an_unknown_one_are_said():
    world = World()
    now = world.clock.seconds
    tokens = Token("1", ("a",), None, now + 7200 * 2), Token("2", ("b",), None, now - 1), Token("3", ("c",))
    keep(world.store, account_of("alice", *tokens))
    assert str(status_of(world)).splitlines()[1:] == [
        "  a  (good for 4 h)",
        "  b  (expired; renewed when it is used, if it can be)",
        "  c",
    ]


def test_others_that_are_held_are_named():
    world = logged_in()
    keep(world.store, account_of("bob"))
    assert status_of(world).others == ("bob@example.org",)
    assert "Also held: bob@example.org" in str(status_of(world))


def test_the_environments_token_is_said_to_be_that():
    world = World(given=(Token("x", ("a",)),))
    assert str(status_of(world)) == "The environment's token is logged in at Fake Auth, with 1 scope:\n  a"


def test_what_comes_from_the_hub_is_said():
    world = logged_in()
    keep(
        world.store,
        account_of("alice", Token("1", ("a", "b"), None, world.clock.seconds + 300, refresh_token=f"{HUB_RENEWAL}x"), Token("2", ("c",))),
    )
    assert status_of(world).from_hub == build_held_account(world.store.read(key_of("alice"))).from_hub == ("a", "b")
    assert str(status_of(world)).splitlines()[-1] == "By the JupyterHub's own login, which renews it: a b"


def test_a_held_account_has_no_token_in_it():
    world = logged_in()
    held = build_held_account(world.store.read(key_of("alice")))
    assert (held.id, held.username, held.name, set(held.scopes)) == (
        key_of("alice").digest,
        "alice@example.org",
        "Alice",
        {"groups:view", "openid", "transfer:all"},
    )
    assert SENTINEL not in f"{held!r}{status_of(world)!r}{status_of(world).__reduce_ex__(2)!r}"


def test_a_value_of_status_can_be_copied():
    status = status_of(logged_in())
    assert replace(status, missing=("x",)).missing == ("x",)
