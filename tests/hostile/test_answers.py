"""The table of what a provider must not answer: each is one typed error with its reason, in time; nothing is stored, nothing lost."""

from __future__ import annotations

import re
import time

import pytest

from jupyter_flowauth import FlowAuth, OIDCProvider, ProviderError, accounts
from tests.hostile.scripted_provider import CLIENT_ID, SUB, Answer, answer, running_provider
from tests.hostile.world import LONGEST_SECONDS, World, failure_of, let_expire

DISCOVERY = ".well-known/openid-configuration"
HTML = Answer(200, b"<html><title>Log in to the hotel's network</title></html>", "text/html")
MEBIBYTE = b'{"padding": "' + b"x" * 1024 * 1024 + b'"}'

# What any endpoint may do: the answer, and the words that say what was wrong with it.
ANYWHERE: dict[str, tuple[Answer, str]] = {
    "a list": (answer([1]), "JSON|something else"),
    "a number": (answer(7), "JSON|something else"),
    "null": (answer(None), "JSON|something else"),
    "empty": (Answer(), "JSON|something else"),
    "html": (HTML, "JSON|something else"),
    "half of it": (Answer(200, b'{"issuer": "'), "JSON|something else"),
    "not utf-8": (Answer(200, b'{"a": "\xff\xfe"}'), "JSON|something else"),
    "nested": (Answer(200, b"[" * 100_000), "JSON|something else"),
    "huge": (Answer(200, MEBIBYTE), "more than 512 KiB"),
    "cut short": (Answer(200, b'{"a": 1}', length=1000), "reached|cut short|didn't answer"),
    "a redirect": (Answer(302, location="/elsewhere"), "redirect"),
    "a moved post": (Answer(307, location="/elsewhere"), "redirect"),
    "not found": (Answer(404, b"<h1>404</h1>", "text/html"), "404"),
    "trouble": (Answer(500, b"<h1>Oops</h1>", "text/html"), "status 500|trouble"),
    "trouble of a gateway": (Answer(502, b""), "status 502|trouble"),
    "a hang": (Answer(hangs=True), "didn't answer in time"),
    "a byte at a time": (Answer(200, b'{"a": "' + b"x" * 1000, pauses=0.05), "didn't answer in time"),
}


@pytest.mark.parametrize("fault", ANYWHERE)
@pytest.mark.parametrize("endpoint", [DISCOVERY, "jwks", "token"])
def test_a_login_ends_with_the_reason_and_nothing_is_stored_or_lost(world: World, held: FlowAuth, endpoint: str, fault: str) -> None:
    world.provider.instead[endpoint], match = ANYWHERE[fault]
    assert re.search(match, failure_of(world, lambda: world.auth().login(["read", "write"], force=True)))
    assert held.token("read")


@pytest.mark.parametrize("fault", ANYWHERE)
def test_a_refresh_that_fails_loses_nothing(world: World, held: FlowAuth, fault: str) -> None:
    let_expire(held)
    (token,) = held.held.account().tokens
    began = time.monotonic()
    world.provider.instead["token"], match = ANYWHERE[fault]
    with pytest.raises(ProviderError, match=match) as caught:
        held.token("read")
    assert time.monotonic() - began < LONGEST_SECONDS
    assert held.held.account().tokens[0].refresh_token == token.refresh_token
    assert world.provider.requests["elsewhere"] == 0
    assert "SENTINEL" not in str(caught.value)
    world.provider.instead.clear()
    assert held.token("read") != token.access_token


@pytest.mark.parametrize("fault", ANYWHERE)
def test_a_name_is_not_worth_a_login(world: World, fault: str) -> None:
    """Userinfo is asked where the ID token has no name, and what it answers can't break the login."""
    world.provider.claims["preferred_username"] = None
    world.provider.instead["userinfo"], _ = ANYWHERE[fault]
    auth = world.auth()
    auth.login(["read"])
    assert auth.identity.username == SUB
    assert world.provider.requests["userinfo"] >= 1
    assert world.provider.requests["elsewhere"] == 0


def test_userinfo_about_somebody_else_is_refused(world: World) -> None:
    world.provider.claims["preferred_username"] = None
    world.provider.instead["userinfo"] = lambda good: {**good, "sub": "somebody else"}
    assert re.search("somebody else", failure_of(world, lambda: world.auth().login(["read"])))


@pytest.mark.parametrize("fault", ANYWHERE)
@pytest.mark.parametrize("endpoint", ["revoke", "end", DISCOVERY])
def test_a_logout_clears_here_whatever_is_answered(world: World, held: FlowAuth, endpoint: str, fault: str) -> None:
    world.provider.instead[endpoint], _ = ANYWHERE[fault]
    began = time.monotonic()
    outcome = world.auth().logout()
    assert time.monotonic() - began < LONGEST_SECONDS
    assert (outcome.cleared, accounts()) == (True, ())
    assert outcome.endings
    assert "SENTINEL" not in f"{outcome} {outcome.endings}"
    assert world.provider.requests["elsewhere"] == 0


@pytest.mark.parametrize("fault", ANYWHERE)
@pytest.mark.parametrize("endpoint", [DISCOVERY, "device"])
def test_nobody_is_shown_a_code_that_is_none(world: World, held: FlowAuth, endpoint: str, fault: str) -> None:
    world.provider.instead[endpoint], match = ANYWHERE[fault]
    by_code = FlowAuth(OIDCProvider(world.provider.url, CLIENT_ID), user_agent="device")
    assert re.search(match, failure_of(world, lambda: by_code.login(["read", "write"], force=True)))
    assert held.token("read")


@pytest.mark.parametrize("fault", ANYWHERE)
def test_a_client_that_acts_for_itself_is_told_why_it_has_no_token(world: World, fault: str) -> None:
    world.provider.instead["token"], match = ANYWHERE[fault]
    auth = world.auth(client_secret="throwaway", grant="client_credentials")
    assert re.search(match, failure_of(world, lambda: auth.token()))


@pytest.mark.parametrize("fault", ANYWHERE)
def test_an_instance_that_does_not_say_whose_it_is_is_refused(world: World, fault: str) -> None:
    with running_provider() as instance:
        world.instance = instance
        instance.instead[DISCOVERY], match = ANYWHERE[fault]
        assert re.search(match, failure_of(world, lambda: world.auth(instance_url=instance.url).login(["read"])))
        assert instance.requests["elsewhere"] == 0
        assert world.provider.requests["token"] == 0
