from __future__ import annotations

import pytest

from jupyter_flowauth.hub.limits import Busy, InFlight, RateLimit
from jupyter_flowauth.hub.records import Books


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def build_limit(seconds: Seconds, **changes: float) -> RateLimit:
    return RateLimit(**{"burst": 3, "per_second": 0.5, "monotonic": seconds, "most_keys": 100} | changes)


def test_a_browser_has_a_burst_and_then_waits():
    limit = build_limit(Seconds())
    assert [limit.spend("alice") for _ in range(4)] == [True, True, True, False]


def test_one_browser_takes_nothing_from_another():
    limit = build_limit(Seconds())
    for _ in range(10):
        limit.spend("mallory")
    assert limit.spend("alice")


def test_tries_come_back_steadily():
    seconds = Seconds()
    limit = build_limit(seconds)
    for _ in range(5):
        limit.spend("alice")
    seconds.now = 2.0
    assert [limit.spend("alice"), limit.spend("alice")] == [True, False]


def test_what_is_remembered_is_bounded():
    limit = build_limit(Seconds(), most_keys=10)
    for number in range(1000):
        limit.spend(f"browser {number}")
    assert len(limit._left) == 10


def test_no_more_questions_are_open_than_may_be():
    questions = InFlight(1)
    with questions.one(), pytest.raises(Busy), questions.one():
        raise AssertionError("a second one was let in")
    with questions.one():
        assert questions.now == 1


def test_made_up_providers_do_not_fill_the_metrics():
    books = Books()
    for number in range(200):
        books.record("start", "bound", seconds=0.01, provider=f"made-up-{number}")
    books.record("start", "bound", seconds=0.01, provider='x" 1\nforged 1')
    text = books.render().decode()
    assert text.count("flowauth_relay_legs_total{") == 52
    assert "forged" not in text
