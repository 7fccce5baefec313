"""A device login, read as a transcript: what the person is shown, when the provider is asked, how it ends (ATTACKS 21)."""

from __future__ import annotations

import dataclasses

import pytest

from jupyter_flowauth.code_grant import AuthorizationResponse
from jupyter_flowauth.device_login import MOST_REQUESTS
from jupyter_flowauth.errors import ConfigurationError, InteractionRequired, LoginDenied, LoginTimeout, ProviderError
from jupyter_flowauth.user_agents.device import DeviceUserAgent
from tests.fakes.device import DeviceWorld
from tests.fakes.provider import SENTINEL
from tests.fakes.user_agent import ScriptedUserAgent, person
from tests.fakes.world import World, key_of

PENDING = ProviderError("Not yet.", error="authorization_pending", status=400)


@pytest.fixture
def world():
    return DeviceWorld()


def run(world, *scopes, **options):
    login = world.build_login(*(scopes or ("transfer:all",)), **options)
    assert login.begin()
    login.finish()
    return login


def test_the_person_sees_page_and_code_and_the_tokens_come(world):
    result = run(world, "transfer:all").result
    shown, address, rung = world.presenter.shown[0]
    assert (address, rung, shown.device.user_code) == ("https://issuer.example/device", "device", "CODE-1")
    assert (result.outcome, result.message) == ("done", "You are alice@example.org, 1 scope granted.")
    assert world.store.read(key_of("alice")).scopes == ("openid", "transfer:all")


def test_it_is_this_logins_verifier_that_the_tokens_are_asked_with(world):
    run(world)  # the fake provider compares it with the challenge of the device request
    assert world.provider.sent == ["discovery", "device", "poll"]


def test_the_card_lasts_no_longer_than_the_code_and_no_longer_than_was_asked(world):
    run(world)
    assert world.presenter.shown[0][0].expires_at_seconds == world.provider.device.shown.expires_at_seconds == 1_000_060
    world.provider.lives = 6000
    run(world, "groups:view", timeout=20)
    assert world.presenter.shown[1][0].expires_at_seconds - world.presenter.shown[1][0].created_at_seconds == 20


def test_the_secret_is_in_no_request_rendezvous_result_or_repr(world):
    seen = []
    open_request = world.rendezvous.open_request
    world.rendezvous.open_request = lambda request: seen.append(dataclasses.asdict(request)) or open_request(request)
    login = run(world)
    assert seen[-1]["device"]["user_code"] == "CODE-1"
    assert SENTINEL not in repr((seen, world.presenter.shown, world.presenter.results, login.result, login._asking.__dict__))


def test_what_others_see_of_it_is_the_code(world):
    login = world.build_login("transfer:all")
    login.begin()
    assert world.rendezvous.read_request(login.request.login_id).device.user_code == "CODE-1"


def test_the_provider_is_asked_no_more_often_than_it_wants(world):
    world.provider.answers = [PENDING, ProviderError("Slower.", error="slow_down", status=400), PENDING]
    run(world)
    assert world.provider.asked_at == [5, 10, 20, 30]


def test_what_is_unreachable_is_asked_again_less_and_less_often(world):
    world.provider.answers = [ProviderError("Down."), ProviderError("Busy.", status=503), PENDING]
    run(world)
    assert world.provider.asked_at == [5, 15, 35, 55]


@pytest.mark.parametrize(
    "refusal, error, outcome",
    [
        (ProviderError("No.", error="access_denied", status=400), LoginDenied, "denied"),
        (ProviderError("Too late.", error="expired_token", status=400), LoginTimeout, "timed_out"),
        (ProviderError("Used.", error="invalid_grant", status=400), ProviderError, "failed"),
        (ProviderError("Odd.", status=200), ProviderError, "failed"),
        (KeyboardInterrupt(), KeyboardInterrupt, "interrupted"),
    ],
)
def test_every_end_is_told_and_leaves_nothing_behind(world, refusal, error, outcome):
    world.provider.answers = [PENDING, refusal]
    with pytest.raises(error):
        run(world)
    assert (world.rendezvous.requests, [result.outcome for result in world.presenter.results]) == ({}, [outcome])
    assert world.store.accounts() == ()


def test_a_code_that_nobody_enters_ends_with_it_and_no_other_is_asked_for(world):
    world.provider.answers = [PENDING] * 100
    with pytest.raises(LoginTimeout):
        run(world)
    assert (world.provider.sent.count("device"), world.clock.now() <= world.provider.device.shown.expires_at_seconds) == (1, True)


def test_a_provider_that_never_says_is_asked_only_so_often(world):
    world.provider.lives, world.provider.answers = 10**9, [PENDING] * (MOST_REQUESTS + 1)
    world.clock.stands_still = True
    with pytest.raises(ProviderError, match="never said how the login ended"):
        run(world)
    assert world.provider.sent.count("poll") == MOST_REQUESTS


def test_cancel_on_the_card_ends_it(world):
    world.provider.answers = [PENDING]
    login = world.build_login("transfer:all")
    assert login.begin()
    world.rendezvous.write_response(login.request.login_id, AuthorizationResponse("", error="cancelled", state_checked=True))
    with pytest.raises(LoginDenied) as caught:
        login.finish()
    assert (caught.value.error, login.result.outcome, world.provider.sent.count("poll")) == ("cancelled", "cancelled", 0)


def test_calling_it_off_from_here_ends_it(world):
    login = world.build_login("transfer:all")
    assert login.begin()
    login.deadline.cancel()
    with pytest.raises(LoginDenied):
        login.finish()
    assert login.result.outcome == "cancelled"


def test_somebody_else_who_enters_the_code_replaces_nothing(world):
    """ATTACKS 21, 22: the code was passed on."""
    run(world, "groups:view")
    world.provider.user = "mallory"
    with pytest.raises(Exception, match="mallory"):
        run(world, "transfer:all")
    assert [account.identity.username for account in world.store.accounts()] == ["alice@example.org"]


def test_one_prompt_at_a_time(world):
    first = world.build_login("transfer:all")
    assert first.begin()
    second = world.build_login("transfer:all", held=world.notebook())
    assert second.begin()
    assert (len(world.presenter.shown), world.provider.sent.count("device"), second.request) == (1, 1, None)


@pytest.mark.parametrize("error", ["unauthorized_client", "unsupported_grant_type"])
@pytest.mark.parametrize("when", ["device", "poll"])
def test_a_client_that_may_not_is_asked_the_next_way(world, error, when):
    world.next_agents = (ScriptedUserAgent(person(world.provider)),)
    refusal = ProviderError("Not you.", error=error, status=400)
    if when == "device":
        world.provider.start_refusal = refusal
    else:
        world.provider.answers = [refusal]
    assert run(world).result.outcome == "done"
    (shown,) = world.next_agents[0].shown
    assert (shown.user_agent, shown.device) == ("scripted", None)


def test_a_provider_without_device_codes_is_asked_the_next_way():
    world = World()
    world.agent = DeviceUserAgent(world.presenter)
    world.next_agents = (ScriptedUserAgent(person(world.provider)),)
    assert run(world).result.outcome == "done"


def test_trouble_at_the_device_endpoint_ends_it_before_anything_is_shown(world):
    world.provider.start_refusal = ProviderError("Down.", status=503)
    with pytest.raises(ProviderError, match="Down"):
        world.build_login("transfer:all").begin()
    assert (world.presenter.shown, world.rendezvous.requests, world.presenter.results[0].outcome) == ([], {}, "failed")


class GivingUp(ScriptedUserAgent):
    """A user agent that can't be used here after all."""

    name = "giving up"

    def show(self, login):
        super().show(login)
        raise ConfigurationError("no way here")


def giving_up_later(_login, _patience):
    raise ConfigurationError("no browser here")


@pytest.mark.parametrize("first", [GivingUp(None), ScriptedUserAgent(giving_up_later)])
def test_a_way_that_does_not_hold_gives_way_to_the_next(first):
    world = DeviceWorld()
    world.agent, world.next_agents = first, (DeviceUserAgent(world.presenter),)
    assert run(world).result.outcome == "done"
    assert (len(first.shown), first.results, world.presenter.shown[0][0].user_agent) == (1, [], "device")


def test_no_way_left_is_said_and_ends_the_login():
    world = DeviceWorld()
    world.agent = GivingUp(None)

    def choose(missing, presenter, tried=None, /):
        if tried:
            raise InteractionRequired(f"nobody is there: {tried}", missing=missing)
        return world.agent

    with pytest.raises(InteractionRequired, match="no way here"):
        world.build_login("transfer:all", choose_user_agent=choose).begin()
    assert (world.rendezvous.requests, world.agent.results[0].outcome) == ({}, "failed")


def test_the_same_way_is_not_taken_twice():
    world = DeviceWorld()
    world.agent = GivingUp(None)
    world.next_agents = (GivingUp(None),)
    with pytest.raises(ConfigurationError, match="no way here"):
        world.build_login("transfer:all").begin()


def test_a_device_agent_has_no_answer_of_its_own(world):
    login = world.build_login("transfer:all")
    login.begin()
    with pytest.raises(ConfigurationError, match="answered at the provider"):
        world.agent.wait(login.request, login.deadline)
    with pytest.raises(ConfigurationError, match="no device code"):
        world.agent.show(dataclasses.replace(login.request, device=None))
