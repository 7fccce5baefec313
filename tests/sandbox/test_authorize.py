from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CONFIDENTIAL_CLIENT_ID
from jupyter_flowauth.sandbox.authorize import build_redirect, is_loopback_redirect
from jupyter_flowauth.sandbox.catalogue import DATA_ACCESS, TRANSFER_ALL
from jupyter_flowauth.sandbox.visitor import Visitor, VisitRefused

CALLBACK = "http://localhost:8888/flowauth/callback/globus"


def authorize_url(sandbox, *extra, **changes):
    params = {
        "client_id": SANDBOX_CLIENT_ID,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "state": "the-state",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    pairs = [(name, value) for name, value in (params | changes).items() if value is not None]
    return f"{sandbox.url}/v2/oauth2/authorize?{urlencode([*pairs, *extra])}"


def answer(location):
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def test_the_answer_carries_code_state_and_iss(sandbox):
    returned = sandbox.approve(authorize_url(sandbox))
    assert returned.startswith(CALLBACK + "?code=")
    assert {name: value for name, value in answer(returned).items() if name != "code"} == {"state": "the-state", "iss": sandbox.url}


def test_a_denial_goes_back_with_access_denied(sandbox):
    returned = answer(sandbox.approve(authorize_url(sandbox), deny=True))
    assert (returned["error"], returned["state"], returned["iss"]) == ("access_denied", "the-state", sandbox.url)


def test_a_denial_leaves_no_consent(sandbox):
    sandbox.approve(authorize_url(sandbox), deny=True)
    assert sandbox.state.consents.given(sandbox.state.users["alice"].sub) == []


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://evil.example/callback",
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.1@evil.example/",
        "http://evil.example\\@127.0.0.1/",
        "http://127.0.0.1:8888/#fragment",
        "http://127.0.0.1:99999/",
        "http://192.168.0.1:8888/",
        "http://127.0.0.1:8888/\r\nSet-Cookie: a=b",
        "http://127.0.0.1:8888/\\evil.example",
        "http://127.0.0.1:8888/a b",
        "javascript:alert(1)",
        "/flowauth/callback/globus",
        "//127.0.0.1/",
        "",
    ],
)
def test_an_unregistered_redirect_uri_never_gets_the_browser(sandbox, redirect_uri):
    page = Visitor().get(authorize_url(sandbox, redirect_uri=redirect_uri))
    assert (page.status, page.location) == (400, None)


@pytest.mark.parametrize("redirect_uri", ["http://127.0.0.1:4321", "http://localhost:8888/any/path", "http://[::1]:1/", "http://127.0.0.1"])
def test_a_native_app_may_use_loopback(sandbox, redirect_uri):
    assert sandbox.approve(authorize_url(sandbox, redirect_uri=redirect_uri)).startswith(redirect_uri + "?code=")


def test_a_confidential_client_may_not_use_loopback_unregistered(sandbox):
    page = Visitor().get(authorize_url(sandbox, client_id=SANDBOX_CONFIDENTIAL_CLIENT_ID))
    assert (page.status, page.title) == (400, "Unregistered redirect_uri · Sandbox")


def test_loopback_can_be_narrowed_to_no_path(sandbox):
    sandbox.configure(loopback_any_path=False)
    assert Visitor().get(authorize_url(sandbox)).status == 400
    assert sandbox.approve(authorize_url(sandbox, redirect_uri="http://127.0.0.1:5000"))


def test_a_registered_uri_is_compared_exactly(sandbox):
    sandbox.state.register_redirect_uri(SANDBOX_CLIENT_ID, "https://hub.example/callback")
    assert sandbox.approve(authorize_url(sandbox, redirect_uri="https://hub.example/callback"))
    assert Visitor().get(authorize_url(sandbox, redirect_uri="https://hub.example/callback/")).status == 400


@pytest.mark.parametrize(
    "scope", ["urn:nothing", "openid urn:nothing", f"{TRANSFER_ALL}[urn:nothing]", "[", "openid]", "openid[]", "*", 'a"b']
)
def test_an_unknown_scope_gets_a_page_and_no_redirect(sandbox, scope):
    page = Visitor().get(authorize_url(sandbox, scope=scope))
    assert (page.status, page.location) == (400, None)


def test_a_dependent_scope_is_named_on_the_consent_page(sandbox):
    visitor = Visitor()
    login = visitor.open(authorize_url(sandbox, scope=f"{TRANSFER_ALL}[*{DATA_ACCESS}]"))
    consent = visitor.get(visitor.submit(login, ("user", "alice")).location)
    assert "Read and write files" in consent.text
    assert DATA_ACCESS in consent.text


@pytest.mark.parametrize("changes", [{"client_id": None}, {"client_id": "nobody"}, {"redirect_uri": None}, {"scope": None}, {"scope": " "}])
def test_an_incomplete_request_gets_a_page(sandbox, changes):
    page = Visitor().get(authorize_url(sandbox, **changes))
    assert (page.status, page.location) == (400, None)


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "scope"])
def test_a_repeated_client_redirect_uri_or_scope_gets_a_page(sandbox, name):
    page = Visitor().get(authorize_url(sandbox, (name, "openid")))
    assert (page.status, page.location) == (400, None)


@pytest.mark.parametrize("pair", [("state", "another"), ("nonce", "a"), ("code_challenge", "x"), ("response_type", "code")])
def test_another_repeated_parameter_is_an_invalid_request(sandbox, pair):
    url = authorize_url(sandbox, pair, nonce="b")
    assert answer(Visitor().open(url).location)["error"] == "invalid_request"


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None},
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": "short"},
    ],
)
def test_a_public_client_must_use_s256(sandbox, changes):
    returned = answer(Visitor().open(authorize_url(sandbox, **changes)).location)
    assert (returned["error"], returned["state"]) == ("invalid_request", "the-state")


@pytest.mark.parametrize(
    "name, value", [("response_type", "token"), ("response_mode", "fragment"), ("prompt", "nonsense"), ("prompt", "none login")]
)
def test_what_is_not_served_goes_back_as_an_error(sandbox, name, value):
    returned = answer(Visitor().open(authorize_url(sandbox, **{name: value})).location)
    assert returned["error"] in {"unsupported_response_type", "invalid_request"}


def test_prompt_none_says_login_required_then_consent_required(sandbox):
    visitor = Visitor()
    url = authorize_url(sandbox, prompt="none")
    first = answer(visitor.open(url).location)["error"]
    visitor.approve(authorize_url(sandbox))
    assert (first, answer(visitor.open(url).location)["error"]) == ("login_required", "consent_required")


@pytest.mark.parametrize("switch, expected", [("absent", None), ("wrong", "https://another.issuer.example")])
def test_iss_can_be_left_out_or_wrong(sandbox, switch, expected):
    sandbox.configure(response_iss=switch)
    assert answer(sandbox.approve(authorize_url(sandbox))).get("iss") == expected


def test_withheld_scopes_are_not_granted(sandbox):
    sandbox.configure(withheld_scopes=("openid",))
    assert answer(sandbox.approve(authorize_url(sandbox)))["error"] == "access_denied"


def test_a_refusal_page_ends_the_visitors_way(sandbox):
    with pytest.raises(VisitRefused, match="400 Unknown scope"):
        sandbox.approve(authorize_url(sandbox, scope="urn:nothing"))


def test_a_redirect_keeps_the_query_that_was_registered():
    assert build_redirect("https://a.example/cb?x=1", {"code": "c d", "state": None}) == "https://a.example/cb?x=1&code=c+d"


def test_a_malformed_address_is_not_loopback():
    assert not is_loopback_redirect("http://[::1", any_path=True)
