"""RFC 8628 as pure functions: what a provider may answer, and what its refusals mean."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_flowauth.code_grant import AuthorizationRequest
from jupyter_flowauth.device_grant import (
    LONGEST_INTERVAL_SECONDS,
    DeviceAuthorization,
    build_device_request,
    build_device_token_request,
    describe_device,
    next_interval,
    validate_device_answer,
)
from jupyter_flowauth.errors import ConfigurationError, LoginDenied, LoginTimeout, ProviderError
from jupyter_flowauth.records import DeviceCode

PAGE = "https://issuer.example/device"
ANSWER = {"device_code": "SENTINEL", "user_code": "WDJB-MJHT", "verification_uri": PAGE, "expires_in": 600, "interval": 7}
REQUEST = AuthorizationRequest("e", "https://issuer.example", "the-client", "openid a", "the-challenge", "s", "n", extra=(("x", "y"),))


def judge(**changes):
    values = {name: value for name, value in {**ANSWER, **changes}.items() if value is not None}
    return validate_device_answer(values, now=1000.0)


def test_the_request_says_what_is_asked_for_with_a_challenge_and_without_state_or_nonce():
    assert build_device_request(REQUEST) == {
        "x": "y",
        "scope": "openid a",
        "code_challenge": "the-challenge",
        "code_challenge_method": "S256",
    }


def test_an_answer_is_a_code_for_the_person_and_a_secret_for_us():
    found = judge()
    assert found.shown == DeviceCode("WDJB-MJHT", PAGE, "", 1600.0)
    assert (found.device_code, found.interval_seconds) == ("SENTINEL", 7)


def test_the_secret_shows_nowhere():
    found = judge()
    assert "SENTINEL" not in repr(found) + repr(found.device_code) + repr(found.shown)


@pytest.mark.parametrize("interval, seconds", [(None, 5), (0, 1), (30, 30), ("8", 8)])
def test_the_interval_is_five_seconds_where_none_is_said_and_never_none_at_all(interval, seconds):
    assert judge(interval=interval).interval_seconds == seconds


@pytest.mark.parametrize(
    "changes",
    [
        {"device_code": None},
        {"device_code": ""},
        {"device_code": 7},
        {"device_code": "\ud800"},
        {"user_code": None},
        {"user_code": " "},
        {"user_code": "x" * 65},
        {"user_code": "A\x1b[2J"},
        {"user_code": "A\u202eB"},
        {"user_code": ["A"]},
        {"verification_uri": None},
        {"verification_uri": "javascript:alert(1)"},
        {"verification_uri": "http://issuer.example/device"},
        {"verification_uri": "https://issuer.example/" + "x" * 600},
        {"verification_uri": "https://issuer.example/a b"},
        {"verification_uri": "https://issuer.example/\x1b[2J"},
        {"verification_uri": 7},
        {"expires_in": None},
        {"expires_in": -1},
        {"expires_in": "soon"},
        {"expires_in": True},
        {"expires_in": float("inf")},
        {"expires_in": float("nan")},
        {"expires_in": 10**400},
        {"interval": "often"},
        {"interval": -5},
        {"interval": 10**400},
    ],
)
def test_what_a_person_cannot_be_shown_is_refused(changes):
    with pytest.raises(ProviderError, match=r"nobody was asked|nothing was sent"):
        judge(**changes)


def test_a_page_on_loopback_may_be_plain_http_and_the_drafts_name_is_read_too():
    assert judge(verification_uri=None, verification_url="http://127.0.0.1:5/device").shown.verification_uri == "http://127.0.0.1:5/device"


@pytest.mark.parametrize(
    "complete, shown",
    [
        (f"{PAGE}?user_code=WDJB-MJHT", f"{PAGE}?user_code=WDJB-MJHT"),
        ("https://evil.example/device?user_code=WDJB-MJHT", ""),
        ("http://issuer.example/device?user_code=WDJB-MJHT", ""),
        ("javascript:alert(1)", ""),
        (7, ""),
    ],
)
def test_the_address_with_the_code_leads_where_the_shown_one_does_or_is_left_out(complete, shown):
    assert judge(verification_uri_complete=complete).shown.verification_uri_complete == shown


def test_the_token_request_carries_the_verifier():
    assert build_device_token_request("the-code", code_verifier="v") == {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": "the-code",
        "code_verifier": "v",
    }


def refused(error=None, **fields):
    return ProviderError("No.", error=error, **fields)


@pytest.mark.parametrize(
    "refusal, seconds",
    [
        (refused("authorization_pending", status=400), 5),
        (refused("slow_down", status=400), 10),
        (refused("slow_down", status=429), 10),
        (refused(), 10),
        (refused(nothing_done=True), 10),
        (refused(status=503), 10),
        (refused("server_error", status=500), 10),
        (refused(status=429, retry_after_seconds=30), 30),
    ],
)
def test_the_next_request_comes_when_it_may(refusal, seconds):
    assert next_interval(5, refusal) == seconds


def test_the_pauses_double_up_to_a_bound_and_never_fall_below_what_was_asked():
    assert next_interval(40, refused()) == LONGEST_INTERVAL_SECONDS
    assert next_interval(90, refused()) == 90


@pytest.mark.parametrize(
    "refusal, error",
    [
        (refused("access_denied", status=400, error_description="No, thank you"), LoginDenied),
        (refused("expired_token", status=400), LoginTimeout),
        (refused("unauthorized_client", status=400), ConfigurationError),
        (refused("unsupported_grant_type", status=400), ConfigurationError),
        (refused("invalid_grant", status=400), ProviderError),
        (refused("invalid_id_token"), ProviderError),
        (refused(status=200), ProviderError),
        (refused(status=404), ProviderError),
    ],
)
def test_there_is_no_use_in_asking_again(refusal, error):
    with pytest.raises(error) as caught:
        next_interval(5, refusal)
    assert getattr(caught.value, "error_description", None) == refusal.error_description


def test_the_person_is_told_where_to_enter_what_for_how_long_and_what_to_beware_of():
    code = replace(judge().shown, verification_uri_complete=f"{PAGE}?c=1")
    text = "\n".join(describe_device(code, minutes=10))
    assert all(part in text for part in (PAGE, "WDJB-MJHT", f"{PAGE}?c=1", "10 min", "Give it to nobody"))
    assert len(describe_device(judge().shown, minutes=10)) == 3


def test_an_authorization_masks_its_secret_even_in_a_frame():
    assert "SENTINEL" not in repr(DeviceAuthorization(judge().shown, "SENTINEL").device_code)
