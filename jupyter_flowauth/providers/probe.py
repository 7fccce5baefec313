"""One look at an address, for the doctor: through the same library as a login, and so the same proxies and certificates."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ..errors import ProviderError
from .bounded import send_within

PROBE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address answered to one request.

    :param date: the answer's Date header.
    :param location: where it redirects to.
    :param asked_at_seconds: POSIX time in the middle of the request, by this machine's clock.
    """

    status: int
    date: str | None
    location: str | None
    asked_at_seconds: float


def probe(url: str) -> Answer:
    """Return what an address answers to one GET without cookies. No redirect is followed, and the body isn't read.

    :raises ProviderError: if it doesn't answer, with the reason as far as it can be told.
    """
    return send_within(lambda: _probe_once(url), seconds=PROBE_SECONDS, provider="the provider", address=url.partition("?")[0])


def _probe_once(url: str) -> Answer:
    import requests

    asked_at = time.time()
    try:
        # With an `auth` that leaves the request as it is, for else requests would send what .netrc holds for the host.
        with requests.get(url, allow_redirects=False, stream=True, timeout=PROBE_SECONDS, auth=lambda request: request) as answer:
            middle = (asked_at + time.time()) / 2
            return Answer(answer.status_code, answer.headers.get("Date"), answer.headers.get("Location"), middle)
    except (requests.RequestException, ValueError) as error:  # the last of a host whose name is none
        reason = _reason(error)
    # Out here, and so without the library's error as its context.
    raise ProviderError(reason)


def _reason(error: Exception) -> str:
    import requests

    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate isn't trusted here"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy doesn't let the request through"
    if isinstance(error, requests.exceptions.Timeout):
        return "it didn't answer in time"
    if "NameResolutionError" in repr(error) or "getaddrinfo" in repr(error):
        return "its name can't be found (DNS)"
    return f"no connection could be made ({type(error).__name__})"
