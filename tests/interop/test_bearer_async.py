"""``auth.bearer`` in an event loop, and where it must not go."""

from __future__ import annotations

import asyncio
import threading

import httpx
import pytest
import requests

from jupyter_flowauth import FlowAuth
from jupyter_flowauth.errors import ConfigurationError
from jupyter_flowauth.integrations.bearer import build_bearer_auth
from tests.torture.homes import TRANSFER_ALL, Home

TASK_LIST = "/v0.10/task_list"


class WaitsForTheLoop:
    """An authorizer whose header is there only once the event loop has gone on: a refresh that takes its time."""

    def __init__(self) -> None:
        self.loop_went_on = threading.Event()

    def get_authorization_header(self) -> str:
        assert self.loop_went_on.wait(60), "the event loop was blocked"
        return "Bearer good"

    def handle_missing_authorization(self) -> bool:
        return False


def test_a_refresh_does_not_block_the_event_loop() -> None:
    authorizer = WaitsForTheLoop()
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        return httpx.Response(200)

    async def use() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer), auth=build_bearer_auth(authorizer)) as client:
            asyncio.get_running_loop().call_soon(authorizer.loop_went_on.set)
            await client.get("https://service.example/")

    asyncio.run(use())
    assert seen == ["Bearer good"]


def test_an_expired_token_is_renewed_once_for_many_tasks(home: Home) -> None:
    home.seed()
    bearer = FlowAuth(user_agent="none").bearer(TRANSFER_ALL)

    async def use() -> set[int]:
        async with httpx.AsyncClient(base_url=home.sandbox.url, auth=bearer) as client:
            return {answer.status_code for answer in await asyncio.gather(*(client.get(TASK_LIST) for _ in range(8)))}

    assert asyncio.run(use()) == {200}
    assert home.refreshes() == 1


def test_a_token_revoked_elsewhere_is_renewed_once_and_the_request_repeated(home: Home) -> None:
    home.seed(expired=False)
    home.sandbox.expire_access_tokens()
    bearer = FlowAuth(user_agent="none").bearer(TRANSFER_ALL)
    assert requests.get(home.sandbox.url + TASK_LIST, auth=bearer, timeout=60).status_code == 200
    assert home.refreshes() == 1


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "http://127.0.0.1:1/", "https://127.0.0.1.evil.example/"])
def test_the_bearer_goes_to_its_own_service_only(home: Home, address: str) -> None:
    home.seed(expired=False)
    with pytest.raises(ConfigurationError, match="was not sent to"):
        httpx.get(address, auth=FlowAuth(user_agent="none").bearer(TRANSFER_ALL))


def test_the_bearer_does_not_travel_in_the_clear() -> None:
    bearer = build_bearer_auth(WaitsForTheLoop(), hosts=("transfer.api.globus.org",))
    with pytest.raises(ConfigurationError, match="without encryption; use https"):
        httpx.get("http://transfer.api.globus.org/", auth=bearer)
