"""Word of a change, the moment there is one: logins, accounts and requests are looked at for as long as a browser looks at us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Any

CHANGED_EVENT = "https://schema.jupyter.org/jupyter_flowauth/changed/v1"
# What goes over Jupyter's own event bus says "done, look" and nothing else: whoever may hear the bus learns that something changed.
CHANGED_SCHEMA: dict[str, Any] = {
    "$id": CHANGED_EVENT,
    "version": "1",
    "title": "Logins have changed",
    "description": "A login, an account or a request for one has changed: ask flowauth/api/status what there is now.",
    "type": "object",
    "additionalProperties": False,
    "properties": {},
}
GLANCE_SECONDS = 0.4
# A page that is open asks for the status every other minute at the least.
ATTENTION_SECONDS = 300.0


class ChangeWatch:
    """Compares stamps a few times a second while somebody is looking, and sleeps otherwise.

    :param stamp: returns a value that changes with what is watched; it may wait for a disk.
    :param changed: called, on the event loop, when it did.
    :param monotonic: seconds that never go backwards.
    """

    def __init__(self, stamp: Callable[[], Hashable], changed: Callable[[], None], monotonic: Callable[[], float]) -> None:
        self._stamp, self._changed, self._monotonic = stamp, changed, monotonic
        self._until = 0.0
        self._task: asyncio.Task[None] | None = None

    @property
    def is_looking(self) -> bool:
        """Whether it looks just now."""
        return self._task is not None and not self._task.done()

    def attend(self) -> None:
        """Look for a while: somebody has just asked. To be called on the event loop."""
        self._until = self._monotonic() + ATTENTION_SECONDS
        if not self.is_looking:
            self._task = asyncio.get_running_loop().create_task(self._look())

    def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    async def _look(self) -> None:
        seen = await self._glance()
        while self._monotonic() < self._until:
            await asyncio.sleep(GLANCE_SECONDS)
            now = await self._glance()
            if now != seen:
                seen = now
                self._changed()

    async def _glance(self) -> Hashable:
        return await asyncio.get_running_loop().run_in_executor(None, self._stamp)
