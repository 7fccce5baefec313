"""ATTACKS 12 and 18: the policy headers of every page, and strangers' words escaped."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable

import pytest
from tornado.httpclient import HTTPResponse

from jupyter_flowauth.pkce import generate_login_id
from jupyter_flowauth.ports import Rendezvous
from jupyter_flowauth.records import LoginRequest, LoginResult
from jupyter_flowauth.server import pages
from jupyter_flowauth.tokens import Identity

from .conftest import Browser

OpenLogin = Callable[..., LoginRequest]
HOSTILE = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>&amp;"


def assert_guarded(response: HTTPResponse) -> None:
    headers = response.headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert policy.pop("style-src", "").startswith("'sha256-")
    assert policy == dict.fromkeys(("default-src", "frame-ancestors", "base-uri", "form-action"), "'none'")
    assert (headers["Referrer-Policy"], headers["Cache-Control"], headers["X-Content-Type-Options"]) == (
        "no-referrer",
        "no-store",
        "nosniff",
    )
    assert "Cross-Origin-Opener-Policy" not in headers, "the view has to close its popup"
    assert "Etag" not in headers


async def test_every_page_has_the_policy(browser: Browser, stranger: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request, other = open_login(), open_login(authorization={"redirect_uris": ()})
    link = f"flowauth/login/{request.login_id}"
    assert_guarded(await browser.get(link))
    assert_guarded(await browser.get(f"flowauth/login/{other.login_id}"))
    assert_guarded(await stranger.come_back(request))
    assert_guarded(await browser.come_back(request, state="wrong"))
    assert_guarded(await browser.come_back(request))
    assert_guarded(await browser.get(f"flowauth/done/{request.login_id}"))
    assert_guarded(await stranger.get(f"flowauth/done/{request.login_id}"))
    assert_guarded(await browser.get(f"flowauth/login/{generate_login_id()}"))
    assert_guarded(await browser.request("PUT", "flowauth/callback/globus"))
    rendezvous.write_result(LoginResult(request.login_id, "failed", "no", 0.0))
    assert_guarded(await browser.get(link))


async def test_api_answers_are_not_kept_or_referred(browser: Browser) -> None:
    headers = (await browser.get("flowauth/api/status")).headers
    assert (headers["Referrer-Policy"], headers["Cache-Control"], headers["X-Content-Type-Options"]) == (
        "no-referrer",
        "no-store",
        "nosniff",
    )
    assert headers["Content-Type"] == "application/json"


def test_only_the_one_style_is_allowed() -> None:
    html = pages.render_page(pages.build_unknown_page())
    [style] = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in pages.CONTENT_SECURITY_POLICY
    assert not re.search(r"<script|\sstyle=|\son\w+=|\ssrc=|url\(|@import|http:|https:", html)


@pytest.mark.parametrize("outcome", ["done", "denied", "failed"])
async def test_markup_in_a_result_is_escaped(browser: Browser, rendezvous: Rendezvous, outcome: str) -> None:
    identity = Identity("1", HOSTILE, HOSTILE)
    result = LoginResult(generate_login_id(), outcome, HOSTILE, 0.0, identity, (HOSTILE,), (HOSTILE,))  # type: ignore[arg-type]
    rendezvous.write_result(result)
    page = (await browser.get(f"flowauth/login/{result.login_id}")).body.decode()
    assert "&lt;img src=x" in page
    assert_harmless(page)


async def test_markup_in_a_providers_title_and_error_is_escaped(browser: Browser, open_login: OpenLogin) -> None:
    request = open_login(provider_title=HOSTILE, authorization={"redirect_uris": ()})
    assert_harmless((await browser.get(f"flowauth/login/{request.login_id}")).body.decode())
    answered = open_login()
    await browser.open(answered)
    for changes in ({"error": HOSTILE, "error_description": HOSTILE, "state": HOSTILE}, {"iss": HOSTILE}, {"code": HOSTILE, "state": "x"}):
        assert_harmless((await browser.come_back(answered, **changes)).body.decode())
    assert_harmless((await browser.get("flowauth/callback/%3Cimg src=x onerror=alert(1)%3E")).body.decode())


def assert_harmless(page: str) -> None:
    assert "<img" not in page
    assert "<script" not in page
    assert "onerror" not in re.sub(r"&lt;img.*?&gt;", "", page)


def test_long_words_are_cut() -> None:
    html = pages.render_page(pages.build_refusal_page("Title", "x" * 10_000))
    assert len(re.findall("x{500,}", html)[0]) < 700
