"""A login that goes on while the notebook does something else."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any, Literal

from .authorizers import AuthorizersByScope
from .login import Login
from .records import LoginResult

WAKE_SECONDS = 0.25


class PendingLogin:
    """A login that goes on in the background: ``.done``, ``.cancel()``, or ``await`` it."""

    def __init__(self, login: Login, authorizers: AuthorizersByScope, *, begun: bool) -> None:
        self._login, self._authorizers = login, authorizers
        self._future: Future[AuthorizersByScope] = Future()
        if begun:
            run = contextvars.copy_context().run
            threading.Thread(target=run, args=(self._finish,), name="flowauth-login", daemon=True).start()
        else:
            self._future.set_result(authorizers)

    def _finish(self) -> None:
        try:
            self._login.finish()
            self._future.set_result(self._authorizers)
        except BaseException as error:  # noqa: BLE001 - it is raised in whoever awaits
            error.__context__ = None
            self._future.set_exception(error.with_traceback(None))

    @property
    def login_id(self) -> str | None:
        """The id of the login, or None while it waits for somebody else's, or if nothing was missing."""
        return self._login.request.login_id if self._login.request else None

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self._future.done()

    @property
    def outcome(self) -> LoginResult | None:
        """How it ended, or None."""
        return self._login.result

    def when_done(self, callback: Callable[[BaseException | None], object]) -> None:
        """Call back with the error, or None, once it has ended: in the thread in which it ends, or at once."""
        self._future.add_done_callback(lambda future: callback(future.exception()))

    def cancel(self, *, how: Literal["cancelled", "interrupted"] = "cancelled") -> None:
        """Call the login off; awaiting it then raises ``LoginDenied``."""
        self._login.deadline.cancel(how=how)

    def __await__(self) -> Generator[Any, None, AuthorizersByScope]:
        """Wait for the end without blocking the event loop, and return the authorizers."""
        return self._wait().__await__()

    async def _wait(self) -> AuthorizersByScope:
        ended = asyncio.wrap_future(self._future)
        # An error goes to whoever awaits. Nobody may do so any more, and asyncio is not to complain of that.
        ended.add_done_callback(lambda future: future.cancelled() or future.exception())
        while not ended.done():
            # Not for ever at once: a kernel's SIGINT may reach another of its threads, and a loop that sleeps hears of it when it wakes.
            await asyncio.wait({ended}, timeout=WAKE_SECONDS)
        return ended.result()

    def __repr__(self) -> str:
        """Show whether it is done."""
        return f"<PendingLogin: {self.outcome.message if self.outcome else 'waiting'}>"
