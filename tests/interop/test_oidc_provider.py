"""The refresh against ``oidc-provider`` with rotation, a provider that nobody here wrote: a second use of a token ends the login there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from jupyter_flowauth.errors import LoginRequired
from jupyter_flowauth.held_tokens import HeldTokens
from jupyter_flowauth.storage.file import FileStore
from jupyter_flowauth.storage.system_clock import SystemClock
from jupyter_flowauth.tokens import Account, AccountKey, Identity, Token
from tests.interop.oidc_peer import OidcPeer, running_peer
from tests.torture.forker import Forker
from tests.torture.homes import Home

PROCESSES, THREADS = 8, 8
ALICE = Identity("alice", "alice")


@pytest.fixture(scope="module")
def peer() -> Iterator[OidcPeer]:
    with running_peer() as running:
        yield running


class Kernel:
    """A kernel whose account is the peer's."""

    def __init__(self, peer: OidcPeer, home: Home) -> None:
        self.peer, self.store = peer, FileStore(home.folder)
        self.key = AccountKey(peer.registration, ALICE.sub)
        self.held = HeldTokens(peer, self.store, clock=SystemClock)  # type: ignore[arg-type]

    def keep(self, token: Token) -> Token:
        with self.store.transaction(self.key, timeout_seconds=10) as transaction:
            transaction.write(Account(self.key, ALICE, "peer", (token,), 1.0))
        return token

    def log_in(self) -> Token:
        return self.keep(replace(self.peer.log_in(), expires_at_seconds=1.0))


@pytest.fixture
def kernel(peer: OidcPeer, home: Home) -> Kernel:
    return Kernel(peer, home)


def test_64_callers_in_8_processes_make_one_request_and_are_all_served(kernel: Kernel) -> None:
    kernel.log_in()
    before = kernel.peer.refreshes()
    with Forker("tests.interop.oidc_peer") as forker:
        deaths = forker.together("use_peer", THREADS, kernel.peer.issuer, processes=PROCESSES)
    (at_rest,) = kernel.held.accounts()[0].tokens
    assert [line for death in deaths for line in death.said] == [at_rest.fingerprint] * PROCESSES * THREADS
    assert kernel.peer.refreshes() - before == 1
    assert kernel.peer.accepts(at_rest)


def test_it_refreshes_again_and_again(kernel: Kernel) -> None:
    kernel.log_in()
    for _ in range(3):
        renewed = kernel.held.token("openid", min_valid=60)
        assert kernel.peer.accepts(renewed)
        kernel.keep(replace(renewed, expires_at_seconds=1.0))


def test_a_rotated_token_that_is_presented_again_is_a_login_that_is_over(kernel: Kernel) -> None:
    """The one window, on a provider that means it: the whole login ends there, and that is said."""
    token = kernel.log_in()
    renewed = kernel.peer.refresh(token, now=1.0)
    kernel.keep(replace(token, refresh_started=1.0))
    with pytest.raises(LoginRequired, match="a refresh was interrupted"):
        kernel.held.token("openid", min_valid=60)
    assert not kernel.peer.accepts(renewed)
