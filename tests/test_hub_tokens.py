"""The Hub's login, reused: what is taken over, what is not, and who renews it."""

from __future__ import annotations

import base64
import dataclasses
import json
import pickle

import pytest

from jupyter_flowauth.errors import LoginRequired, ProviderError
from jupyter_flowauth.hub_tokens import HUB_RENEWAL, HubRenewed, parse_auth_state, seed_account
from jupyter_flowauth.logout import forget_account
from tests.fakes.provider import ISSUER, SENTINEL, identity_of
from tests.fakes.world import World, key_of

SUB = identity_of("alice").sub


def jwt(**claims: object) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "RS256"}, claims)]
    return ".".join([*parts, "signature"])


def globus_state(now: float, *, age: float = 100, expires_in: float = 172_800, **changes: object) -> dict[str, object]:
    """As oauthenticator's GlobusOAuthenticator keeps it."""
    tokens = {
        server: {"access_token": f"{SENTINEL}-{server}", "scope": scope, "resource_server": server, "expires_in": expires_in,
                 "refresh_token": f"{SENTINEL}-hubs-own", "token_type": "Bearer"}
        for server, scope in (("transfer", "transfer:all"), ("auth", "openid email"))
    }  # fmt: skip
    id_token = jwt(iss=ISSUER, sub=SUB, iat=now - age)
    return {"client_id": "the-hubs", "tokens": tokens, "token_response": {"id_token": id_token, "expires_in": expires_in},
            "globus_user": {"sub": SUB, "preferred_username": "alice@example.org"}, **changes}  # fmt: skip


def generic_state(now: float, *, left: float = 300, **changes: object) -> dict[str, object]:
    """As oauthenticator's GenericOAuthenticator keeps a Keycloak's."""
    token = jwt(iss=ISSUER, sub=SUB, iat=now + left - 300, exp=now + left)
    response = {"access_token": token, "expires_in": 300, "scope": "openid profile", "id_token": jwt(iss=ISSUER, sub=SUB, iat=now)}
    user = {"sub": SUB, "preferred_username": "alice@example.org", "email": "alice@mail.example.org"}
    own = {"access_token": token, "refresh_token": f"{SENTINEL}-hubs-own", "id_token": response["id_token"], "scope": ["openid", "profile"]}
    return {**own, "token_response": response, "oauth_user": user, **changes}


class FakeHub:
    def __init__(self, state: dict[str, object] | None) -> None:
        self.state, self.asked, self.trouble = state, 0, False

    def read_auth_state(self) -> dict[str, object] | None:
        self.asked += 1
        if self.trouble:
            raise ProviderError("the Hub didn't answer in time")
        return self.state


@pytest.fixture
def world() -> World:
    return World()


def join(world: World, state: dict[str, object] | None) -> FakeHub:
    """Put a world on a Hub, as wiring does."""
    hub = FakeHub(state)
    world.held.provider = HubRenewed(world.provider, hub)
    world.held.__init__(world.held.provider, world.store, clock=world.clock)
    return hub


def log_in(world: World, hub: FakeHub, *scopes: str) -> bool:
    """Return whether anybody was asked."""
    seed = lambda: seed_account(hub, world.held, now=world.clock.now(), say=lambda words: world.presenter.say(None, words))  # noqa: E731
    login = world.build_login(*scopes, seed=seed)
    asked = login.begin()
    if asked:
        login.finish()
    return asked


@pytest.mark.parametrize(("build", "scope"), [(globus_state, "transfer:all"), (generic_state, "profile")])
def test_what_the_hub_was_issued_is_used_with_nobody_asked(world, build, scope):
    hub = join(world, build(world.clock.now()))
    assert not log_in(world, hub, scope)
    assert world.held.token(scope, min_valid=60).refresh_token == f"{HUB_RENEWAL}{SUB}"
    assert world.provider.asked == []


def test_the_hubs_refresh_token_is_never_kept(world):
    hub = join(world, globus_state(world.clock.now()))
    log_in(world, hub, "transfer:all")
    assert f"{SENTINEL}-hubs-own" not in str(dataclasses.asdict(world.store.read(key_of("alice"))))


def test_what_the_hub_lacks_is_asked_for(world):
    hub = join(world, globus_state(world.clock.now()))
    assert log_in(world, hub, "transfer:all", "groups:view")
    assert "transfer:all" not in world.provider.asked[0]


def test_who_wants_to_be_asked_again_is(world):
    hub = join(world, globus_state(world.clock.now()))
    log_in(world, hub, "transfer:all")
    world.login("transfer:all", force=True)
    assert len(world.provider.asked) == 1


def test_a_hub_without_auth_state_changes_nothing(world):
    assert log_in(world, join(world, None), "transfer:all")


def test_a_hub_that_does_not_answer_is_said_and_the_person_is_asked(world):
    hub = join(world, globus_state(world.clock.now()))
    hub.trouble = True
    assert log_in(world, hub, "transfer:all")
    assert any("The Hub's login can't be used" in words for words in world.presenter.sentences)


def test_another_providers_login_is_not_taken(world):
    state = globus_state(world.clock.now(), token_response={"id_token": jwt(iss="https://evil.example", sub=SUB, iat=0)})
    with pytest.raises(ProviderError, match="another provider"):
        parse_auth_state(state, issuer=ISSUER, now=world.clock.now())


@pytest.mark.parametrize("left", [-5, 0, 30, 59])
def test_a_token_with_seconds_to_live_is_not_taken(world, left):
    assert log_in(world, join(world, generic_state(world.clock.now(), left=left)), "profile")


def test_a_token_that_lives_for_seconds_from_the_beginning_is_taken(world):
    now = world.clock.now()
    brief = jwt(iss=ISSUER, sub=SUB, iat=now - 2, exp=now + 18)
    assert not log_in(world, join(world, generic_state(now, access_token=brief)), "profile")


def test_a_token_of_unknown_age_is_not_taken(world):
    state = globus_state(world.clock.now(), token_response={})
    assert parse_auth_state(state, issuer=ISSUER, now=world.clock.now()).tokens == ()


def test_the_hub_renews_what_is_the_hubs(world):
    hub = join(world, generic_state(world.clock.now(), left=300))
    log_in(world, hub, "profile")
    first = world.held.token("profile", min_valid=60)
    world.clock.advance(290)
    hub.state = generic_state(world.clock.now(), left=300)
    assert world.held.token("profile", min_valid=60).access_token != first.access_token
    assert "refresh" not in world.provider.sent


def test_a_token_in_its_last_seconds_is_used_if_the_hub_has_none_newer(world):
    hub = join(world, generic_state(world.clock.now(), left=300))
    log_in(world, hub, "profile")
    first = world.held.token("profile", min_valid=60)
    world.clock.advance(290)
    assert world.held.token("profile", min_valid=60).access_token == first.access_token


@pytest.mark.parametrize("what_it_says", ["the same as before", "nothing any more"])
def test_a_hub_whose_login_has_ended_asks_for_a_new_one(world, what_it_says):
    hub = join(world, generic_state(world.clock.now(), left=300))
    log_in(world, hub, "profile")
    world.clock.advance(400)
    hub.state = hub.state if what_it_says == "the same as before" else None
    with pytest.raises(LoginRequired, match="log out of the Hub and in again"):
        world.held.token("profile", min_valid=60)
    assert world.held.missing(["profile"]) == ("profile",)
    hub.state = generic_state(world.clock.now(), left=300)
    assert not log_in(world, hub, "profile")


def test_a_hub_that_does_not_answer_throws_nothing_away(world):
    hub = join(world, generic_state(world.clock.now(), left=300))
    log_in(world, hub, "profile")
    world.clock.advance(400)
    hub.trouble = True
    with pytest.raises(ProviderError, match="in time"):
        world.held.token("profile", min_valid=60)
    world.clock.advance(1)
    hub.trouble, hub.state = False, generic_state(world.clock.now(), left=300)
    assert world.held.token("profile", min_valid=60).seconds_left(world.clock.now()) == 300


def test_what_the_hub_renews_for_somebody_else_does_not_stand_in_for_ones_own(world):
    """Two identities of a provider can be the same user of a Hub, where it cuts their names short."""
    hub = join(world, generic_state(world.clock.now(), left=300))
    log_in(world, hub, "profile")
    world.clock.advance(400)
    later, bob = world.clock.now(), identity_of("bob").sub
    hub.state = generic_state(later, id_token=jwt(iss=ISSUER, sub=bob, iat=later), oauth_user={"sub": bob})
    with pytest.raises(LoginRequired):
        world.held.token("profile", min_valid=60)


def test_a_scope_that_the_hubs_new_token_lacks_is_missing(world):
    hub = join(world, generic_state(world.clock.now(), left=300))
    log_in(world, hub, "profile")
    world.clock.advance(290)
    hub.state = generic_state(world.clock.now(), left=300, scope=["openid"])
    world.held.token("openid", min_valid=60)
    assert world.held.missing(["openid", "profile"]) == ("profile",)


def test_a_logout_here_leaves_the_hubs_session_alone(world):
    hub = join(world, globus_state(world.clock.now()))
    log_in(world, hub, "transfer:all")
    with pytest.raises(ProviderError, match="log out of the Hub"):
        world.held.provider.revoke(world.store.read(key_of("alice")).tokens[0])
    assert world.provider.revoked == []
    assert world.held.provider.end_sessions(world.store.read(key_of("alice"))) == ()


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"tokens": []},
        {"tokens": {"x": "y"}},
        {"access_token": 7, "oauth_user": {"sub": 5}},
        {"access_token": "a\nb", "oauth_user": {"sub": "s"}, "scope": ["x"]},
        {"access_token": "x" * 20_000, "oauth_user": {"sub": "s"}, "scope": ["x"]},
        {"tokens": {"t": {"access_token": "a.b.c", "scope": 5}}, "oauth_user": {"sub": "s"}},
        {"token_response": "x", "id_token": "a.!!.c", "oauth_user": {"sub": "s"}},
    ],
)
def test_what_is_no_login_yields_no_token(world, state):
    hub = join(world, state)
    seed_account(hub, world.held, now=world.clock.now(), say=lambda words: None)
    assert world.store.accounts() == ()


def test_a_logout_here_revokes_ones_own_tokens_beside_the_hubs(world):
    hub = join(world, globus_state(world.clock.now()))
    log_in(world, hub, "transfer:all", "groups:view")
    outcome = forget_account(world.held.provider, world.store, world.held.account(), revoke=True)
    assert world.provider.revoked
    assert f"{SENTINEL}-transfer" not in map(str, world.provider.revoked)
    assert "they belong to the Hub's login" in outcome.message
    assert world.store.accounts() == ()


NOW = World().clock.now()
GOOD = generic_state(NOW)
DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"id_token": jwt(iss="https://evil.example", sub=SUB, iat=NOW)}, "another provider"),
        ({"id_token": jwt(sub=SUB, iat=NOW)}, "another provider"),
        ({"id_token": "garbage"}, "another provider"),
        ({"id_token": f"a.{base64.urlsafe_b64encode(DEEP.encode()).decode()}.c"}, "another provider"),
        ({"id_token": jwt(iss=[ISSUER], sub=SUB)}, "another provider"),
        ({"oauth_user": {"sub": identity_of("bob").sub}}, "two people"),
        ({"id_token": jwt(iss=ISSUER, iat=NOW)}, "two people"),
        ({"id_token": jwt(iss=ISSUER, iat=NOW), "oauth_user": "alice"}, "who logged in"),
        ({"id_token": None, "token_response": {}, "oauth_user": {"sub": ["a"]}}, "who logged in"),
        ({"id_token": None, "token_response": {}, "oauth_user": None}, "who logged in"),
    ],
)
def test_a_state_that_is_mixed_up_is_refused_whole(world, changes, why):
    with pytest.raises(ProviderError, match=why):
        parse_auth_state({**GOOD, **changes}, issuer=ISSUER, now=NOW)
    hub = join(world, {**GOOD, **changes})
    assert log_in(world, hub, "profile")
    assert any("can't be used" in words for words in world.presenter.sentences)


@pytest.mark.parametrize(
    "changes",
    [
        {"access_token": "x" * 20_000},
        {"access_token": ["x"]},
        {"access_token": "a b\x00"},
        {"scope": 7},
        {"scope": [7, None]},
        {"scope": {"profile": True}},
        {"access_token": jwt(exp="soon", iat=None), "token_response": {"expires_in": "300"}},
        {"access_token": jwt(exp=True), "token_response": {}},
        {"access_token": jwt(exp=1e300), "token_response": {}},
        {"access_token": jwt(exp=10**400), "token_response": {}},
        {"access_token": jwt(exp=float("nan")), "token_response": {}},
        {"access_token": "opaque", "token_response": {"expires_in": float("inf")}},
        {"tokens": {"a": 5, "b": {"access_token": {}}, "c": None}},
    ],
)
def test_a_token_that_is_no_usable_one_is_not_taken(changes):
    assert parse_auth_state({**GOOD, **changes}, issuer=ISSUER, now=NOW).tokens == ()


def test_a_name_from_the_hub_is_fit_for_a_terminal():
    user = {"sub": SUB, "preferred_username": "alice\x1b[2J" + "x" * 1000}
    identity = parse_auth_state({**GOOD, "oauth_user": user}, issuer=ISSUER, now=NOW).identity
    assert identity is not None
    assert (identity.username.isprintable(), len(identity.username)) == (True, 320)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was read",))


@pytest.mark.parametrize("where", ["access_token", "tokens", "token_response", "id_token", "oauth_user"])
def test_a_pickle_is_a_text_like_any_other(world, where):
    bomb = base64.b64encode(pickle.dumps(Bomb())).decode()
    hub = join(world, {**generic_state(world.clock.now()), where: bomb, "GLOBUS_DATA": bomb})
    log_in(world, hub, "openid")
    with pytest.raises((ProviderError, LoginRequired)):
        parse_auth_state({where: bomb}, issuer=ISSUER, now=0.0)
