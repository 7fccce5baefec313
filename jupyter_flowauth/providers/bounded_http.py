"""One request to a provider: no redirect is followed, no cookie kept, no more read than so many bytes, in no more than so many seconds."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..code_grant import is_loopback_url
from ..errors import ProviderError
from ..secret import to_secret
from .bounded import TRIES, is_connection_refused, read_at_most, send_within
from .oauth_answers import network_error, refusal

REQUEST_SECONDS = 10.0
MOST_BYTES = 512 * 1024
_CHUNK_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back, whole, and not judged yet."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> object:
        """Return the JSON in it, or None if it holds none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def header(self, name: str) -> str | None:
        """Return a header by its name in lower case."""
        return self.headers.get(name)


def send(
    method: str,
    url: str,
    *,
    provider: str,
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = REQUEST_SECONDS,
    tries: int = TRIES,
) -> HttpAnswer:
    """Return the answer to one request, tried again at most twice where the provider certainly did nothing.

    :param body: a form, already encoded; or what ``headers`` say it is.
    :raises ProviderError: if nothing came back in time, or too much.
    """
    once = functools.partial(_send_once, method, url, provider, to_secret(body), dict(headers or {}), seconds)
    return send_within(once, seconds=seconds, provider=provider, address=origin_of(url), tries=tries)


def _send_once(method: str, url: str, provider: str, body: str | None, headers: dict[str, str], seconds: float) -> HttpAnswer:
    import requests

    if body is not None:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    # A session of its own: no cookie of one login meets another, and no connection is shared with a process that was forked.
    with requests.Session() as session:
        # Loopback is never reached through a proxy, whatever the environment says: it would be the proxy's own.
        session.trust_env = not is_loopback_url(url)
        request = requests.Request(method, url, data=body, headers={"Accept": "application/json", **headers}, auth=_as_it_is)
        settings = session.merge_environment_settings(url, {}, True, None, None)
        try:
            prepared = session.prepare_request(request)
            with session.send(prepared, timeout=seconds, allow_redirects=False, **settings) as answer:
                content = read_at_most(MOST_BYTES, answer.iter_content(_CHUNK_BYTES))
        except (requests.RequestException, OSError, ValueError) as error:  # the last of a host whose name is none
            timed_out, refused = isinstance(error, requests.Timeout), is_connection_refused(error)
        else:
            if content is None:
                raise ProviderError(f"{provider} answered with more than {MOST_BYTES // 1024} KiB, which was not read; nothing was kept")
            return _judge(provider, HttpAnswer(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, content))
    # Out here, and so without the library's error as its context: the frames of that one hold the form, and a debugger walks the chain.
    raise network_error(provider, origin_of(url), timed_out=timed_out, refused=refused)


def _as_it_is(request: object) -> object:
    """Leave a request as it is: without this, requests takes whatever ``.netrc`` holds for the host, in the place of a bearer."""
    return request


def _judge(provider: str, answer: HttpAnswer) -> HttpAnswer:
    """Return an answer that asks for no other try.

    :raises ProviderError: for the others.
    """
    if answer.status in (429, 503):
        raise refusal(provider, answer.status, answer.json(), retry_after=answer.header("retry-after"))
    return answer


def origin_of(url: str) -> str:
    """Return ``scheme://host[:port]`` of an address: what may be said of it, for a query may hold what may not."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
