from __future__ import annotations

import pytest

from jupyter_flowauth.errors import ProviderError
from jupyter_flowauth.providers.oauth_answers import build_token, network_error, refusal
from jupyter_flowauth.tokens import Token

GOOD = {"access_token": "SENTINEL", "scope": "a b", "expires_in": 60, "refresh_token": "r", "resource_server": "x", "token_type": "bearer"}
BEFORE = Token("old", ("a",), "x", refresh_token="old-refresh")


def test_an_answer_becomes_a_token():
    assert build_token(GOOD, now=40) == Token("SENTINEL", ("a", "b"), "x", 100, 40, "r")


def test_a_refresh_token_that_is_not_repeated_stays():
    """Dropping it is what the SDK's own authorizer does: the login would end at the next expiry."""
    renewed = build_token({"access_token": "new"}, now=0, before=BEFORE)
    assert (renewed.refresh_token, renewed.scopes, renewed.resource_server) == ("old-refresh", ("a",), "x")


def test_a_refresh_token_that_was_rotated_replaces_the_old_one():
    assert build_token(GOOD, now=0, before=BEFORE).refresh_token == "r"


def test_without_a_lifetime_the_expiry_is_not_known():
    assert build_token({"access_token": "x", "scope": ""}, now=0) == Token("x", ())


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"scope": "a"},
        {**GOOD, "access_token": ""},
        {**GOOD, "access_token": 7},
        {**GOOD, "token_type": "mac"},
        {**GOOD, "token_type": None},
        {**GOOD, "scope": ["a"]},
        {**GOOD, "scope": None},
        {**GOOD, "expires_in": "60"},
        {**GOOD, "expires_in": True},
        {**GOOD, "refresh_token": 7},
        {**GOOD, "resource_server": 7},
    ],
)
def test_anything_else_is_refused_and_not_repeated(answer):
    with pytest.raises(ProviderError, match="the provider answered with") as caught:
        build_token(answer, now=0)
    assert "SENTINEL" not in str(caught.value)


@pytest.mark.parametrize(
    "status, body, sentence",
    [
        (400, {"error": "invalid_grant"}, "has expired, or was used or ended already"),
        (500, {"error": "server_error"}, "trouble of its own"),
        (429, None, "trouble of its own"),
        (401, {"error": "invalid_client"}, r"refused the request .invalid_client."),
        (400, {"error": 7, "error_description": 7}, "no reason"),
        (403, "<html>", "status 403 and no reason"),
    ],
)
def test_a_refusal_is_a_sentence(status, body, sentence):
    error = refusal("Globus", status, body)
    assert error.status == status
    with pytest.raises(ProviderError, match=sentence):
        raise error


def test_the_providers_words_stay_a_field():
    error = refusal("Globus", 400, {"error": "invalid_scope", "error_description": "<script>"})
    assert (error.error_description, "<script>" in str(error)) == ("<script>", False)


@pytest.mark.parametrize(
    "header, seconds", [("7", 7.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), (None, None), ("-1", None), ("\u00b2", None)]
)
def test_seconds_to_wait_are_heeded(header, seconds):
    assert refusal("Globus", 503, None, retry_after=header).retry_after_seconds == seconds


@pytest.mark.parametrize("status, nothing_done", [(429, True), (503, True), (500, False), (502, False), (504, False), (400, False)])
def test_only_two_statuses_say_that_nothing_was_done(status, nothing_done):
    assert refusal("Globus", status, None).nothing_done is nothing_done


def test_a_network_error_says_where_and_what_was_kept():
    assert str(network_error("Globus", "https://x", timed_out=True)) == (
        "Globus didn't answer in time at https://x; nothing was lost here; check the network, and try again"
    )
    assert network_error("Globus", "https://x", refused=True).nothing_done
