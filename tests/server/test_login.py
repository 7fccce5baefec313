"""From the click to the provider: ATTACKS 1, 2, 3, 12, 15 and 27 at `login/<id>`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

import pytest

from jupyter_flowauth import wiring
from jupyter_flowauth.code_grant import NO_WAY_BACK
from jupyter_flowauth.pkce import generate_login_id
from jupyter_flowauth.ports import Rendezvous
from jupyter_flowauth.records import LoginRequest, LoginResult, Opening
from jupyter_flowauth.server import login
from jupyter_flowauth.server.context import ServerContext
from jupyter_flowauth.server.origins import Place
from jupyter_flowauth.server.rungs import WayBack
from jupyter_flowauth.tokens import Identity

from .conftest import ISSUER, SCOPE, Browser

OpenLogin = Callable[..., LoginRequest]


async def test_redirect_uri_is_the_origin_that_the_browser_is_at(browser: Browser, open_login: OpenLogin) -> None:
    sent = await browser.open(open_login())
    assert sent["redirect_uri"] == f"{browser.base}flowauth/callback/globus"
    browser.base = browser.base.replace("127.0.0.1", "localhost")
    sent = await browser.open(open_login())
    assert sent["redirect_uri"] == f"{browser.base}flowauth/callback/globus"


async def test_provider_is_sent_what_the_login_asks_for(browser: Browser, open_login: OpenLogin) -> None:
    request = open_login()
    sent = await browser.open(request)
    assert (sent["state"], sent["code_challenge"], sent["code_challenge_method"]) == (request.authorization.state, "challenge", "S256")
    assert sent["scope"] == request.authorization.scope


async def test_binding_cookie_is_signed_narrow_and_hidden(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    response = await browser.get(f"flowauth/login/{request.login_id}")
    cookie = SimpleCookie(next(line for line in response.headers.get_list("Set-Cookie") if line.startswith("flowauth-")))
    morsel = cookie[f"flowauth-{request.login_id}"]
    assert (morsel["path"], morsel["httponly"], morsel["samesite"]) == (f"{urlsplit(browser.base).path}flowauth/", True, "Lax")
    assert not morsel["secure"], "plain http on loopback"
    opening = rendezvous.read_opening(request.login_id)
    assert opening is not None
    assert len(opening.binding_sha256) == hashlib.sha256().digest_size * 2


async def test_each_opening_has_a_cookie_of_its_own(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    hashes = set()
    for _ in range(3):
        await browser.open(request)
        opening = rendezvous.read_opening(request.login_id)
        assert opening is not None
        hashes.add(opening.binding_sha256)
    assert len(hashes) == 3


async def test_leaked_link_takes_a_stranger_to_the_jupyter_login(stranger: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    response = await stranger.get(f"flowauth/login/{request.login_id}")
    assert response.code == 302
    assert urlsplit(response.headers["Location"]).path == f"{urlsplit(stranger.base).path}login"
    assert rendezvous.read_opening(request.login_id) is None


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "\\\\evil.example",
        "https:///evil.example",
        "///evil.example",
        "/%2Fevil.example",
        "https://evil.example",
        "/user/other/",
    ],
)
@pytest.mark.parametrize("name", ["next", "redirect_uri", "return", "at", "paste"])
async def test_no_parameter_sends_the_browser_elsewhere(browser: Browser, open_login: OpenLogin, name: str, target: str) -> None:
    response = await browser.get(f"flowauth/login/{open_login().login_id}", **{name: target})
    location = urlsplit(response.headers["Location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == f"{ISSUER}/authorize"
    assert "evil" not in location.query


UNREGISTERED = {"authorization": {"redirect_uris": ("https://jupyter.example.org/flowauth/callback/globus",)}}


async def test_unregistered_origin_is_shown_the_next_rung(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login(**UNREGISTERED)
    response = await browser.get(f"flowauth/login/{request.login_id}")
    page = response.body.decode()
    assert response.code == 200
    assert f"{browser.base}flowauth/callback/globus" in page
    assert "paste=1" in page
    assert rendezvous.read_opening(request.login_id) is None


async def test_paste_goes_to_the_page_that_shows_codes(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login(**UNREGISTERED)
    response = await browser.get(f"flowauth/login/{request.login_id}", paste="1")
    assert response.code == 302
    opening = rendezvous.read_opening(request.login_id)
    assert opening is not None
    assert opening.redirect_uri == f"{ISSUER}/show-code"


DEAD_END = {"authorization": {"redirect_uris": (), "code_page": None}}


async def test_without_a_way_to_paste_the_page_offers_none_and_whoever_asks_takes_the_next_way(
    browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous
) -> None:
    request = open_login(**DEAD_END)
    response = await browser.get(f"flowauth/login/{request.login_id}", paste="1")
    page = response.body.decode()
    assert (response.code, "<a " in page, "it asks you there now" in page) == (200, False, True)
    answer = rendezvous.take_response(request.login_id)
    assert answer is not None
    assert (answer.error, answer.redirect_uri, answer.code) == (NO_WAY_BACK, f"{browser.base}flowauth/callback/globus", None)
    assert not rendezvous.is_taken(request.login_id)


async def test_a_cancel_while_the_way_back_is_looked_for_is_the_answer(
    browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, find_way_back = open_login(**DEAD_END), login.find_way_back

    async def cancelled_meanwhile(context: ServerContext, place: Place, request: LoginRequest) -> WayBack:
        await browser.get("flowauth/api/status")  # for the _xsrf
        assert (await browser.post(f"flowauth/api/logins/{request.login_id}/cancel")).code == 204
        return await find_way_back(context, place, request)

    monkeypatch.setattr(login, "find_way_back", cancelled_meanwhile)
    await browser.get(f"flowauth/login/{request.login_id}")
    answer = rendezvous.take_response(request.login_id)
    assert answer is not None
    assert answer.error == "cancelled"


async def test_a_browser_that_cannot_come_back_does_not_stop_one_that_can(
    browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous
) -> None:
    request = open_login(**DEAD_END)
    rendezvous.record_opening(Opening(request.login_id, "0" * 64, "https://jupyter.example.org/flowauth/callback/globus", 0.0))
    await browser.get(f"flowauth/login/{request.login_id}")
    assert rendezvous.take_response(request.login_id) is None


async def test_where_a_code_can_be_pasted_the_login_goes_on_waiting(
    browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous
) -> None:
    request = open_login(**UNREGISTERED)
    await browser.get(f"flowauth/login/{request.login_id}")
    assert rendezvous.take_response(request.login_id) is None


async def test_unknown_login_is_said_to_be_over(browser: Browser, rendezvous: Rendezvous) -> None:
    response = await browser.get(f"flowauth/login/{generate_login_id()}")
    assert response.code == 404
    assert "This login is over" in response.body.decode()


async def test_ended_login_says_how_it_ended(browser: Browser, rendezvous: Rendezvous) -> None:
    identity = Identity("1", "alice@sandbox.example")
    result = LoginResult(generate_login_id(), "done", "fine", 0.0, identity, (SCOPE,))
    rendezvous.write_result(result)
    response = await browser.get(f"flowauth/login/{result.login_id}")
    assert response.code == 200
    assert "You are alice@sandbox.example, 1 scope granted" in response.body.decode()


async def test_login_whose_state_was_taken_is_not_opened_again(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    rendezvous.take(request.login_id)
    response = await browser.get(f"flowauth/login/{request.login_id}")
    assert response.code == 200
    assert "answered already" in response.body.decode()


async def test_login_past_its_deadline_is_not_opened(browser: Browser, open_login: OpenLogin) -> None:
    response = await browser.get(f"flowauth/login/{open_login(seconds_left=-1).login_id}")
    assert response.code == 404


async def test_login_whose_kernel_is_gone_is_not_opened(browser: Browser, open_login: OpenLogin) -> None:
    gone = replace(wiring.this_process(), started_seconds=1.0)
    response = await browser.get(f"flowauth/login/{open_login(process=gone).login_id}")
    assert response.code == 404


async def test_login_of_another_user_agent_is_left_to_it(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login(user_agent="loopback")
    response = await browser.get(f"flowauth/login/{request.login_id}")
    assert response.code == 409
    assert rendezvous.read_opening(request.login_id) is None


async def test_forwarded_headers_do_not_move_the_redirect_uri(browser: Browser, open_login: OpenLogin) -> None:
    browser.headers.update(
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Scheme": "https", "Forwarded": "host=evil.example"}
    )
    sent = await browser.open(open_login())
    assert sent["redirect_uri"] == f"{browser.base}flowauth/callback/globus"


async def test_forged_host_is_refused(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login(authorization={"redirect_uris": ("http://evil.example/*",)})
    browser.headers["Host"] = "evil.example"
    assert (await browser.get(f"flowauth/login/{request.login_id}")).code == 403
    assert rendezvous.read_opening(request.login_id) is None


@pytest.mark.parametrize(
    "jp_server_config", [{"ServerApp": {"jpserver_extensions": {"jupyter_flowauth": True}, "allow_remote_access": True}}]
)
async def test_host_that_the_server_accepts_still_has_to_be_registered(
    browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous
) -> None:
    request = open_login()
    browser.headers["Host"] = "evil.example"
    assert (await browser.get(f"flowauth/login/{request.login_id}")).code == 200
    assert rendezvous.read_opening(request.login_id) is None


PUBLIC = {"authorization": {"redirect_uris": ("https://jupyter.example.org/*",)}}


@pytest.mark.parametrize("extension_config", [{"public_url": "https://jupyter.example.org"}])
async def test_browser_elsewhere_is_sent_to_the_public_url_first(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login(**PUBLIC)
    response = await browser.get(f"flowauth/login/{request.login_id}", paste="1")
    path = urlsplit(browser.base).path
    assert response.headers["Location"] == f"https://jupyter.example.org{path}flowauth/login/{request.login_id}?at=public&paste=1"
    assert rendezvous.read_opening(request.login_id) is None


@pytest.mark.parametrize("extension_config", [{"public_url": "https://jupyter.example.org"}])
async def test_public_url_behind_a_proxy_that_hides_it_ends_in_no_loop(
    browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous
) -> None:
    request = open_login(**PUBLIC)
    response = await browser.get(f"flowauth/login/{request.login_id}", at="public")
    opening = rendezvous.read_opening(request.login_id)
    assert opening is not None
    assert opening.redirect_uri == f"https://jupyter.example.org{urlsplit(browser.base).path}flowauth/callback/globus"
    assert "secure" in response.headers["Set-Cookie"].lower()
    assert (await browser.come_back(request)).code == 303
