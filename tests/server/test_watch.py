"""Word of a change: on Jupyter's own event bus, within a second, and saying nothing but that there is one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from jupyter_flowauth.records import LoginRequest
from jupyter_flowauth.server.watch import ATTENTION_SECONDS, CHANGED_EVENT, ChangeWatch

from .conftest import Browser


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for is a plain value
            await asyncio.sleep(0.01)


def hear(jp_serverapp: Any) -> list[dict[str, Any]]:
    heard: list[dict[str, Any]] = []

    async def listener(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        heard.append(data)

    jp_serverapp.event_logger.add_listener(schema_id=CHANGED_EVENT, listener=listener)
    return heard


async def test_a_new_login_is_told_to_whoever_looks(browser: Browser, jp_serverapp: Any, open_login: Callable[..., LoginRequest]) -> None:
    heard = hear(jp_serverapp)
    status = json.loads((await browser.get("flowauth/api/status")).body)
    assert status["changed_event"] == CHANGED_EVENT
    async with asyncio.timeout(30):
        while not heard:  # what is there at the first look is no news
            open_login()
            await asyncio.sleep(0.1)
    assert {name for event in heard for name in event if not name.startswith("__")} == set()


async def test_it_looks_no_longer_than_somebody_else_does() -> None:
    time, stamps = [0.0], [0]
    heard: list[int] = []
    watch = ChangeWatch(lambda: stamps[0], lambda: heard.append(stamps[0]), lambda: time[0])
    assert not watch.is_looking
    watch.attend()
    await asyncio.sleep(0)
    stamps[0] = 1
    time[0] = ATTENTION_SECONDS + 1
    await until(lambda: not watch.is_looking)
    watch.attend()
    assert watch.is_looking
    watch.stop()


async def test_each_change_is_told_once() -> None:
    stamps, told = [0], list[int]()
    looks = [0]

    def stamp() -> int:
        seen = stamps[0]
        looks[0] += 1  # only now: who waits for a look changes the stamp after it
        return seen

    watch = ChangeWatch(stamp, lambda: told.append(stamps[0]), lambda: 0.0)
    watch.attend()
    await until(lambda: looks[0] > 0)
    for number in (1, 2):
        stamps[0] = number
        await until(lambda number=number: number in told)
    before = looks[0]
    await until(lambda: looks[0] > before + 1)
    watch.stop()
    assert told == [1, 2]
