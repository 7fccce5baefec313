"""The login use case, read as a transcript: what is asked for, what comes back, what is left behind."""

from __future__ import annotations

import dataclasses
from urllib.parse import urlsplit

import pytest

from jupyter_flowauth.errors import (
    InteractionRequired,
    LoginRequired,
    LoginTimeout,
    ProviderError,
    ScopesMissing,
    StorageError,
)
from jupyter_flowauth.login import LONGEST_TIMEOUT_SECONDS, Deadline, Login
from tests.fakes.clock import FixedClock
from tests.fakes.provider import SENTINEL
from tests.fakes.world import World, key_of


@pytest.fixture
def world():
    return World()


def scopes_held(world, user="alice"):
    account = world.store.read(key_of(user))
    return account.scopes if account else ()


def test_a_first_login_asks_for_what_is_wanted_and_who_it_is(world):
    world.login("transfer:all", "groups:view")
    assert world.provider.asked == ["openid transfer:all groups:view"]
    assert scopes_held(world) == ("groups:view", "openid", "transfer:all")


def test_the_code_is_exchanged_with_this_logins_verifier_and_nonce(world):
    world.login("transfer:all")  # the fake provider compares both
    assert world.provider.sent == ["discovery", "code"]


def test_nothing_is_asked_if_nothing_is_missing(world):
    world.login("transfer:all")
    assert not world.build_login("transfer:all").begin()
    assert (len(world.agent.shown), world.provider.sent) == (1, ["discovery", "code"])


def test_only_what_is_missing_is_shown_and_what_is_held_elsewhere_is_not_asked_again(world):
    world.login("transfer:all")
    world.login("transfer:all", "groups:view")
    assert [line.scope for line in world.agent.shown[1].missing] == ["groups:view"]
    assert world.provider.asked[1] == "openid groups:view"


def test_what_is_held_at_the_same_resource_server_is_asked_for_again(world):
    world.login("groups:view")
    world.login("groups:all")
    assert world.provider.asked[1] == "openid groups:all groups:view"
    assert [line.scope for line in world.agent.shown[1].missing] == ["groups:all"]


def test_one_token_then_covers_them_all(world):
    world.login("groups:view")
    world.login("groups:all")
    assert [set(token.scopes) for token in world.store.read(key_of("alice")).tokens] == [{"openid"}, {"groups:all", "groups:view"}]


def test_the_identity_that_is_held_is_hinted(world):
    world.login("transfer:all")
    world.login("groups:view")
    assert world.provider.hints == [None, "alice@example.org"]


def test_force_asks_for_what_is_held(world):
    world.login("transfer:all", "groups:view")
    world.login("transfer:all", force=True)
    assert world.provider.asked[1] == "openid transfer:all"


def test_the_result_says_who_and_how_many_scopes(world):
    result = world.login("transfer:all", "groups:view").result
    assert (result.outcome, result.message, result.scopes) == (
        "done",
        "You are alice@example.org, 2 scopes granted.",
        ("transfer:all", "groups:view"),
    )
    assert world.rendezvous.results == {result.login_id: result}
    assert world.agent.results == [result]


def test_the_request_in_the_rendezvous_holds_no_verifier(world):
    world.login("transfer:all")
    fields = dataclasses.asdict(world.agent.shown[0])
    assert "code_verifier" not in str(fields)
    assert fields["authorization"]["code_challenge"]


def test_less_granted_than_asked_is_kept_and_said(world):
    world.provider.withheld = {"groups:view"}
    with pytest.raises(ScopesMissing, match=r"to be asked again: %login groups:view$") as caught:
        world.login("transfer:all", "groups:view")
    assert (caught.value.missing, caught.value.granted) == (("groups:view",), ("transfer:all",))
    assert scopes_held(world) == ("openid", "transfer:all")
    assert world.store.read(key_of("alice")).declined == ("groups:view",)
    assert world.agent.results[0].message == "You are alice@example.org, 1 scope granted, 1 scope not granted: groups:view."


def test_a_provider_that_is_down_fails_before_anybody_is_asked(world):
    world.provider.trouble = ProviderError("Fake Auth can't be reached.")
    with pytest.raises(ProviderError):
        world.build_login("transfer:all").begin()
    assert not world.agent.shown


def test_a_storage_that_is_full_fails_before_anybody_is_asked(world):
    class Full(type(world.store)):
        def prepare(self):
            raise StorageError("There is no room.")

    world.store = Full()
    with pytest.raises(StorageError):
        world.build_login("transfer:all").begin()
    assert (world.agent.shown, world.provider.sent) == ([], [])


def test_nobody_there_is_an_error_at_once_and_costs_no_request(world):
    def nobody(missing, presenter):
        raise InteractionRequired("Nobody is there.", missing=missing)

    with pytest.raises(InteractionRequired) as caught:
        world.build_login("transfer:all", choose_user_agent=nobody).begin()
    assert (caught.value.missing, world.provider.sent) == (("transfer:all",), [])


def test_a_card_that_cannot_be_shown_ends_the_login(world):
    class Broken(type(world.agent)):
        def show(self, login):
            raise OSError("no screen")

    world.agent = Broken(world.agent.script)
    with pytest.raises(OSError, match="no screen"):
        world.build_login("transfer:all").begin()
    assert (world.rendezvous.requests, world.agent.results[0].outcome) == ({}, "failed")
    assert "OSError" in world.agent.results[0].message


def test_a_wait_that_is_too_long_is_shortened_and_that_is_said(world):
    login = world.build_login("transfer:all", timeout=5000)
    assert login.begin()
    request = world.agent.shown[0]
    assert request.expires_at_seconds - request.created_at_seconds == LONGEST_TIMEOUT_SECONDS
    assert world.presenter.sentences == ["The wait was shortened to the longest allowed, 15 minutes."]


def test_a_wait_that_is_allowed_is_kept_in_silence(world):
    world.build_login("transfer:all", timeout=20).begin()
    assert world.agent.shown[0].expires_at_seconds - world.agent.shown[0].created_at_seconds == 20
    assert world.presenter.sentences == []


def test_a_wait_that_is_no_number_is_refused_before_anybody_is_asked(world):
    with pytest.raises(ValueError, match="timeout is a number of seconds"):
        world.build_login("transfer:all", timeout=float("nan"))


def test_a_configured_wait_that_is_too_long_is_shortened_too(world):
    assert world.build_login("transfer:all", timeout_seconds=5000).begin()
    assert world.presenter.sentences == ["The wait was shortened to the longest allowed, 15 minutes."]


def test_no_time_at_all_is_none(world):
    login = world.build_login("transfer:all", timeout=0)
    assert login.begin()
    with pytest.raises(LoginTimeout):
        login.deadline.pause(0)


def test_the_persons_time_begins_when_the_card_is_there(world):
    build = world.provider.build_authorization_request

    def slow(*values, **names):
        world.clock.advance(299)
        return build(*values, **names)

    world.provider.build_authorization_request = slow
    login = world.build_login("transfer:all")
    assert login.begin()
    world.clock.advance(299)
    login.deadline.pause(0)
    world.clock.advance(1)
    with pytest.raises(LoginTimeout):
        login.deadline.pause(0)


def test_a_file_that_was_set_aside_is_said_and_asked_for_anew(world):
    class Corrupt(type(world.store)):
        corrupt = True

        def accounts(self, registration=None, *, unusable=None):
            if self.corrupt:
                self.corrupt = False
                raise LoginRequired("The file was set aside.")
            return super().accounts(registration)

    world.store = Corrupt()
    world.held = world.notebook()
    world.login("transfer:all")
    assert world.presenter.sentences == ["The file was set aside."]
    assert scopes_held(world) == ("openid", "transfer:all")


def test_waiting_before_beginning_is_a_mistake_of_the_programmer(world):
    with pytest.raises(RuntimeError, match=r"begin\(\) comes first"):
        world.build_login("transfer:all").finish()


def test_the_patience_of_a_login_shows_no_hurry():
    clock = FixedClock()
    deadline = Deadline(clock, 10)
    deadline.pause(0)
    clock.advance(10)
    with pytest.raises(LoginTimeout):
        deadline.pause(0)


def test_no_secret_is_in_what_anybody_is_shown(world):
    login = world.login("transfer:all")
    shown = repr((world.agent.shown, world.agent.results, world.rendezvous.results, login.result, world.store.read(key_of("alice"))))
    assert SENTINEL not in shown
    assert world.agent.shown[0].authorization.state not in shown


def test_who_asks_for_what_and_where_is_in_the_request(world):
    world.build_login("transfer:all", asked_by="server", client_title="JupyterLab", server_id="7").begin()
    request = world.agent.shown[0]
    assert (request.asked_by, request.client_title, request.server_id, request.user_agent) == ("server", "JupyterLab", "7", "scripted")
    assert (request.storage, urlsplit(request.authorization.issuer).netloc) == (world.store.location, "issuer.example")


def test_a_login_is_of_a_class_that_shows_nothing(world):
    assert SENTINEL not in repr(Login(world.context(), ()))
