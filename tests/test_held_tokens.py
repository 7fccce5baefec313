"""What is held, followed live, and renewed once however many ask."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from jupyter_flowauth.errors import LoginRequired, ProviderError, ScopesMissing, StorageError
from jupyter_flowauth.refresh import Renewals
from jupyter_flowauth.storage.file import FileStore
from jupyter_flowauth.storage.memory import MemoryStore, MemoryTransaction
from jupyter_flowauth.tokens import Token
from tests.fakes.provider import LIFETIME, SENTINEL
from tests.fakes.world import World, account_of, keep, key_of

SCOPE = "transfer:all"


@pytest.fixture
def world():
    world = World()
    world.login(SCOPE, "groups:view")
    world.provider.sent.clear()
    return world


def held_token(world, scope=SCOPE):
    return world.store.read(key_of("alice")).token_for(scope)


def expire(world):
    world.clock.advance(LIFETIME + 1)


def no_renewal_under_way():
    for thread in threading.enumerate():
        if thread.name == "flowauth-refresh":
            thread.join(60)


def test_a_token_that_is_good_costs_no_request(world):
    assert world.held.token(SCOPE, min_valid=60) == held_token(world)
    assert world.provider.sent == []


def test_a_scope_that_nobody_logged_in_for_is_missing(world):
    with pytest.raises(ScopesMissing, match="no login holds search:all") as caught:
        world.held.token("search:all", min_valid=60)
    assert caught.value.missing == ("search:all",)
    assert world.held.missing(["search:all", SCOPE, "a:b"]) == ("a:b", "search:all")


def test_nobody_logged_in_holds_nothing():
    world = World()
    assert (world.held.account(), world.held.scopes(), world.held.missing(["x"])) == (None, (), ("x",))


def test_an_expired_token_is_renewed_and_kept(world):
    expire(world)
    old = held_token(world)
    renewed = world.held.token(SCOPE, min_valid=60)
    assert renewed.access_token != old.access_token
    assert (held_token(world), world.provider.sent) == (renewed, ["refresh"])


def test_a_renewal_leaves_the_other_tokens_alone(world):
    expire(world)
    other = held_token(world, "groups:view")
    world.held.token(SCOPE, min_valid=60)
    assert held_token(world, "groups:view") == other


@pytest.mark.parametrize("left, min_valid, requests", [(100, 60, []), (59, 60, ["refresh"]), (1801, 9e9, []), (1799, 9e9, ["refresh"])])
def test_the_seconds_asked_for_count_to_half_of_the_lifetime(world, left, min_valid, requests):
    world.provider.trouble = ProviderError("down")  # what is renewed ahead of time, in the background, is another test's
    world.clock.advance(LIFETIME - left)
    try:
        world.held.token(SCOPE, min_valid=min_valid)
        waited = []
    except ProviderError:
        waited = ["refresh"]
    no_renewal_under_way()
    assert waited == requests


def test_a_token_without_a_known_expiry_is_good():
    world = World()
    world.provider.lifetime = None
    world.login(SCOPE)
    world.clock.advance(1e9)
    world.held.token(SCOPE, min_valid=60)
    assert world.provider.sent == ["discovery", "code"]


def test_eight_threads_share_one_request(world):
    expire(world)
    together, got = threading.Barrier(8), []

    def ask():
        together.wait(60)
        got.append(world.held.token(SCOPE, min_valid=60).access_token)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (world.provider.sent, len(got), len(set(got))) == (["refresh"], 8, 1)


def test_a_siblings_fresh_token_is_adopted(world):
    expire(world)
    sibling = world.notebook()
    stale = world.held.account()
    fresh = sibling.token(SCOPE, min_valid=60)
    world.held._look = lambda: ((stale,), ())  # it has not looked since
    assert (world.held.token(SCOPE, min_valid=60), world.provider.sent) == (fresh, ["refresh"])


def test_a_dead_refresh_token_drops_that_token_alone(world):
    """ATTACKS 23."""
    expire(world)
    world.provider.dead.add(str(held_token(world).refresh_token))
    with pytest.raises(LoginRequired, match="the other tokens are kept; log in again: %login transfer:all") as caught:
        world.held.token(SCOPE, min_valid=60)
    assert caught.value.missing == (SCOPE,)
    assert world.held.scopes() == ("groups:view", "openid")


@pytest.mark.parametrize("error", [None, "invalid_client", "server_error", "temporarily_unavailable"])
def test_any_other_trouble_drops_nothing(world, error):
    """ATTACKS 23."""
    expire(world)
    before = held_token(world)
    world.provider.trouble = ProviderError("Fake Auth can't be reached.", error=error)
    with pytest.raises(ProviderError, match="can't be reached"):
        world.held.token(SCOPE, min_valid=60)
    after = held_token(world)
    assert (after.access_token, after.refresh_token) == (before.access_token, before.refresh_token)


@pytest.mark.parametrize("seconds", [0, 0.1])
def test_after_trouble_the_next_try_is_one_of_its_own(world, monkeypatch, seconds):
    """And not the failure of the one before, whose thread may be slow to clear up."""
    forget = Renewals._forget
    monkeypatch.setattr(Renewals, "_forget", lambda *attempt: threading.Event().wait(seconds) or forget(*attempt))
    expire(world)
    world.provider.trouble = ProviderError("down")
    with pytest.raises(ProviderError):
        world.held.token(SCOPE, min_valid=60)
    world.provider.trouble = None
    world.clock.advance(1)
    assert world.held.token(SCOPE, min_valid=60) == held_token(world)


def test_that_a_refresh_was_sent_is_written_before(world):
    expire(world)
    seen = []
    world.provider.before_refresh = lambda: seen.append(held_token(world).refresh_started)
    world.held.token(SCOPE, min_valid=60)
    assert seen == [world.clock.seconds]
    assert held_token(world).refresh_started is None


def test_a_refresh_that_was_interrupted_is_presented_once_more_and_then_said(world):
    expire(world)
    account = world.store.read(key_of("alice"))
    token = account.token_for(SCOPE)
    keep(world.store, account.with_refreshed(token, replace(token, refresh_started=1.0)))
    world.provider.dead.add(str(token.refresh_token))
    with pytest.raises(LoginRequired, match="a refresh was interrupted"):
        world.held.token(SCOPE, min_valid=60)
    assert world.provider.sent == ["refresh"]


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (ProviderError("the answer was lost"), "a refresh was interrupted"),
        (ProviderError("down", status=502), "a refresh was interrupted"),
        (ProviderError("down", status=503, nothing_done=True), "the provider has ended this login"),
        (ProviderError("refused", status=400, error="invalid_request"), "the provider has ended this login"),
    ],
)
def test_an_answer_that_was_lost_counts_as_an_interrupted_refresh(world, trouble, why):
    expire(world)
    world.provider.trouble = trouble
    with pytest.raises(ProviderError):
        world.held.token(SCOPE, min_valid=60)
    world.provider.trouble = None
    world.clock.advance(1)
    world.provider.dead.add(str(held_token(world).refresh_token))
    with pytest.raises(LoginRequired, match=why):
        world.held.token(SCOPE, min_valid=60)


def test_a_try_that_did_nothing_leaves_the_mark_of_the_one_that_was_lost(world):
    expire(world)
    for trouble in (ProviderError("the answer was lost"), ProviderError("busy", status=503, nothing_done=True)):
        world.provider.trouble = trouble
        with pytest.raises(ProviderError):
            world.held.token(SCOPE, min_valid=60)
        world.clock.advance(1)
    assert held_token(world).refresh_started == world.clock.seconds - 2


def test_a_full_disk_stops_before_the_refresh_token_is_sent(world, monkeypatch):
    class Full(MemoryTransaction):
        def reserve(self):
            raise StorageError("There is no room.")

    expire(world)
    monkeypatch.setattr("jupyter_flowauth.storage.memory.MemoryTransaction", Full)
    with pytest.raises(StorageError, match="no room"):
        world.held.token(SCOPE, min_valid=60)
    assert (world.provider.sent, held_token(world).refresh_started) == ([], None)


def test_without_a_refresh_token_it_serves_to_its_end():
    world = World()
    keep(world.store, account_of("alice", Token("x", (SCOPE,), expires_at_seconds=world.clock.seconds + 10)))
    assert world.held.token(SCOPE, min_valid=60).access_token == "x"
    world.clock.advance(11)
    with pytest.raises(LoginRequired, match=r"has expired.*%login transfer:all"):
        world.held.token(SCOPE, min_valid=60)


def test_what_was_logged_out_meanwhile_is_not_renewed(world):
    expire(world)
    stale = world.held.account()
    with world.store.transaction(stale.key, timeout_seconds=1) as transaction:
        transaction.delete()
    world.held._look = lambda: ((stale,), ())
    with pytest.raises(ScopesMissing, match="was logged out meanwhile"):
        world.held.token(SCOPE, min_valid=60)
    assert world.provider.sent == []


def test_less_granted_at_a_refresh_is_recorded_as_such(world):
    world.login("transfer:more")
    world.provider.withheld = {"transfer:more"}
    expire(world)
    world.held.token(SCOPE, min_valid=60)
    assert world.held.missing([SCOPE, "transfer:more"]) == ("transfer:more",)


def test_a_token_that_a_service_refused_is_renewed(world):
    refused = held_token(world)
    assert world.held.replace_refused(SCOPE, refused)
    assert held_token(world) != refused


def test_a_token_that_was_replaced_already_is_not_renewed_again(world):
    refused = held_token(world)
    world.notebook().replace_refused(SCOPE, refused)
    assert world.held.replace_refused(SCOPE, refused)
    assert world.provider.sent == ["refresh"]


def test_where_no_other_token_is_to_be_had_the_refusal_stands(world):
    world.provider.trouble = ProviderError("down")
    assert not world.held.replace_refused(SCOPE, held_token(world))
    assert not world.held.replace_refused("search:all", held_token(world))


def test_a_refused_token_that_cannot_be_renewed_stands_refused():
    world = World()
    token = Token("x", (SCOPE,), expires_at_seconds=world.clock.seconds + 10)
    keep(world.store, account_of("alice", token))
    assert not world.held.replace_refused(SCOPE, token)


def test_a_token_from_the_environment_wins_and_is_never_renewed():
    given = Token("given", (SCOPE,), expires_at_seconds=World().clock.seconds + 10)
    world = World(given=(given,))
    world.login("groups:view")
    assert world.held.token(SCOPE, min_valid=60) is given
    assert world.held.scopes() == ("groups:view", "openid", SCOPE)
    world.clock.advance(10)
    with pytest.raises(LoginRequired, match="FLOWAUTH_TOKEN has expired, and nothing renews it: mint another one"):
        world.held.token(SCOPE, min_valid=60)


def test_a_login_elsewhere_shows_at_the_next_look(world):
    other = world.notebook()
    assert other.missing(["search:all"]) == ("search:all",)
    world.login("search:all")
    assert other.missing(["search:all"]) == ()


def test_the_most_recent_login_is_the_default_one(world):
    keep(world.store, account_of("bob", *world.provider.issue(["x:y"], now=0), logged_in_at=world.clock.seconds + 1))
    assert world.notebook().account().identity.username == "bob@example.org"
    world.account = "ALICE@example.org"
    assert world.notebook().account().identity.username == "alice@example.org"


def test_who_logs_in_elsewhere_does_not_take_a_notebook_over(world):
    """ATTACKS 22: a client that lives for days doesn't become somebody else's."""
    before = world.held.token(SCOPE, min_valid=60)
    keep(world.store, account_of("bob", *world.provider.issue([SCOPE], now=0), logged_in_at=world.clock.seconds + 1))
    assert world.held.token(SCOPE, min_valid=60) is not None
    assert (world.held.token(SCOPE, min_valid=60).fingerprint, world.held.account().identity.sub) == (before.fingerprint, "sub-of-alice")


@pytest.fixture
def partly_unusable(tmp_path):
    """A world whose store holds alice's login and bob's, and bob's by a newer version."""
    world = World(store=FileStore(tmp_path / "flowauth"))
    world.login(SCOPE)
    alices = world.held.token(SCOPE, min_valid=60)
    keep(world.store, account_of("bob", *world.provider.issue([SCOPE], now=0), logged_in_at=1))
    (tmp_path / "flowauth" / f"{key_of('bob').digest}.json").write_text('{"format": 99}')
    return world, alices


def test_an_account_that_must_not_be_used_stops_nobody_who_uses_another(partly_unusable):
    world, alices = partly_unusable
    assert (world.held.token(SCOPE, min_valid=60), world.held.missing([SCOPE])) == (alices, ())
    world.account = "alice@example.org"
    assert world.notebook().token(SCOPE, min_valid=60) == alices


@pytest.mark.parametrize("account", [None, "bob@example.org"])
def test_where_it_may_be_the_one_that_is_meant_nobody_elses_is_used(partly_unusable, account):
    world, _ = partly_unusable
    world.account = account
    for _ in range(2):
        with pytest.raises(StorageError, match="newer version"):
            world.notebook().token(SCOPE, min_valid=60)


def test_once_it_is_gone_the_others_are_all_there_is(partly_unusable):
    world, alices = partly_unusable
    notebook = world.notebook()
    with pytest.raises(StorageError):
        notebook.account()
    (world.store.folder / f"{key_of('bob').digest}.json").unlink()
    assert notebook.token(SCOPE, min_valid=60) == alices


def test_whoever_is_left_is_used_after_a_logout(world):
    world.held.account()
    keep(world.store, account_of("bob", *world.provider.issue([SCOPE], now=0), logged_in_at=1))
    with world.store.transaction(key_of("alice"), timeout_seconds=5) as transaction:
        transaction.delete()
    assert world.held.account().identity.username == "bob@example.org"


def test_an_unchanged_store_is_not_read_again():
    class Counting(MemoryStore):
        reads = 0

        def accounts(self, registration=None, *, unusable=None):
            self.reads += 1
            return super().accounts(registration)

    world = World(store=Counting())
    world.login(SCOPE)
    world.held.missing([SCOPE])
    world.held.missing([SCOPE])
    before = world.store.reads
    world.held.missing([SCOPE])
    world.held.token(SCOPE, min_valid=60)
    assert world.store.reads == before


def test_no_error_of_a_refresh_shows_a_token(world):
    expire(world)
    world.provider.dead.add(str(held_token(world).refresh_token))
    with pytest.raises(LoginRequired) as caught:
        world.held.token(SCOPE, min_valid=60)
    assert SENTINEL not in f"{caught.value!r}{caught.value}{caught.getrepr(style='long', showlocals=True)}"
