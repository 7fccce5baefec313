"""The hook by which a Hub renews its users' logins in time: when, once, and what happens if it can't."""

from __future__ import annotations

import asyncio
import logging
import time
from types import SimpleNamespace
from typing import Any

import pytest

from jupyter_flowauth.hub import renewal
from jupyter_flowauth.hub.renewal import is_ending, renew_in_time
from tests.test_hub_tokens import generic_state

pytestmark = pytest.mark.anyio
ALICE = SimpleNamespace(name="alice")


class FakeAuthenticator:
    """An oauthenticator's methods that the hook calls, by the names that they have there."""

    log = logging.getLogger("test")

    def __init__(self, *, fails: bool = False) -> None:
        self.sent: list[str] = []
        self.fails = fails

    def build_refresh_token_request_params(self, refresh_token: str) -> dict[str, str]:
        return {"grant_type": "refresh_token", "refresh_token": refresh_token}

    async def get_token_info(self, handler: object, params: dict[str, str]) -> dict[str, Any]:
        self.sent.append(params["refresh_token"])
        await asyncio.sleep(0)
        if self.fails:
            raise RuntimeError(f"it broke on {params['refresh_token']}")
        return {"access_token": "new"}

    async def _token_to_auth_model(self, answer: dict[str, Any]) -> dict[str, Any]:
        return {"name": "alice", "auth_state": {"token_response": answer}}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def nothing_shared() -> None:
    renewal._ATTEMPTS.clear()


def state(left: float, **changes: object) -> dict[str, Any]:
    return generic_state(time.time(), left=left, **changes)


@pytest.mark.parametrize(("left", "ends"), [(299, False), (160, False), (140, True), (1, True), (-100, True)])
def test_a_token_ends_soon_in_the_last_minutes(left: float, ends: bool):
    assert is_ending(state(left), now=time.time()) is ends


def test_a_token_that_is_no_jwt_is_as_old_as_the_login():
    opaque = {"access_token": "opaque", "refresh_token": "r"}
    assert not is_ending(state(1, **opaque), now=time.time())
    assert is_ending(state(1, **opaque), now=time.time() + 200)
    assert not is_ending({"access_token": "opaque"}, now=time.time())


async def test_a_token_in_its_last_minutes_is_renewed_and_a_refresh_token_that_is_not_replaced_stays():
    authenticator = FakeAuthenticator()
    renewed = await renew_in_time(authenticator, ALICE, state(100))
    assert renewed is not None
    assert renewed["auth_state"]["token_response"] == {"access_token": "new", "refresh_token": authenticator.sent[0]}


@pytest.mark.parametrize(("left", "refresh_token"), [(280, "r"), (10, None), (10, ["x"])])
async def test_otherwise_the_authenticator_goes_on_as_ever(left: float, refresh_token: object):
    authenticator = FakeAuthenticator()
    for given in (None, {}, state(left, refresh_token=refresh_token)):
        assert await renew_in_time(authenticator, ALICE, given) is None
    assert authenticator.sent == []


async def test_a_refresh_token_is_sent_once_however_many_requests_come():
    """The Hub stores what came of it after the hook has returned: who comes in between has the old state, and shares the outcome."""
    authenticator, given = FakeAuthenticator(), state(100)
    models = [*await asyncio.gather(*(renew_in_time(authenticator, ALICE, given) for _ in range(8)))]
    models.append(await renew_in_time(authenticator, ALICE, given))
    assert len(authenticator.sent) == 1
    assert all(model == models[0] and model is not models[0] for model in models[1:])


async def test_a_request_that_is_broken_off_doesnt_break_off_the_renewal():
    authenticator, given = FakeAuthenticator(), state(100)
    first = asyncio.create_task(renew_in_time(authenticator, ALICE, given))
    await asyncio.sleep(0)
    first.cancel()
    assert await renew_in_time(authenticator, ALICE, given) is not None
    assert len(authenticator.sent) == 1


async def test_what_goes_wrong_is_left_to_the_authenticator_and_no_token_is_logged(caplog: pytest.LogCaptureFixture):
    authenticator, given = FakeAuthenticator(fails=True), state(100)
    assert await renew_in_time(authenticator, ALICE, given) is None
    assert "The login of alice wasn't renewed: RuntimeError" in caplog.text
    assert str(given["refresh_token"]) not in caplog.text
