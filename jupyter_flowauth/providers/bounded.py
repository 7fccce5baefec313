"""Requests with a bound on their whole time, tried again only where nothing can have been done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import ProviderError
from .oauth_answers import network_error

if TYPE_CHECKING:
    from requests import PreparedRequest, Response
    from requests.adapters import HTTPAdapter

Answer = TypeVar("Answer")
LARGEST_ANSWER_BYTES, _CHUNK_BYTES = 1_000_000, 65_536
TRIES = 3
FIRST_PAUSE_SECONDS = 0.25


def send_within(send: Callable[[], Answer], *, seconds: float, provider: str, address: str, tries: int = TRIES) -> Answer:
    """Return what a request answers, within so many seconds in all.

    A refused connection, 429 and 503 say that nothing was done: they are tried at most twice more, heeding ``Retry-After``. A time-out,
    502, 504 or a dropped answer may have been done, and is not repeated.

    :raises ProviderError: as the last try ended, or if the time is up.
    """
    deadline = time.monotonic() + seconds
    for tries_left in reversed(range(tries)):
        try:
            return _within(send, deadline - time.monotonic(), provider, address)
        except ProviderError as error:
            pause = FIRST_PAUSE_SECONDS * 2 ** (tries - 1 - tries_left) if error.retry_after_seconds is None else error.retry_after_seconds
            if not error.nothing_done or not tries_left or time.monotonic() + pause >= deadline:
                raise
            time.sleep(pause)
    raise AssertionError("unreachable")  # pragma: no cover - the last try returns or raises


def _within(send: Callable[[], Answer], seconds: float, provider: str, address: str) -> Answer:
    """Bound one request, also by what a socket's time-out doesn't: an answer that comes a byte at a time."""
    outcome: Future[Answer] = Future()

    def run() -> None:
        try:
            outcome.set_result(send())
        except BaseException as error:  # noqa: BLE001 - raised in the caller
            outcome.set_exception(error)

    threading.Thread(target=run, name="flowauth-request", daemon=True).start()
    try:
        return outcome.result(timeout=seconds)
    except TimeoutError:
        if outcome.done():
            raise
        raise network_error(provider, address, timed_out=True) from None


def build_bounded_adapter(provider: str) -> HTTPAdapter:
    """Return an adapter for a session of ``requests`` that reads no answer beyond a megabyte, packed or not.

    :raises ProviderError: (from a request) if an answer is larger.
    """
    from requests.adapters import HTTPAdapter

    class BoundedAdapter(HTTPAdapter):
        def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
            answer = super().send(request, *args, **options)
            body = read_at_most(LARGEST_ANSWER_BYTES, answer.iter_content(_CHUNK_BYTES))
            if body is None:
                answer.close()
                raise ProviderError(f"{provider} answered more than an answer may hold; nothing was kept; try again later")
            answer._content = body
            return answer

    return BoundedAdapter()


def read_at_most(most_bytes: int, chunks: Iterable[bytes]) -> bytes | None:
    """Return an answer's body, or None if it is larger: then no more was read of it than shows that."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > most_bytes:
            return None
    return bytes(body)


def is_connection_refused(error: BaseException | None) -> bool:
    """Tell whether a connection was refused outright, so that nothing was sent. Looks through the wrappers of requests and urllib3."""
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, ConnectionRefusedError):
            return True
        reason = getattr(error, "reason", None)
        inner = reason if isinstance(reason, BaseException) else next((a for a in error.args if isinstance(a, BaseException)), None)
        error, seen = inner or error.__cause__ or error.__context__, seen + 1
    return False
