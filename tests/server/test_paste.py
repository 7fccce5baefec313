"""A code, or an address, that a person brings back by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from jupyter_flowauth.ports import Rendezvous
from jupyter_flowauth.records import LoginRequest

from .conftest import CODE, ISSUER, Browser

OpenLogin = Callable[..., LoginRequest]
CODE_PAGE = f"{ISSUER}/show-code"


async def paste(browser: Browser, request: LoginRequest, text: Any) -> tuple[int, str]:
    response = await browser.post(f"flowauth/api/logins/{request.login_id}/paste", {"response": text})
    return response.code, json.loads(response.body)["message"] if response.body else ""


def address(request: LoginRequest, page: str = CODE_PAGE, **changes: str | None) -> str:
    answer = {"code": CODE, "state": request.authorization.state, "iss": ISSUER, **changes}
    return f"{page}?{urlencode({name: value for name, value in answer.items() if value is not None})}"


@pytest.mark.parametrize("is_opened", [True, False])
async def test_bare_code_is_taken_where_a_page_shows_codes(
    browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous, is_opened: bool
) -> None:
    request = open_login()
    if is_opened:
        await browser.get(f"flowauth/login/{request.login_id}", paste="1")
    assert (await paste(browser, request, f"  {CODE}\n"))[0] == 204
    answer = rendezvous.take_response(request.login_id)
    assert answer is not None
    assert (answer.code, answer.redirect_uri) == (CODE, CODE_PAGE)


async def test_bare_code_is_refused_where_none_is_shown(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login(authorization={"code_page": None})
    assert (await paste(browser, request, CODE))[0] == 400
    assert not rendezvous.is_taken(request.login_id)


async def test_bare_code_is_refused_while_the_callback_is_awaited(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    await browser.open(request)
    assert (await paste(browser, request, CODE))[0] == 400
    assert not rendezvous.is_taken(request.login_id)


async def test_whole_address_is_taken_with_its_redirect_uri(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    assert (await paste(browser, request, address(request, "http://localhost:1234/anything")))[0] == 204
    answer = rendezvous.take_response(request.login_id)
    assert answer is not None
    assert (answer.code, answer.redirect_uri) == (CODE, "http://localhost:1234/anything")


async def test_address_of_the_opening_is_taken(browser: Browser, open_login: OpenLogin) -> None:
    request = open_login()
    await browser.get(f"flowauth/login/{request.login_id}", paste="1")
    assert (await paste(browser, request, address(request)))[0] == 204


@pytest.mark.parametrize(
    "changes",
    [
        {"state": None},
        {"state": "x"},
        {"iss": None},
        {"iss": "https://evil.example"},
        {"page": "https://evil.example/cb"},
        {"code": None},
        {"code": "x" * 5000},
    ],
    ids=str,
)
async def test_wrong_address_is_refused_and_ends_nothing(
    browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous, changes: dict[str, Any]
) -> None:
    request = open_login()
    await browser.get(f"flowauth/login/{request.login_id}", paste="1")
    status, message = await paste(browser, request, address(request, **changes))
    assert (status, message[-1:]) == (400, ".")
    assert not rendezvous.is_taken(request.login_id)


@pytest.mark.parametrize(
    "text", ["", "a b", "<script>", "x" * 5000, None, 7, ["x"], "https://", "http://[", "javascript:alert(1)"], ids=repr
)
async def test_nonsense_is_refused_with_a_sentence(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous, text: Any) -> None:
    request = open_login()
    status, message = await paste(browser, request, text)
    assert status == 400
    assert message
    assert not rendezvous.is_taken(request.login_id)


async def test_second_paste_is_refused(browser: Browser, open_login: OpenLogin) -> None:
    request = open_login()
    assert (await paste(browser, request, CODE))[0] == 204
    assert (await paste(browser, request, "another"))[0] == 409


async def test_paste_after_the_deadline_is_refused(browser: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login(seconds_left=-1)
    assert (await paste(browser, request, CODE))[0] == 404
    assert not rendezvous.is_taken(request.login_id)
