"""Processes and threads of one user, at the same moment."""

from __future__ import annotations

import threading

from jupyter_flowauth.errors import LoginRequired
from tests.torture.forker import Death, Forker
from tests.torture.homes import TRANSFER_ALL, Home

WRITERS, WRITES = 16, 20
PROCESSES, THREADS = 8, 8
ENOUGH_READS = 5


def said(deaths: list[Death]) -> list[str]:
    assert all(death.completed for death in deaths), deaths
    return [line for death in deaths for line in death.said]


def test_of_320_writes_by_16_processes_all_survive(forker: Forker, home: Home) -> None:
    home.seed()
    assert said(forker.together("write", WRITES, processes=WRITERS)) == []
    assert len(home.account().scopes) == WRITERS * WRITES + 1


def test_every_read_is_whole_while_others_write(forker: Forker, home: Home) -> None:
    home.seed()
    torn, reads, done = list[Exception](), list[int](), threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                reads.append(len(home.account().scopes))
            except LoginRequired as error:
                torn.append(error)

    (reader := threading.Thread(target=read)).start()
    while len(set(reads)) < ENOUGH_READS:
        assert said(forker.together("write", WRITES, processes=2)) == []
    done.set()
    reader.join()
    assert (torn, sorted(reads)) == ([], reads)


def test_64_callers_in_8_processes_make_one_request_and_are_all_served(forker: Forker, home: Home) -> None:
    home.seed()
    answers = said(forker.together("use", THREADS, processes=PROCESSES))
    assert answers == [home.account().tokens[0].fingerprint] * PROCESSES * THREADS
    assert home.refreshes() == 1
    assert home.sandbox.is_active(home.held().token(TRANSFER_ALL, min_valid=60).access_token)


def test_64_callers_share_one_time_out_and_nothing_is_lost(forker: Forker, home: Home) -> None:
    token = home.seed()
    home.sandbox.set_fault("token", "slow:60")
    answers = said(forker.together("use", THREADS, 5, processes=PROCESSES))
    assert answers == ["ProviderError"] * PROCESSES * THREADS
    assert home.sandbox.count("token") == 1
    assert home.account().tokens[0].refresh_token == token.refresh_token
