"""The windows before an expiry: one renews while the others go on, then all wait for one; and what an interrupt or an exit costs."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import globus_sdk
import pytest

from jupyter_flowauth.authorizers import Authorizer
from jupyter_flowauth.refresh import Renewals
from jupyter_flowauth.tokens import AccountKey, Token
from tests.torture.homes import TRANSFER_ALL, Home, join_renewals

ROOT = Path(__file__).parents[2]
EXITS_AT_ONCE = """
from tests.torture.homes import Home, TRANSFER_ALL
print(Home().held().token(TRANSFER_ALL, min_valid=60).fingerprint)
"""
IS_INTERRUPTED = """
import signal, threading
from tests.torture.homes import Home, TRANSFER_ALL
home = Home()
refresh = home.provider.refresh

def refresh_and_interrupt(token, *, now):
    renewed = refresh(token, now=now)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    interrupted.wait(60)
    return renewed

interrupted = threading.Event()
home.provider.refresh = refresh_and_interrupt
try:
    home.held().token(TRANSFER_ALL, min_valid=60)
except KeyboardInterrupt:
    print("interrupted")
interrupted.set()
"""


class ShiftedClock:
    """The sandbox's clock and ours, moved on together."""

    def __init__(self, home: Home) -> None:
        self._home, self.offset = home, 0.0

    def now(self) -> float:
        return time.time() + self.offset

    def monotonic(self) -> float:
        return time.monotonic() + self.offset

    def advance(self, seconds: float) -> None:
        self.offset += seconds
        self._home.sandbox.configure(clock_offset=self.offset)


class CountedStalls(Renewals):
    """Renewals that count how often somebody had to wait."""

    stalls = 0

    def renew(self, key: AccountKey, scope: str, stale: Token, *, min_valid: float) -> Token:
        CountedStalls.stalls += 1
        return super().renew(key, scope, stale, min_valid=min_valid)


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, timeout=100)


def nearly_due(home: Home) -> Token:
    """Put a token into the store that is in its advisory window."""
    token = replace(home.issue(TRANSFER_ALL), expires_at_seconds=time.time() + 120, obtained_at_seconds=time.time() - 3600)
    home.keep(token)
    return token


def test_a_process_that_ends_at_once_has_stored_what_it_renewed_in_the_background(home: Home) -> None:
    token = nearly_due(home)
    ended = run_python(EXITS_AT_ONCE)
    assert ended.stdout.split() == [token.fingerprint]
    at_rest = home.account().tokens[0]
    assert (home.refreshes(), at_rest.fingerprint == token.fingerprint) == (1, False)
    assert home.sandbox.is_active(str(at_rest.refresh_token))


def test_an_interrupted_wait_does_not_lose_the_rotated_token(home: Home) -> None:
    home.seed()
    assert run_python(IS_INTERRUPTED).stdout.split() == ["interrupted"]
    assert home.sandbox.is_active(str(home.account().tokens[0].refresh_token))
    assert home.refreshes() == 1


def test_in_the_advisory_window_everyone_goes_on_while_one_renews(home: Home) -> None:
    token, held, refresh, go_on = nearly_due(home), home.held(), home.provider.refresh, threading.Event()
    home.provider.refresh = lambda token, *, now: (go_on.wait(60), refresh(token, now=now))[1]  # type: ignore[method-assign]
    assert {held.token(TRANSFER_ALL, min_valid=60).fingerprint for _ in range(50)} == {token.fingerprint}
    go_on.set()
    join_renewals()
    assert home.refreshes() == 1
    assert held.token(TRANSFER_ALL, min_valid=60).fingerprint != token.fingerprint


def test_min_valid_is_clamped_to_half_of_the_lifetime(home: Home) -> None:
    home.sandbox.configure(access_token_lifetime=1000)
    token = home.seed(expired=False)
    assert home.held().token(TRANSFER_ALL, min_valid=499).fingerprint == token.fingerprint
    join_renewals()
    home.seed(expired=False)
    home.held().token(TRANSFER_ALL, min_valid=10**9)
    join_renewals()
    assert home.held().token(TRANSFER_ALL, min_valid=10**9).seconds_left(time.time()) > 990


@pytest.mark.parametrize("down", [range(0), range(990, 1230)])
def test_a_cell_that_calls_every_second_for_an_hour_is_never_refused_and_never_waits_twice(
    home: Home, monkeypatch: pytest.MonkeyPatch, down: range
) -> None:
    """The provider may be down for a while: what is held serves to its end."""
    home.sandbox.configure(access_token_lifetime=1300)
    home.seed(expired=False)
    clock, refused = ShiftedClock(home), 0
    held = home.held(clock)  # type: ignore[arg-type]
    held._renewals = CountedStalls(held.provider, held.store, clock)  # type: ignore[arg-type]
    CountedStalls.stalls = 0
    authorizer = Authorizer(held, TRANSFER_ALL, clock=clock)  # type: ignore[arg-type]
    for second in range(3600):
        home.sandbox.set_fault("token", "status:500" if second in down else None)
        refused += not home.sandbox.is_active(authorizer.get_authorization_header().removeprefix("Bearer "))
        clock.advance(1)
        join_renewals()
    assert (refused, CountedStalls.stalls <= 1) == (0, True)
    assert home.refreshes() == 3
    assert bool(down) == (home.sandbox.count("token") > 3)


def transfer(home: Home) -> globus_sdk.TransferClient:
    return globus_sdk.TransferClient(authorizer=Authorizer(home.held(), TRANSFER_ALL, clock=ShiftedClock(home)))  # type: ignore[arg-type]


def test_a_401_for_a_token_that_looks_valid_is_one_refresh_and_one_retry(home: Home) -> None:
    home.seed(expired=False)
    home.sandbox.expire_access_tokens()
    assert transfer(home).task_list()["DATA_TYPE"] == "task_list"
    assert home.refreshes() == 1


def test_many_threads_that_share_an_authorizer_renew_a_revoked_token_once(home: Home) -> None:
    home.seed(expired=False)
    home.sandbox.expire_access_tokens()
    client, answers = transfer(home), list[str]()
    threads = [threading.Thread(target=lambda: answers.append(client.task_list()["DATA_TYPE"])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["task_list"] * 8
    assert home.refreshes() == 1


def test_a_refusal_that_comes_after_its_token_was_replaced_renews_nothing(home: Home) -> None:
    """Two threads are refused; the second hears of it when the first has the new token already."""
    home.seed(expired=False)
    authorizer = Authorizer(home.held(), TRANSFER_ALL, clock=ShiftedClock(home))  # type: ignore[arg-type]
    authorizer.get_authorization_header()
    assert authorizer.handle_missing_authorization()
    renewed = authorizer.get_authorization_header()
    assert authorizer.handle_missing_authorization()
    assert (authorizer.get_authorization_header(), home.refreshes()) == (renewed, 1)


def test_a_service_that_refuses_every_token_is_a_clear_error_after_one_refresh(home: Home) -> None:
    home.seed(expired=False)
    home.sandbox.set_fault("task_list", "status:401")
    with pytest.raises(globus_sdk.TransferAPIError) as caught:
        transfer(home).task_list()
    assert (caught.value.http_status, home.refreshes()) == (401, 1)
