from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from jupyter_flowauth.code_grant import (
    AuthorizationRequest,
    AuthorizationResponse,
    build_authorize_url,
    is_loopback_url,
    matches_redirect_uri,
    parse_authorization_response,
    parse_redirected_address,
    validate_authorization_response,
    validate_endpoint,
)
from jupyter_flowauth.errors import LoginDenied, ProviderError, StateMismatch

URI = "http://127.0.0.1:1/callback"
REQUEST = AuthorizationRequest(
    authorization_endpoint="https://x.example/authorize?tenant=7",
    issuer="https://x.example",
    client_id="client",
    scope="a b[c]",
    code_challenge="challenge",
    state="the-state",
    nonce="the-nonce",
    iss_required=True,
    extra=(("access_type", "offline"),),
)
GOOD = AuthorizationResponse(URI, code="the-code", state="the-state", iss="https://x.example")


def test_the_address_holds_the_request_and_keeps_the_endpoints_own_query():
    parts = urlsplit(build_authorize_url(REQUEST, redirect_uri=URI))
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://x.example/authorize"
    assert {name: values[0] for name, values in parse_qs(parts.query).items()} == {
        "tenant": "7",
        "response_type": "code",
        "client_id": "client",
        "redirect_uri": URI,
        "scope": "a b[c]",
        "state": "the-state",
        "nonce": "the-nonce",
        "code_challenge": "challenge",
        "code_challenge_method": "S256",
        "access_type": "offline",
    }


def test_an_answer_that_belongs_gives_its_code():
    assert validate_authorization_response(REQUEST, GOOD) == "the-code"


@pytest.mark.parametrize("state", [None, "", "another", "the-state2", "the-stat", "ä\ud800"])
def test_an_absent_state_fails_as_a_wrong_one_does(state):
    with pytest.raises(StateMismatch, match="belongs to no login that was started here"):
        validate_authorization_response(REQUEST, replace(GOOD, state=state))


@pytest.mark.parametrize("iss", [None, "https://evil.example", "https://x.example/", "HTTPS://x.example"])
def test_another_issuer_or_none_where_one_was_announced_is_refused(iss):
    with pytest.raises(StateMismatch, match="another provider"):
        validate_authorization_response(REQUEST, replace(GOOD, iss=iss))


def test_where_no_issuer_was_announced_it_may_be_absent_but_not_wrong():
    unannounced = replace(REQUEST, iss_required=False)
    assert validate_authorization_response(unannounced, replace(GOOD, iss=None)) == "the-code"
    with pytest.raises(StateMismatch):
        validate_authorization_response(unannounced, replace(GOOD, iss="https://evil.example"))


def test_a_state_that_was_compared_where_it_arrived_is_not_asked_for_again():
    assert validate_authorization_response(REQUEST, replace(GOOD, state=None, state_checked=True)) == "the-code"


def test_a_bare_code_of_the_code_page_stands_for_itself():
    assert validate_authorization_response(REQUEST, AuthorizationResponse(URI, code="c", state_checked=True)) == "c"


def test_even_a_checked_answer_of_another_issuer_is_refused():
    with pytest.raises(StateMismatch):
        validate_authorization_response(REQUEST, replace(GOOD, state_checked=True, iss="https://evil.example"))


def test_the_state_is_judged_before_an_error_is_believed():
    with pytest.raises(StateMismatch):
        validate_authorization_response(REQUEST, AuthorizationResponse(URI, error="access_denied", state="another"))


def test_a_denial_keeps_the_providers_words_as_fields():
    answer = replace(GOOD, code=None, error="access_denied", error_description="<b>no</b>")
    with pytest.raises(LoginDenied, match="the login was denied") as caught:
        validate_authorization_response(REQUEST, answer)
    assert (caught.value.error, caught.value.error_description) == ("access_denied", "<b>no</b>")


def test_a_cancelled_login_says_so():
    with pytest.raises(LoginDenied, match="was cancelled"):
        validate_authorization_response(REQUEST, AuthorizationResponse(URI, error="cancelled", state_checked=True))


@pytest.mark.parametrize(
    "description, shown", [(None, "(invalid_scope)"), ("no such\nscope\x1b[2J", "(invalid_scope: no such scope [2J)"), ("x" * 999, "x…)")]
)
def test_another_error_is_said_on_one_line(description, shown):
    with pytest.raises(ProviderError) as caught:
        validate_authorization_response(REQUEST, replace(GOOD, code=None, error="invalid_scope", error_description=description))
    assert shown in str(caught.value)
    assert str(caught.value).endswith("log in again; if it goes on: jupyter flowauth doctor")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


def test_both_a_code_and_an_error_are_refused():
    with pytest.raises(ProviderError, match="both a code and an error"):
        validate_authorization_response(REQUEST, replace(GOOD, error="server_error"))


def test_neither_a_code_nor_an_error_is_refused():
    with pytest.raises(ProviderError, match="neither a code nor an error"):
        validate_authorization_response(REQUEST, replace(GOOD, code=None))


@pytest.mark.parametrize("name", ["code", "state", "iss", "error", "error_description"])
def test_a_parameter_that_is_repeated_is_refused(name):
    with pytest.raises(ProviderError, match=f"repeats the parameter '{name}'"):
        parse_authorization_response({name: ["1", "2"]}, redirect_uri=URI)


@pytest.mark.parametrize("name", ["code", "state", "iss", "error", "error_description"])
def test_an_absurdly_long_value_is_refused_and_not_repeated(name):
    with pytest.raises(ProviderError, match="oversized") as caught:
        parse_authorization_response({name: ["SENTINEL" * 1000]}, redirect_uri=URI)
    assert "SENTINEL" not in str(caught.value)


def test_an_empty_value_counts_as_absent():
    assert parse_authorization_response({"code": [""], "state": []}, redirect_uri=URI) == AuthorizationResponse(URI)


def test_the_address_of_a_page_says_what_it_was_redirected_with():
    answer = parse_redirected_address(f" {URI}?code=c&state=s&iss=i#fragment ")
    assert (answer.redirect_uri, answer.code, answer.state, answer.iss) == (URI, "c", "s", "i")


@pytest.mark.parametrize("address", ["", "a-code", "javascript:alert(1)", "file:///etc/passwd", "http://", "data:text/html,x"])
def test_what_is_no_address_of_a_page_is_refused(address):
    with pytest.raises(ValueError, match="isn't the address of a page"):
        parse_redirected_address(address)


@pytest.mark.parametrize(
    "uri, pattern, fits",
    [
        ("http://127.0.0.1:5/x", "http://127.0.0.1:*/*", True),
        ("http://127.0.0.1:5", "http://127.0.0.1:*/*", True),
        ("http://127.0.0.1:5/x", "http://127.0.0.1:5/*", True),
        ("http://127.0.0.1:6/x", "http://127.0.0.1:5/*", False),
        ("http://127.0.0.1:5/x", "http://127.0.0.1:*/y", False),
        ("http://127.0.0.1:5/x", "http://127.0.0.1:*", False),
        ("http://127.0.0.1:5", "http://127.0.0.1:*", True),
        ("http://[::1]:5/x", "http://[::1]:*/*", True),
        ("https://h.example/cb", "https://h.example:443/cb", True),
        ("https://h.example:444/cb", "https://h.example/cb", False),
        ("http://h.example/cb", "https://h.example/cb", False),
        ("https://h.example.evil/cb", "https://h.example/cb", False),
        ("https://h.example/cb?x=1", "https://h.example/cb", False),
        ("https://h.example/cb#x", "https://h.example/cb", False),
        ("https://user@h.example/cb", "https://h.example/cb", False),
        ("http://127.0.0.1:99999/x", "http://127.0.0.1:5/*", False),
        ("http://[::1/x", "http://[::1]:*/*", False),
    ],
)
def test_a_redirect_uri_fits_a_pattern_or_does_not(uri, pattern, fits):
    assert matches_redirect_uri(uri, [pattern]) is fits


@pytest.mark.parametrize("url", ["https://x.example/token", "http://127.0.0.1:1/token", "http://localhost/t", "http://[::1]:2/t"])
def test_an_endpoint_is_https_or_on_loopback(url):
    assert validate_endpoint(url, what="endpoint") == url


@pytest.mark.parametrize("url", [None, 7, "", "http://x.example/token", "ftp://127.0.0.1/", "http://127.0.0.1.evil.example/", "/token"])
def test_any_other_endpoint_is_refused(url):
    with pytest.raises(ProviderError, match="nothing was sent"):
        validate_endpoint(url, what="endpoint")


def test_loopback_is_known_by_its_names():
    assert (is_loopback_url("http://127.0.0.1:1/"), is_loopback_url("http://127.0.0.1.evil.example/")) == (True, False)
