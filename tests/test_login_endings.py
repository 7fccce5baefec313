"""How a login can end otherwise than well: all is as it was, and it is told."""

from __future__ import annotations

import dataclasses

import pytest

from jupyter_flowauth.code_grant import AuthorizationResponse
from jupyter_flowauth.errors import IdentityMismatch, LoginDenied, LoginTimeout, ProviderError, StateMismatch, StorageError
from jupyter_flowauth.login_outcomes import as_sentence
from tests.fakes.user_agent import person
from tests.fakes.world import World, account_of, key_of


@pytest.fixture
def world():
    return World()


def scopes_held(world, user="alice"):
    account = world.store.read(key_of(user))
    return account.scopes if account else ()


def fail_with(world, script, error, *scopes):
    """Run a login that ends badly, and return how it was told."""
    world.agent.script = script
    login = world.build_login(*(scopes or ("transfer:all",)))
    assert login.begin()
    with pytest.raises(error) as caught:
        login.finish()
    assert not world.rendezvous.requests
    return caught.value, world.agent.results[-1]


def test_a_denial_leaves_all_as_it_was(world):
    world.login("groups:view")
    error, result = fail_with(world, person(world.provider, deny=True), LoginDenied)
    assert (error.error, error.error_description, result.outcome) == ("access_denied", "No, thank you", "denied")
    assert scopes_held(world) == ("groups:view", "openid")


def test_a_deadline_that_passes_leaves_all_as_it_was(world):
    def dawdle(_login, patience):
        world.clock.advance(301)
        patience.pause(0)

    error, result = fail_with(world, dawdle, LoginTimeout)
    assert (result.outcome, result.message) == ("timed_out", as_sentence(error.message))
    assert world.provider.sent == ["discovery"]


def test_an_interrupt_leaves_all_as_it_was(world):
    def interrupt(_login, _patience):
        raise KeyboardInterrupt

    _, result = fail_with(world, interrupt, KeyboardInterrupt)
    assert (result.outcome, result.message) == (
        "interrupted",
        "The login was interrupted; what was held before is still held; run it again to be asked again.",
    )


def test_an_interrupt_of_the_very_end_leaves_no_request_behind(world, monkeypatch):
    left = world.rendezvous.write_result
    interrupts = [KeyboardInterrupt]

    def interrupted(result):
        if interrupts:
            raise interrupts.pop()
        left(result)

    monkeypatch.setattr(world.rendezvous, "write_result", interrupted)
    _, result = fail_with(world, person(world.provider), KeyboardInterrupt)
    assert (result.outcome, world.rendezvous.results[result.login_id]) == ("done", result)
    assert "transfer:all" in scopes_held(world)


@pytest.mark.parametrize("how", ["cancelled", "interrupted"])
def test_a_login_can_be_called_off_from_here(world, how):
    login = world.build_login("transfer:all")

    def call_off(_login, patience):
        login.deadline.cancel(how=how)
        patience.pause(10)

    world.agent.script = call_off
    assert login.begin()
    with pytest.raises(LoginDenied, match=f"was {how}") as caught:
        login.finish()
    assert (caught.value.error, login.result.outcome) == (how, how)


def test_cancel_on_the_page_ends_it_too(world):
    def cancel(login, _patience):
        return AuthorizationResponse("", error="cancelled", state_checked=True)

    assert fail_with(world, cancel, LoginDenied)[1].outcome == "cancelled"


def test_an_answer_with_another_state_is_refused_and_no_code_is_sent(world):
    def forged(login, patience):
        answer = person(world.provider)(login, patience)
        return dataclasses.replace(answer, state=f"{login.login_id}.forged")

    _, result = fail_with(world, forged, StateMismatch)
    assert (result.outcome, world.provider.sent) == ("failed", ["discovery"])


def test_an_answer_of_another_issuer_is_refused_and_no_code_is_sent(world):
    fail_with(world, person(world.provider, iss="https://evil.example"), StateMismatch)
    assert world.provider.sent == ["discovery"]


def test_a_code_of_another_login_is_worthless(world):
    """A code that was issued for somebody else's challenge (ATTACKS 2)."""
    theirs = World()
    theirs.provider = world.provider

    def injected(login, patience):
        other = theirs.build_login("transfer:all")
        other.begin()
        return dataclasses.replace(person(world.provider, user="mallory")(other.request, patience), state=login.authorization.state)

    error, _ = fail_with(world, injected, ProviderError)
    assert error.error == "invalid_grant"
    assert scopes_held(world, "mallory") == ()


def test_a_provider_that_fails_at_the_token_endpoint_loses_nothing(world):
    world.login("groups:view")

    def trouble(login, patience):
        answer = person(world.provider)(login, patience)
        world.provider.trouble = ProviderError("Fake Auth has trouble of its own.")
        return answer

    _, result = fail_with(world, trouble, ProviderError)
    assert (result.outcome, result.message) == ("failed", "Fake Auth has trouble of its own.")
    assert scopes_held(world) == ("groups:view", "openid")


def test_somebody_else_coming_back_replaces_nothing_and_their_tokens_are_given_back(world):
    """ATTACKS 22."""
    world.login("groups:view")
    before = world.store.read(key_of("alice"))
    error, result = fail_with(world, person(world.provider, user="bob"), IdentityMismatch)
    assert (error.expected, error.received, result.outcome) == ("alice@example.org", "bob@example.org", "mismatch")
    assert (world.store.accounts(), len(world.provider.revoked)) == ((before,), 2)


def test_an_identity_that_was_asked_for_must_be_the_one_that_comes(world):
    world = World(account="bob@example.org")
    fail_with(world, person(world.provider, user="alice"), IdentityMismatch)
    assert world.login("transfer:all", user="bob").result.identity.username == "bob@example.org"
    assert world.provider.hints == ["bob@example.org"] * 2


def test_no_identity_at_all_is_refused(world):
    world.provider.identifies = False
    error, _ = fail_with(world, person(world.provider), ProviderError)
    assert "didn't say who logged in" in str(error)


def test_another_identity_that_is_held_already_keeps_its_tokens(world):
    """Coming back as somebody whose account is held beside must not revoke what that account uses."""
    world.login("transfer:all")
    with world.store.transaction(key_of("bob"), timeout_seconds=1) as transaction:
        transaction.write(account_of("bob", *world.provider.issue(["transfer:all"], now=0)))
    fail_with(world, person(world.provider, user="bob"), IdentityMismatch, "groups:view")
    assert world.provider.revoked == []


def test_an_interrupt_just_after_the_request_was_left_takes_it_back(world):
    """Otherwise the next login, of the same notebook too, would wait for one that nobody can answer."""
    open_request = world.rendezvous.open_request

    def open_then_interrupt(request):
        open_request(request)
        raise KeyboardInterrupt

    world.rendezvous.open_request = open_then_interrupt
    with pytest.raises(KeyboardInterrupt):
        world.build_login("transfer:all").begin()
    assert (world.rendezvous.requests, [result.outcome for result in world.agent.results]) == ({}, ["interrupted"])


@pytest.mark.parametrize(("error", "outcome"), [(KeyboardInterrupt(), "interrupted"), (StorageError("no"), "failed")])
def test_trouble_between_card_and_wait_ends_the_login(world, error, outcome):
    login = world.build_login("transfer:all")
    assert login.begin()

    def fail(_registration=None, *, unusable=None):
        raise error

    world.store.accounts, world.store.stamp = fail, lambda key=None: object()
    with pytest.raises(type(error)):
        login.finish()
    assert (world.rendezvous.requests, [result.outcome for result in world.agent.results]) == ({}, [outcome])
