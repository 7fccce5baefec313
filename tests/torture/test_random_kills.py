"""Processes that are killed at any moment of storing and refreshing, from a seed that is printed."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass

import pytest

from jupyter_flowauth.errors import LoginRequired
from tests.torture import forker as forker_module
from tests.torture.forker import Forker
from tests.torture.homes import TRANSFER_ALL, Home

ORDINARY_KILLS, TORTURE_KILLS = 40, 500
LONGEST_LIFE_SECONDS = 0.5


@dataclass
class Toll:
    """What the kills cost."""

    kills: int = 0
    torn: int = 0
    lost: int = 0
    windows: int = 0
    kept: int = 0
    refreshes: int = 0


def kill_many(forker: Forker, home: Home, number: int) -> Toll:
    """Kill so many processes, each at a random moment, and count what is torn, lost, or caught in the one window."""
    seed = os.environ.get("TORTURE_SEED") or str(random.SystemRandom().randrange(10**9))
    print(f"TORTURE_SEED={seed}")
    chance, toll, said = random.Random(seed), Toll(), set[str]()
    home.seed(expired=False)
    longest = LONGEST_LIFE_SECONDS
    while toll.kills < number or (longest < forker_module.LONGEST_SECONDS and not (said and home.refreshes())):
        # On a machine that is so slow that none of them lived to see its first refresh, the next ones live longer.
        longest *= 1 if toll.kills < number else 2
        death = forker.run("live", f"scope-{toll.kills % 8}", kill_after=chance.uniform(0.0, longest))
        assert death.killed, death.said
        home.await_answers()
        said |= set(death.said)
        toll.kills += 1
        toll.torn += len(list(home.folder.glob("*corrupt*")))
        toll.lost += len(said - set(home.account().scopes))
        toll.windows += caught_in_window(home)
    toll.kept, toll.refreshes = len(said), home.refreshes()
    print(toll)
    return toll


def caught_in_window(home: Home) -> bool:
    """Tell whether the rotating token was sent and its answer lost; if so, see that this is said, and log in again."""
    token = home.account().token_for(TRANSFER_ALL)
    assert token is not None
    if home.sandbox.is_active(str(token.refresh_token)):
        return False
    assert token.refresh_started is not None
    assert not home.held().replace_refused("no-such-scope", token)
    with pytest.raises(LoginRequired, match="a refresh was interrupted"):
        home.held().replace_refused(TRANSFER_ALL, token)
    held = home.account()
    home.keep(*held.tokens, home.issue(TRANSFER_ALL))
    return True


def test_forty_kills_tear_and_lose_nothing(forker: Forker, home: Home) -> None:
    toll = kill_many(forker, home, ORDINARY_KILLS)
    assert (toll.torn, toll.lost) == (0, 0)
    assert toll.kept
    assert toll.refreshes


@pytest.mark.torture
@pytest.mark.timeout(1200)
def test_five_hundred_kills_tear_and_lose_nothing(forker: Forker, home: Home) -> None:
    toll = kill_many(forker, home, TORTURE_KILLS)
    assert (toll.torn, toll.lost) == (0, 0)
