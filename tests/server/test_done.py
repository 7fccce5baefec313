"""The page where the browser ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from jupyter_flowauth.ports import Rendezvous
from jupyter_flowauth.records import LoginRequest, LoginResult, Outcome
from jupyter_flowauth.tokens import Identity

from .conftest import CODE, SCOPE, Browser

OpenLogin = Callable[..., LoginRequest]
ALICE = Identity("sub-1", "alice@sandbox.example", "Alice Sandbox")


async def finish(browser: Browser, request: LoginRequest) -> str:
    await browser.open(request)
    await browser.come_back(request)
    return f"flowauth/done/{request.login_id}"


async def test_page_looks_again_until_the_notebook_has_answered(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    done = await finish(browser, request)
    page = (await browser.get(done)).body.decode()
    assert '<meta http-equiv="refresh" content="1">' in page
    rendezvous.write_result(LoginResult(request.login_id, "done", "fine", 0.0, ALICE, (SCOPE, "other")))
    page = (await browser.get(done)).body.decode()
    assert "You are alice@sandbox.example, 2 scopes granted" in page
    assert "refresh" not in page


@pytest.mark.parametrize(
    ("outcome", "heading"),
    [
        ("denied", "The login was denied"),
        ("cancelled", "The login was cancelled"),
        ("timed_out", "The login took too long"),
        ("failed", "The login failed"),
        ("interrupted", "The login was interrupted"),
        ("mismatch", "Somebody else logged in"),
    ],
)
async def test_each_outcome_has_its_heading(
    browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous, outcome: Outcome, heading: str
) -> None:
    request = open_login()
    done = await finish(browser, request)
    rendezvous.write_result(LoginResult(request.login_id, outcome, "what happened", 0.0))
    page = (await browser.get(done)).body.decode()
    assert f"<h1>{heading}</h1>" in page
    assert ("What happened." in page) == (outcome in ("failed", "mismatch"))


async def test_less_granted_than_asked_is_said(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    done = await finish(browser, request)
    rendezvous.write_result(LoginResult(request.login_id, "done", "fine", 0.0, ALICE, (SCOPE,), ("urn:declined",)))
    page = (await browser.get(done)).body.decode()
    assert "1 scope granted" in page
    assert "1 scope not granted" in page
    assert "urn:declined" in page


async def test_page_is_for_the_browser_that_opened_the_login(
    browser: Browser, stranger: Browser, open_login: OpenLogin, rendezvous: Rendezvous
) -> None:
    request = open_login()
    done = await finish(browser, request)
    assert (await stranger.get(done)).code == 403
    rendezvous.write_result(LoginResult(request.login_id, "done", "fine", 0.0, ALICE))
    response = await stranger.get(done)
    assert response.code == 403
    assert "alice" not in response.body.decode()


async def test_cookie_of_an_older_opening_does_not_open_the_page(browser: Browser, open_login: OpenLogin) -> None:
    request = open_login()
    await browser.open(request)
    older = dict(browser.cookies)
    await browser.open(request)
    browser.cookies = older
    assert (await browser.get(f"flowauth/done/{request.login_id}")).code == 403


async def test_notebook_that_answers_within_a_moment_is_waited_for(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    done = await finish(browser, request)
    result = LoginResult(request.login_id, "done", "fine", 0.0, ALICE, (SCOPE,))
    asyncio.get_running_loop().call_later(0.1, rendezvous.write_result, result)
    assert "You are alice@sandbox.example" in (await browser.get(done)).body.decode()


async def test_page_stops_looking_when_the_login_is_gone(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    done = await finish(browser, request)
    rendezvous.open_request(replace(request, expires_at_seconds=1.0))
    page = (await browser.get(done)).body.decode()
    assert "refresh" not in page
    assert "notebook says how it ended" in page


async def test_page_stops_looking_when_the_kernel_is_gone(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    done = await finish(browser, request)
    rendezvous.open_request(replace(request, process=replace(request.process, started_seconds=1.0)))
    assert "refresh" not in (await browser.get(done)).body.decode()


async def test_page_waits_a_little_longer_than_the_deadline(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    done = await finish(browser, request)
    rendezvous.open_request(replace(request, expires_at_seconds=time.time() - 1))
    assert "refresh" in (await browser.get(done)).body.decode()


async def test_pages_hold_no_secret(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    done = await finish(browser, request)
    pages = [await browser.get(done), await browser.come_back(request), await browser.come_back(request, state="wrong")]
    rendezvous.write_result(LoginResult(request.login_id, "done", "fine", 0.0, ALICE))
    pages += [await browser.get(done), await browser.get(f"flowauth/login/{request.login_id}")]
    for page in pages:
        assert CODE not in page.body.decode()
        assert request.authorization.state not in page.body.decode()


@pytest.mark.parametrize("from_here", [True, False])
async def test_only_the_tab_that_left_its_notebook_is_led_back(
    browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous, base: str, from_here: bool
) -> None:
    request = open_login()
    await browser.get(f"flowauth/login/{request.login_id}", **({"here": "1"} if from_here else {}))
    await browser.come_back(request)
    rendezvous.write_result(LoginResult(request.login_id, "done", "fine", 0.0, ALICE, (SCOPE,)))
    page = (await browser.get(f"flowauth/done/{request.login_id}")).body.decode()
    assert (f'href="{urlsplit(base).path}">Back to Jupyter' in page) == from_here
    assert ("You can close this page" in page) != from_here
