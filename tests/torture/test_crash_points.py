"""A process that dies at any point of what it does: everything reads whole, and nothing is lost but in the one window."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_flowauth.errors import LoginRequired
from jupyter_flowauth.storage.file import FileStore
from tests.torture.forker import Death, Forker
from tests.torture.homes import TRANSFER_ALL, VIEW_MY_GROUPS, Home

ENOUGH_POINTS = 10


def deaths(forker: Forker, home: Home, operation: str, *arguments: object) -> Iterator[Death]:
    """Let a process die at its first point, another at its second, and so on until one completes."""
    for crash_at in itertools.count(1):
        home.seed(TRANSFER_ALL)
        death = forker.run(operation, *arguments, crash_at=crash_at)
        assert death.completed or death.killed, death.said
        home.await_answers()
        yield death
        if death.completed:
            assert crash_at > ENOUGH_POINTS
            return


def nothing_is_torn(home: Home) -> bool:
    return not list(home.folder.glob("*corrupt*")) and home.store.read(home.key()) is not None


def test_a_refresh_that_dies_anywhere_loses_nothing_but_in_the_one_window(forker: Forker, home: Home) -> None:
    lost = kept = 0
    for death in deaths(forker, home, "refresh"):
        assert nothing_is_torn(home)
        at_rest = home.account().token_for(TRANSFER_ALL)
        assert at_rest is not None
        in_window = not home.sandbox.is_active(str(at_rest.refresh_token))
        assert not (in_window and death.completed)
        assert at_rest.refresh_started is not None or not in_window
        if in_window:
            lost += 1
            with pytest.raises(LoginRequired, match="a refresh was interrupted"):
                home.held().token(TRANSFER_ALL, min_valid=60)
        else:
            kept += 1
            assert home.sandbox.is_active(home.held().token(TRANSFER_ALL, min_valid=60).access_token)
    assert lost >= 1
    assert kept > ENOUGH_POINTS


def test_a_login_that_dies_anywhere_leaves_the_account_as_it_was_or_as_it_became(forker: Forker, home: Home) -> None:
    for death in deaths(forker, home, "login", VIEW_MY_GROUPS):
        assert nothing_is_torn(home)
        scopes = home.account().scopes
        assert scopes == tuple(sorted((TRANSFER_ALL, VIEW_MY_GROUPS))) if death.completed else TRANSFER_ALL in scopes


def test_a_logout_that_dies_anywhere_leaves_all_or_nothing_and_can_be_repeated(forker: Forker, home: Home) -> None:
    for death in deaths_of_logout(forker, home):
        assert not list(home.folder.glob("*corrupt*"))
        found = home.store.read(home.key())
        assert found is None or (not death.completed and found.scopes == (TRANSFER_ALL,))


def deaths_of_logout(forker: Forker, home: Home) -> Iterator[Death]:
    for crash_at in itertools.count(1):
        home.seed(TRANSFER_ALL)
        yield (death := forker.run("logout", crash_at=crash_at))
        if death.completed:
            return


def test_a_move_that_dies_anywhere_leaves_every_token_where_the_settings_say(forker: Forker, home: Home, tmp_path: Path) -> None:
    for number in itertools.count(1):
        target, settings = tmp_path / f"target-{number}", tmp_path / f"settings-{number}"
        home.seed(TRANSFER_ALL)
        home.seed(TRANSFER_ALL, user="bob")
        death = forker.run("move", target, settings, crash_at=number)
        assert death.completed or death.killed, death.said
        in_use = FileStore(target) if settings.exists() else home.store
        assert {account.identity.username.partition("@")[0] for account in in_use.accounts()} == {"alice", "bob"}
        if death.completed:
            assert home.store.accounts() == ()
            return


def test_what_a_killed_writer_left_is_removed_with_the_account(forker: Forker, home: Home) -> None:
    for death in deaths(forker, home, "login", VIEW_MY_GROUPS):
        assert death
    assert list(home.folder.glob(".tmp-*"))
    assert forker.run("logout").completed
    assert not list(home.folder.glob(".tmp-*"))


def test_the_one_window_has_words_of_its_own_and_costs_no_other_token(home: Home) -> None:
    """A rotating refresh token was sent, its answer is on no disk: presented once more, and refused."""
    lost, other = home.issue(TRANSFER_ALL), home.issue(VIEW_MY_GROUPS)
    home.keep(replace(lost, expires_at_seconds=1.0, refresh_started=2.0), other)
    home.provider.refresh(lost, now=0.0)
    with pytest.raises(LoginRequired, match=r"a refresh was interrupted, .* the other tokens are kept; log in again: %login") as caught:
        home.held().token(TRANSFER_ALL, min_valid=60)
    assert caught.value.missing == (TRANSFER_ALL,)
    assert home.account().scopes == (VIEW_MY_GROUPS,)


def test_a_crash_before_the_token_was_sent_costs_nothing(home: Home) -> None:
    token = home.seed()
    home.keep(replace(token, refresh_started=2.0))
    assert home.sandbox.is_active(home.held().token(TRANSFER_ALL, min_valid=60).access_token)
