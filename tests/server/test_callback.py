"""ATTACKS 1, 2, 4, 5, 15 and 27 at the redirect_uri."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from jupyter_flowauth.pkce import generate_login_id, generate_state
from jupyter_flowauth.ports import Rendezvous
from jupyter_flowauth.records import LoginRequest, LoginResult

from .conftest import CODE, ISSUER, Browser

OpenLogin = Callable[..., LoginRequest]


async def test_answer_reaches_the_rendezvous_with_the_redirect_uri_of_this_login(
    browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous
) -> None:
    request = open_login()
    sent = await browser.open(request)
    response = await browser.come_back(request)
    answer = rendezvous.take_response(request.login_id)
    assert response.code == 303
    assert response.headers["Location"].endswith(f"/flowauth/done/{request.login_id}")
    assert answer is not None
    assert (answer.code, answer.redirect_uri, answer.iss) == (CODE, sent["redirect_uri"], ISSUER)


async def test_denial_goes_the_same_way(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    await browser.open(request)
    response = await browser.come_back(request, code=None, error="access_denied", error_description="no")
    answer = rendezvous.take_response(request.login_id)
    assert response.code == 303
    assert answer is not None
    assert (answer.code, answer.error, answer.error_description) == (None, "access_denied", "no")


WRONG: list[dict[str, Any]] = [
    {"state": None},
    {"state": ""},
    {"state": "x"},
    {"state": "0" * 32},
    {"state": generate_state(generate_login_id())},
    {"iss": None},
    {"iss": ""},
    {"iss": "https://evil.example.org"},
    {"iss": f"{ISSUER}/"},
    {"provider": "other"},
    {"provider": ""},
    {"code": "x" * 5000},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
async def test_wrong_answer_is_refused_and_ends_nothing(
    browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous, wrong: dict[str, Any]
) -> None:
    request = open_login()
    await browser.open(request)
    refused = await browser.come_back(request, **wrong)
    assert refused.code in {400, 403}
    assert rendezvous.take_response(request.login_id) is None
    assert (await browser.come_back(request)).code == 303


async def test_state_of_this_login_with_another_random_part_is_refused(
    browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous
) -> None:
    request = open_login()
    await browser.open(request)
    refused = await browser.come_back(request, state=generate_state(request.login_id))
    assert refused.code == 400
    assert not rendezvous.is_taken(request.login_id)


async def test_repeated_parameter_is_refused(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    await browser.open(request)
    refused = await browser.get(f"flowauth/callback/globus?state={request.authorization.state}&code={CODE}&code=other&iss={ISSUER}")
    assert refused.code == 400
    assert not rendezvous.is_taken(request.login_id)


async def test_issuer_that_the_provider_never_announced_may_be_absent(browser: Browser, open_login: OpenLogin) -> None:
    request = open_login(authorization={"iss_required": False})
    await browser.open(request)
    assert (await browser.come_back(request, iss=None)).code == 303


async def test_another_browser_cannot_finish_the_login(
    browser: Browser, stranger: Browser, open_login: OpenLogin, rendezvous: Rendezvous
) -> None:
    request = open_login()
    await browser.open(request)
    assert (await stranger.come_back(request)).code == 403
    assert not rendezvous.is_taken(request.login_id)


async def test_unsigned_cookie_is_refused(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    await browser.open(request)
    browser.cookies[f"flowauth-{request.login_id}"] = browser.cookies[f"flowauth-{request.login_id}"].split("|")[-2]
    assert (await browser.come_back(request)).code == 403
    assert not rendezvous.is_taken(request.login_id)


async def test_cookie_of_another_login_is_refused(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    mine, other = open_login(), open_login()
    await browser.open(mine)
    await browser.open(other)
    browser.cookies[f"flowauth-{mine.login_id}"] = browser.cookies[f"flowauth-{other.login_id}"]
    assert (await browser.come_back(mine)).code == 403
    assert not rendezvous.is_taken(mine.login_id)


async def test_newest_opening_counts(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    await browser.open(request)
    older = dict(browser.cookies)
    await browser.open(request)
    newer, browser.cookies = browser.cookies, older
    assert (await browser.come_back(request)).code == 403
    browser.cookies = newer
    assert (await browser.come_back(request)).code == 303


async def test_second_answer_is_refused_and_the_first_unharmed(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    await browser.open(request)
    assert (await browser.come_back(request)).code == 303
    assert (await browser.come_back(request, code="another-code")).code == 409
    answer = rendezvous.take_response(request.login_id)
    assert answer is not None
    assert answer.code == CODE


async def test_of_many_answers_at_once_one_is_first(browser: Browser, open_login: OpenLogin) -> None:
    request = open_login()
    await browser.open(request)
    responses = await asyncio.gather(*(browser.come_back(request, code=f"code-{number}") for number in range(8)))
    assert sorted(response.code for response in responses) == [303] + [409] * 7


async def test_answer_after_the_login_has_ended_is_refused(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    await browser.open(request)
    rendezvous.write_result(LoginResult(request.login_id, "cancelled", "cancelled", 0.0))
    assert (await browser.come_back(request)).code == 410
    assert rendezvous.take_response(request.login_id) is None


async def test_answer_after_the_deadline_is_refused(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    await browser.open(request)
    rendezvous.open_request(replace(request, expires_at_seconds=1.0))
    assert (await browser.come_back(request)).code == 410
    assert not rendezvous.is_taken(request.login_id)


async def test_answer_for_a_kernel_that_is_gone_is_refused(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    await browser.open(request)
    rendezvous.open_request(replace(request, process=replace(request.process, started_seconds=1.0)))
    assert (await browser.come_back(request)).code == 410
    assert not rendezvous.is_taken(request.login_id)


async def test_answer_to_an_opening_for_paste_is_refused(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    await browser.open(request)
    await browser.get(f"flowauth/login/{request.login_id}", paste="1")
    assert (await browser.come_back(request)).code == 409
    assert not rendezvous.is_taken(request.login_id)


async def test_head_reads_nothing_and_is_not_sent_to_the_login_page(stranger: Browser, open_login: OpenLogin) -> None:
    response = await stranger.request("HEAD", f"flowauth/callback/globus?code={CODE}&state={open_login().authorization.state}")
    assert response.code == 405
    assert "Location" not in response.headers
