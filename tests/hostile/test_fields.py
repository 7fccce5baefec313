"""The table goes on: answers of the right form, with something in them that must not be. Again one typed error, and all as it was."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from jupyter_flowauth import FlowAuth, LoginDenied, LoginTimeout, ProviderError
from jupyter_flowauth.errors import ConfigurationError, FlowAuthError
from tests.hostile.scripted_provider import OWN_KEY, STRANGERS_KEY, SUB, Answer, public_jwk, running_provider
from tests.hostile.world import World, failure_of, let_expire

DISCOVERY = ".well-known/openid-configuration"


def change(**fields: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what changes these fields of a good answer, and takes those away that are None."""
    return lambda good: {name: value for name, value in {**good, **fields}.items() if value is not None}


def log_in(world: World) -> None:
    world.auth().login(["read", "write"], force=True)


DISCOVERY_FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": ({"issuer": "https://evil.example"}, "another issuer"),
    "no issuer": ({"issuer": None}, "another issuer"),
    "an issuer of another type": ({"issuer": ["x"]}, "another issuer"),
    "no token endpoint": ({"token_endpoint": None}, "token endpoint"),
    "a token endpoint that is a number": ({"token_endpoint": 7}, "token endpoint"),
    "a token endpoint without https": ({"token_endpoint": "http://evil.example/token"}, "token endpoint"),
    "a token endpoint that is a file": ({"token_endpoint": "file:///etc/passwd"}, "token endpoint"),
    "a token endpoint with a password": ({"token_endpoint": "https://me:secret@evil.example/token"}, "token endpoint"),
    "a token endpoint at a name that is none": ({"token_endpoint": "https://a..b/token"}, "can't be reached"),
    "an authorization endpoint that is a script": ({"authorization_endpoint": "javascript:alert(1)"}, "authorization endpoint"),
    "no authorization endpoint": ({"authorization_endpoint": None}, "authorization endpoint"),
    "no keys": ({"jwks_uri": None}, "jwks"),
    "keys without https": ({"jwks_uri": "http://evil.example/jwks"}, "jwks"),
}


@pytest.mark.parametrize("case", DISCOVERY_FIELDS)
def test_a_discovery_document_must_name_what_may_be_used(world: World, held: FlowAuth, case: str) -> None:
    fields, match = DISCOVERY_FIELDS[case]
    world.provider.instead[DISCOVERY] = change(**fields)
    assert re.search(match, failure_of(world, lambda: log_in(world)))


JWKS: dict[str, tuple[Any, str]] = {
    "no keys": ({}, "none of the issuer's"),
    "none": ({"keys": []}, "none of the issuer's"),
    "no list": ({"keys": {"own": 1}}, "no list"),
    "numbers": ({"keys": [1, None, "x"]}, "none of the issuer's"),
    "a stranger's": ({"keys": [public_jwk(STRANGERS_KEY, "own")]}, "[Ss]ignature"),
    "another name": ({"keys": [public_jwk(STRANGERS_KEY, "other")]}, "none of the issuer's"),
    "two of one name": ({"keys": [public_jwk(STRANGERS_KEY, "own"), public_jwk(OWN_KEY, "own")]}, "none of the issuer's"),
    "for encryption": ({"keys": [{**public_jwk(OWN_KEY, "own"), "use": "enc"}]}, "none of the issuer's"),
    "half a key": ({"keys": [{"kid": "own", "kty": "RSA"}]}, "refused"),
    "a secret": ({"keys": [{"kid": "own", "kty": "oct", "k": "c2VjcmV0"}]}, "refused"),
    "a number that is none": ({"keys": [{**public_jwk(OWN_KEY, "own"), "n": "!!"}]}, "refused"),
    "for no signature at all": ({"keys": [{**public_jwk(OWN_KEY, "own"), "alg": "none"}]}, "refused"),
}


@pytest.mark.parametrize("case", JWKS)
def test_keys_that_are_none_accept_no_id_token(world: World, case: str) -> None:
    value, match = JWKS[case]
    world.provider.instead["jwks"] = lambda _: value
    assert re.search(match, failure_of(world, lambda: log_in(world)))
    # Before the login, and once more for a key that isn't there: not in a loop.
    assert world.provider.requests["jwks"] <= 2


TOKEN_FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "no access token": ({"access_token": None}, "no access token"),
    "an empty access token": ({"access_token": ""}, "no access token"),
    "an access token that is a number": ({"access_token": 7}, "no access token"),
    "an access token of two lines": ({"access_token": "SENTINEL\r\nX-Admin: yes"}, "access token"),
    "an access token that is no text": ({"access_token": "SENTINEL-\u2603"}, "access token"),
    "another type": ({"token_type": "mac"}, "no bearer token"),
    "a type that is a number": ({"token_type": 7}, "no bearer token"),
    "scopes that are a list": ({"scope": ["read"]}, "without its scopes"),
    "scopes with orders for the terminal": ({"scope": "openid read write \x1b[31m"}, "scopes that can't be"),
    "scopes that turn the words behind them": ({"scope": "openid read write \u202e"}, "scopes that can't be"),
    "scopes that no file can hold": ({"scope": "openid read write \ud800"}, "scopes that can't be"),
    "a lifetime that is text": ({"expires_in": "3600"}, "lifetime"),
    "a lifetime that is true": ({"expires_in": True}, "lifetime"),
    "a lifetime that is no number": ({"expires_in": float("nan")}, "lifetime"),
    "a lifetime without end": ({"expires_in": float("inf")}, "lifetime"),
    "a lifetime before now": ({"expires_in": -3600}, "lifetime"),
    "a refresh token that is a number": ({"refresh_token": 7}, "wrong type"),
    "an id token that is a number": ({"id_token": 7}, "ID token"),
    "no id token": ({"id_token": None}, "ID token"),
    "an error with status 200": ({"error": "server_error"}, "refused"),
}


@pytest.mark.parametrize("case", TOKEN_FIELDS)
def test_a_token_answer_must_be_one(world: World, held: FlowAuth, case: str) -> None:
    fields, match = TOKEN_FIELDS[case]
    world.provider.instead["token"] = change(**fields)
    assert re.search(match, failure_of(world, lambda: log_in(world)))


@pytest.mark.parametrize("case", [case for case in TOKEN_FIELDS if "id token" not in case])
def test_a_refreshed_token_must_be_one_too(world: World, held: FlowAuth, case: str) -> None:
    let_expire(held)
    (token,) = held.held.account().tokens
    fields, match = TOKEN_FIELDS[case]
    world.provider.instead["token"] = change(**fields)
    with pytest.raises(ProviderError, match=match) as caught:
        held.token("read")
    assert held.held.account().tokens[0].refresh_token == token.refresh_token
    assert "SENTINEL" not in str(caught.value)


def test_a_refusal_with_markup_and_orders_for_the_terminal_is_a_plain_sentence(world: World, held: FlowAuth) -> None:
    refused = {"error": "<script>\x1b[31m", "error_description": "<b>SENTINEL</b>\x1b]0;x\x07"}
    world.provider.instead["token"] = Answer(400, json.dumps(refused).encode())
    assert re.search(r"refused the request \(<script> \[31m\)", failure_of(world, lambda: log_in(world)))


REDIRECTED: dict[str, tuple[dict[str, str | None], str, type[FlowAuthError]]] = {
    "denied": ({"code": None, "error": "access_denied"}, "denied|refused|said no", LoginDenied),
    "no code": ({"code": None}, "code", ProviderError),
    "orders for the terminal": (
        {"code": None, "error": "x\x1b[31m", "error_description": "\u202eevil"},
        r"refused the login .x \[31m:  evil",
        ProviderError,
    ),
    "a code and an error": ({"error": "server_error"}, "both a code and an error", ProviderError),
    "another issuer": ({"iss": "https://evil.example"}, "in time", LoginTimeout),
    "no issuer, though it is advertised": ({"iss": None}, "in time", LoginTimeout),
    "another state": ({"state": "another"}, "in time", LoginTimeout),
    "no state": ({"state": None}, "in time", LoginTimeout),
}


@pytest.mark.parametrize("case", REDIRECTED)
def test_what_the_browser_brings_back_must_be_of_this_login(world: World, held: FlowAuth, case: str) -> None:
    """An answer that isn't this login's doesn't end it: the right one may still come, until the time is over."""
    world.provider.redirected, match, kind = REDIRECTED[case]
    wait = 0.5 if kind is LoginTimeout else None
    assert re.search(match, failure_of(world, lambda: world.auth().login(["read", "write"], force=True, timeout=wait), kind))
    assert world.provider.requests["authorization_code"] == 1


INSTANCES: dict[str, tuple[dict[str, Any], str]] = {
    "no issuer": ({"issuer": None}, "names no issuer"),
    "an issuer of another type": ({"issuer": 7}, "names no issuer"),
    "an issuer without https": ({"issuer": "http://evil.example"}, "issuer"),
    "another token endpoint": ({"token_endpoint": "https://evil.example/token"}, "another token endpoint"),
    "another authorization endpoint": ({"authorization_endpoint": "https://evil.example/authorize"}, "another authorization endpoint"),
    "other keys": ({"jwks_uri": "https://evil.example/jwks"}, "another jwks"),
    "another end of sessions": ({"end_session_endpoint": "https://evil.example/end"}, "another end session endpoint"),
}


@pytest.mark.parametrize("case", INSTANCES)
def test_an_instance_must_describe_its_issuer_as_the_issuer_does(world: World, case: str) -> None:
    fields, match = INSTANCES[case]
    with running_provider() as instance:
        instance.instead[DISCOVERY] = lambda _: change(**fields)(world.provider.discovery)
        assert re.search(match, failure_of(world, lambda: world.auth(instance_url=instance.url).login(["read"])))
        assert instance.requests["token"] == world.provider.requests["token"] == 0


def test_an_instance_that_names_an_issuer_who_names_another_is_refused(world: World) -> None:
    world.provider.instead[DISCOVERY] = change(issuer="https://evil.example")
    with running_provider() as instance:
        instance.instead[DISCOVERY] = lambda _: world.provider.discovery
        assert re.search("another issuer", failure_of(world, lambda: world.auth(instance_url=instance.url).login(["read"])))


def test_two_instances_with_one_issuer_are_two_logins(world: World) -> None:
    with running_provider() as first, running_provider() as second:
        for instance in (first, second):
            instance.instead[DISCOVERY] = lambda _: world.provider.discovery
        one, other = (world.auth(instance_url=instance.url) for instance in (first, second))
        one.login(["read"])
        assert other.missing(["read"]) == ("read",)
        other.login(["read"])
        assert one.token("read") != other.token("read")
        one.logout()
        assert other.token("read")
        assert other.identity.sub == SUB


@pytest.mark.parametrize(
    "url",
    [
        "school.example.org",
        "http://school.example.org",
        "ftp://school.example.org",
        "https://",
        "https://a/../b",
        "https://me:pw@a.example",
    ],
)
def test_what_is_no_address_of_an_instance_is_refused_before_anything_is_sent(world: World, url: str) -> None:
    assert re.search("instance", failure_of(world, lambda: world.auth(instance_url=url), ConfigurationError))
