"""Disks, clocks, owners and locks on a bad day: what is held stays held, and the error says what to do."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_flowauth.errors import LoginRequired, ProviderError, StorageError
from jupyter_flowauth.logout import forget_account
from jupyter_flowauth.tokens import AccountKey
from tests.torture.disks import fill, make_read_only, small_disk
from tests.torture.forker import Forker
from tests.torture.homes import GROUPS_ALL, TRANSFER_ALL, Home, join_renewals

Calls = dict[str, int]


@pytest.fixture
def small(home: Home) -> Iterator[Home]:
    with small_disk(home.folder, "160k"):
        yield home


def use(home: Home) -> str:
    return str(home.held().token(TRANSFER_ALL, min_valid=60).access_token)


def test_a_full_disk_costs_no_session(small: Home) -> None:
    token = small.seed()
    filler = fill(small.folder)
    with pytest.raises(StorageError, match="No space left on device; what was there before is unchanged"):
        use(small)
    assert (small.refreshes(), small.account().tokens[0].refresh_token) == (0, token.refresh_token)
    filler.unlink()
    assert small.sandbox.is_active(use(small))


def test_a_disk_that_fills_while_the_request_is_on_its_way_costs_no_session(small: Home) -> None:
    small.seed()
    refresh = small.provider.refresh
    small.provider.refresh = lambda token, *, now: (refresh(token, now=now), fill(small.folder))[0]  # type: ignore[method-assign]
    assert small.sandbox.is_active(use(small))
    assert small.sandbox.is_active(str(small.account().tokens[0].refresh_token))


def test_a_full_disk_is_said_before_a_person_is_asked(small: Home) -> None:
    small.seed()
    fill(small.folder)
    with pytest.raises(StorageError, match="No space left"):
        small.store.prepare()


def test_a_read_only_home_serves_what_is_good_and_says_what_it_cannot_renew(small: Home) -> None:
    token = small.seed(expired=False)
    make_read_only(small.folder)
    assert use(small) == token.access_token
    small.sandbox.expire_access_tokens()
    held = small.held()
    assert not held.replace_refused(TRANSFER_ALL, token)
    assert small.refreshes() == 0


def test_a_read_only_home_never_sends_a_token_whose_answer_it_could_not_keep(small: Home) -> None:
    small.seed()
    make_read_only(small.folder)
    with pytest.raises(StorageError, match="Read-only file system"):
        use(small)
    assert small.refreshes() == 0


def test_a_folder_that_went_missing_is_a_login_that_is_missing(home: Home) -> None:
    home.seed()
    held = home.held()
    assert held.missing([TRANSFER_ALL]) == ()
    shutil.rmtree(home.folder)
    assert held.missing([TRANSFER_ALL]) == (TRANSFER_ALL,)
    home.seed()
    assert held.missing([TRANSFER_ALL]) == ()


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a file away; run the tests as root")
def test_another_users_file_is_neither_read_nor_changed(home: Home) -> None:
    home.seed()
    path = home.folder / f"{home.key().digest}.json"
    before = path.read_bytes()
    os.chown(path, 65534, 65534)
    with pytest.raises(StorageError, match="belongs to another user; it was neither read nor changed"):
        home.held().scopes()
    assert path.read_bytes() == before


def test_a_newer_versions_file_is_left_untouched_by_reads_and_refreshes(home: Home) -> None:
    home.seed()
    path = home.folder / f"{home.key().digest}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2, "new": "thing"}))
    before = path.read_bytes()
    for attempt in (home.held().scopes, lambda: home.store.read(home.key()), lambda: home.seed()):
        with pytest.raises(StorageError, match=r"newer version .* left untouched; upgrade"):
            attempt()
    assert path.read_bytes() == before


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize("damage", [cut, lambda content: b"", lambda content: b"\0" * len(content)])
def test_a_damaged_file_is_set_aside_and_the_message_names_it(home: Home, damage: Callable[[bytes], bytes]) -> None:
    home.seed()
    path = home.folder / f"{home.key().digest}.json"
    path.write_bytes(damaged := damage(path.read_bytes()))
    with pytest.raises(LoginRequired, match=r"set aside as (.*); log in again") as caught:
        use(home)
    aside = Path(str(caught.value).partition("set aside as ")[2].partition(";")[0])
    assert aside.read_bytes() == damaged
    assert home.held().missing([TRANSFER_ALL]) == (TRANSFER_ALL,)


def test_a_logout_removes_what_was_set_aside_as_well(home: Home) -> None:
    home.seed()
    path = home.folder / f"{home.key().digest}.json"
    path.write_bytes(cut(path.read_bytes()))
    with pytest.raises(LoginRequired, match="set aside"):
        use(home)
    home.seed()
    forget_account(home.provider, home.store, home.account(), revoke=False)
    assert [left.name for left in home.folder.iterdir() if "sbx" in left.read_text()] == []


class JumpingClock:
    """A clock that somebody sets."""

    def __init__(self) -> None:
        self.offset = 0.0
        self.monotonic = time.monotonic

    def now(self) -> float:
        return time.time() + self.offset


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_a_clock_that_jumps_and_comes_back_costs_no_token(home: Home, jump: float) -> None:
    home.seed(expired=False)
    clock = JumpingClock()
    held = home.held(clock)  # type: ignore[arg-type]
    for clock.offset in (0.0, jump, 0.0):
        token = held.token(TRANSFER_ALL, min_valid=60)
        join_renewals()
        assert home.sandbox.is_active(token.access_token)
    assert home.refreshes() <= 1


def test_a_failure_from_before_the_clock_was_put_back_is_nobodys_any_more(home: Home) -> None:
    home.seed()
    clock = JumpingClock()
    held = home.held(clock)  # type: ignore[arg-type]
    home.sandbox.set_fault("token", "status:500")
    clock.offset = 86_400.0
    with pytest.raises(ProviderError):
        held.token(TRANSFER_ALL, min_valid=60)
    home.sandbox.set_fault("token", None)
    clock.offset = 0.0
    assert home.sandbox.is_active(held.token(TRANSFER_ALL, min_valid=60).access_token)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Count what the file system is asked."""
    counted: Calls = {"stat": 0, "open": 0}

    def count(name: str) -> None:
        call = getattr(os, name)

        def counting(*values: object, **options: object) -> object:
            counted[name] += 1
            return call(*values, **options)

        monkeypatch.setattr(os, name, counting)

    for name in counted:
        count(name)
    return counted


def test_of_a_thousand_accounts_a_lookup_looks_at_one(home: Home, calls: Calls) -> None:
    home.seed(expired=False)
    path = home.folder / f"{home.key().digest}.json"
    for number in range(1000):
        values = json.loads(path.read_text())
        values["key"]["sub"] = values["identity"]["sub"] = f"sub-{number}"
        other = AccountKey(home.provider.registration, f"sub-{number}")
        (home.folder / f"{other.digest}.json").write_text(json.dumps({**values, "logged_in_at_seconds": number}))
    age(home.folder)
    held = home.held()
    held.token(TRANSFER_ALL, min_valid=60)
    assert len(held.accounts()) == 1001
    calls.update(stat=0, open=0)
    for _ in range(10):
        assert held.missing([TRANSFER_ALL]) == ()
    assert (calls["stat"] <= 30, calls["open"]) == (True, 0)


def age(folder: Path) -> None:
    """Make a folder and its files as old as they are when nobody is writing."""
    for path in (*folder.iterdir(), folder):
        os.utime(path, (1_000_000_000.5, 1_000_000_000.5))


@pytest.mark.parametrize("error", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_where_locks_do_not_work_it_says_so_and_where_to_move(home: Home, monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    home.seed()

    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(fcntl, "flock", refuse)
    for attempt in (lambda: use(home), home.store.prepare):
        with pytest.raises(StorageError, match=r"file locks don't work in .*; nothing was changed; move the storage to a local folder"):
            attempt()
    assert home.refreshes() == 0


def test_two_hosts_that_share_a_home_and_no_locks_agree_on_one_token(forker: Forker, home: Home, tmp_path: Path) -> None:
    """Many rounds of the race: each read is whole, and whoever came second adopts what the first has stored."""
    other, rounds = home.issue(GROUPS_ALL), 6
    for number in range(rounds):
        home.keep(replace(home.issue(TRANSFER_ALL), expires_at_seconds=1.0), other)
        (meeting := tmp_path / f"meeting-{number}").mkdir()
        deaths = forker.together("use_without_locks", 2, meeting, processes=2)
        assert all(death.completed for death in deaths), deaths
        at_rest = home.account()
        assert at_rest.scopes == (GROUPS_ALL, TRANSFER_ALL)
        assert {line for death in deaths for line in death.said} == {at_rest.token_for(TRANSFER_ALL).fingerprint}  # type: ignore[union-attr]
        assert not list(home.folder.glob("*corrupt*"))
    assert home.refreshes() == 2 * rounds
