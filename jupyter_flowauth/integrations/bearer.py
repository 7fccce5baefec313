"""A bearer as an ``auth=`` object: one class that ``requests`` and ``httpx`` both take, whichever is installed."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import AsyncGenerator, Generator
from typing import Any, Protocol
from urllib.parse import urlsplit

from ..authorizers import AuthorizerLike
from ..errors import ConfigurationError

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class BearerAuth(Protocol):
    """An ``auth=`` object for ``requests`` (called with the request) and ``httpx`` (``auth_flow``)."""

    def __call__(self, request: Any) -> Any:
        """Put the header on a ``requests`` request."""

    def auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        """Put the header on an ``httpx`` request."""

    def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        """Put the header on a request of an ``httpx.AsyncClient``."""


def build_bearer_auth(authorizer: AuthorizerLike, *, hosts: tuple[str, ...] | None = None) -> BearerAuth:
    """Return an ``auth=`` object that sends an authorizer's header, and after a 401 tries once more with a renewed one.

    :param hosts: the only hosts that the bearer is sent to; None: whom the caller asks.
    """
    return _bearer_class()(authorizer, hosts)  # type: ignore[no-any-return]  # built at run time, from the libraries that are there


@functools.cache
def _bearer_class() -> Any:
    """Return the class, as a subclass of what each library that is installed asks for."""
    bases: list[type] = []
    if importlib.util.find_spec("httpx"):
        import httpx

        bases.append(httpx.Auth)
    if importlib.util.find_spec("requests"):
        from requests.auth import AuthBase

        bases.append(AuthBase)
    return type("Bearer", (_Bearer, *bases), {"__doc__": _Bearer.__doc__})


def _is_refused(response: Any) -> bool:
    """Tell whether the bearer was refused by whom it is for, and not by a host that a redirect has led to."""
    return response.status_code == 401 and not response.history


class _Bearer:
    """Sends ``Authorization: Bearer …``, always with a token that is good."""

    def __init__(self, authorizer: AuthorizerLike, hosts: tuple[str, ...] | None) -> None:
        self._authorizer, self._hosts = authorizer, hosts

    def __call__(self, request: Any) -> Any:
        self._sign(request)
        request.register_hook("response", self._try_again)
        return request

    def _sign(self, request: Any) -> None:
        address = urlsplit(str(request.url))
        host = address.netloc.rpartition("@")[2]
        if self._hosts is not None and host not in self._hosts:
            wanted = ", ".join(self._hosts)
            raise ConfigurationError(f"this bearer is for {wanted}, and was not sent to {host}; ask for a scope of that service")
        if self._hosts is not None and address.scheme != "https" and address.hostname not in _LOOPBACK:
            raise ConfigurationError(f"this bearer was not sent to {host} without encryption; use https")
        header = self._authorizer.get_authorization_header()
        if header is not None:
            request.headers["Authorization"] = header

    def _try_again(self, response: Any, **options: Any) -> Any:
        """Send a refused request once more with a renewed token; not where a redirect has led: the token isn't meant for there."""
        # requests takes the header off a request that is redirected to another host; its history is not known yet in a hook.
        was_signed = str(response.request.headers.get("Authorization", "")).startswith("Bearer ")
        if response.status_code != 401 or not was_signed:
            return response
        _ = response.content  # read to the end, so that the connection can be used again, whatever comes of this
        if not self._authorizer.handle_missing_authorization():
            return response
        again = response.request.copy()
        again.hooks["response"] = [hook for hook in again.hooks["response"] if hook != self._try_again]
        if hasattr(again.body, "seek"):
            again.body.seek(0)
        self._sign(again)
        retried = response.connection.send(again, **options)
        retried.history.append(response)
        return retried

    def auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        """Sign the request, and sign it once more after a 401."""
        self._sign(request)
        response = yield request
        if _is_refused(response) and self._authorizer.handle_missing_authorization():
            self._sign(request)
            yield request

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        """Do the same, with what may take a request's time in a thread: the event loop goes on meanwhile."""
        from anyio import to_thread  # httpx brings it, and it serves every event loop that httpx does

        await to_thread.run_sync(self._sign, request)
        response = yield request
        if _is_refused(response) and await to_thread.run_sync(self._authorizer.handle_missing_authorization):
            await to_thread.run_sync(self._sign, request)
            yield request

    def __repr__(self) -> str:
        """Show no header."""
        return "<Bearer>"
