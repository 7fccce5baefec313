"""The same login at two more providers that nobody here wrote: npm's ``oidc-provider``, and Debian's ``glewlwyd`` in C."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from jupyter_flowauth import FlowAuth, OIDCProvider, accounts
from jupyter_flowauth.user_agents import LoopbackUserAgent
from tests.interop.form_browser import FormBrowser
from tests.interop.glewlwyd_server import CLIENT_ID, Glewlwyd, running_glewlwyd
from tests.interop.oidc_peer import OidcPeer, running_peer


@pytest.fixture(scope="module")
def peer() -> Iterator[OidcPeer]:
    with running_peer() as running:
        yield running


@pytest.fixture(scope="module")
def glewlwyd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Glewlwyd]:
    with running_glewlwyd(tmp_path_factory.mktemp("glewlwyd")) as running:
        yield running


@pytest.fixture
def at_peer(peer: OidcPeer, jupyter_home: Path) -> Iterator[FlowAuth]:
    with FormBrowser({"login": "alice", "password": "any"}) as browser:
        provider = OIDCProvider(peer.issuer, "notebook", scopes=("openid", "profile", "offline_access"))
        yield FlowAuth(provider, user_agent=LoopbackUserAgent(open_browser=browser))


@pytest.fixture
def at_glewlwyd(glewlwyd: Glewlwyd, jupyter_home: Path) -> FlowAuth:
    provider = OIDCProvider(glewlwyd.issuer, CLIENT_ID, scopes=("openid", "read"))
    return FlowAuth(provider, user_agent=LoopbackUserAgent(open_browser=glewlwyd))


@pytest.fixture(params=["peer", "glewlwyd"])
def auth(request: pytest.FixtureRequest) -> FlowAuth:
    return request.getfixturevalue(f"at_{request.param}")


@pytest.fixture
def userinfo(auth: FlowAuth) -> Callable[[], int]:
    """Call the provider with what the login gave; return the status of its answer."""
    issuer = auth.held.account().key.registration.issuer if auth.held.account() else auth.held.provider.registration.issuer
    address = httpx.get(f"{issuer}/.well-known/openid-configuration", timeout=60).json()["userinfo_endpoint"]
    return lambda: httpx.get(address, auth=auth.bearer(), timeout=60).status_code


def let_expire(auth: FlowAuth) -> None:
    account = auth.held.account()
    with auth.storage.transaction(account.key, timeout_seconds=10) as transaction:
        transaction.write(replace(account, tokens=tuple(replace(token, expires_at_seconds=1.0) for token in account.tokens)))


def test_a_login_gives_a_bearer_that_the_provider_takes(auth: FlowAuth, userinfo: Callable[[], int]) -> None:
    auth.login()
    assert userinfo() == 200
    assert auth.identity.sub
    assert len(accounts()) == 1


def test_an_expired_token_is_refreshed_in_silence_again_and_again(auth: FlowAuth, userinfo: Callable[[], int]) -> None:
    auth.login()
    seen = {auth.token()}
    for _ in range(3):
        let_expire(auth)
        seen.add(auth.token())
    assert len(seen) == 4
    assert userinfo() == 200


def test_a_logout_clears_here_and_says_how_it_went_there(auth: FlowAuth) -> None:
    auth.login()
    outcome = auth.logout()
    assert (outcome.cleared, accounts()) == (True, ())
    assert all(ending.message for ending in outcome.endings)
    assert outcome.endings
