"""A service on a Keycloak realm: it says whose tokens it takes, checks each bearer by the realm's keys, and has a logout of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RequestHandler

from tests.interop.keycloak_server import AUDIENCE, Keycloak

START_SECONDS = 60.0


@dataclass
class Instance:
    """A running service.

    :param callers: who called its API, by username, in order.
    :param logouts: whose logout it was asked for.
    """

    keycloak: Keycloak
    url: str = ""
    callers: list[str] = field(default_factory=list)
    logouts: list[str] = field(default_factory=list)
    _keys: dict[str, Any] = field(default_factory=dict, repr=False)

    def validate_bearer(self, header: str) -> dict[str, Any]:
        """Return the claims of a bearer that is good here.

        :raises HTTPError: 401 if it isn't.
        """
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise HTTPError(401, "no bearer")
        try:
            key = self.key_of(jwt.get_unverified_header(token).get("kid"))
            return dict(jwt.decode(token, key, algorithms=["RS256"], issuer=self.keycloak.issuer, audience=AUDIENCE))
        except jwt.PyJWTError as error:
            raise HTTPError(401, "%s", type(error).__name__) from None

    def key_of(self, kid: str | None) -> Any:
        if kid not in self._keys:
            found = httpx.get(self.keycloak.discovery["jwks_uri"], timeout=60).json()["keys"]
            self._keys = {key["kid"]: jwt.PyJWK(key).key for key in found if key["use"] == "sig"}
        if kid not in self._keys:
            raise jwt.InvalidKeyError
        return self._keys[kid]


class Handler(RequestHandler):
    """What every answer here has in common."""

    def initialize(self, instance: Instance) -> None:
        self.instance = instance

    def log_exception(self, *_: Any) -> None:
        """Log nothing: a refused bearer is what the tests want to see."""


class DiscoveryHandler(Handler):
    def get(self) -> None:
        """Describe the realm, which is at another address."""
        self.write(self.instance.keycloak.discovery)


class ApiHandler(Handler):
    def get(self, name: str) -> None:
        """Answer who has the scope ``school.<name>``."""
        claims = self.instance.validate_bearer(self.request.headers.get("Authorization", ""))
        if f"school.{name}" not in claims["scope"].split():
            raise HTTPError(403, "the scope is missing")
        self.instance.callers.append(claims["preferred_username"])
        self.write(
            {"hello": claims["preferred_username"], "is_service_account": claims.get("profile", {}).get("is_service_account", False)}
        )


class LogoutHandler(Handler):
    def get(self) -> None:
        """Write down that a person has left."""
        claims = self.instance.validate_bearer(self.request.headers.get("Authorization", ""))
        self.instance.logouts.append(claims["preferred_username"])
        self.set_status(204)


def build_application(instance: Instance) -> Application:
    shared = {"instance": instance}
    return Application(
        [
            (r"/\.well-known/openid-configuration", DiscoveryHandler, shared),
            (r"/logout", LogoutHandler, shared),
            (r"/(read|write)", ApiHandler, shared),
        ],
        log_function=lambda handler: None,
    )


@contextlib.contextmanager
def running_instance(keycloak: Keycloak) -> Iterator[Instance]:
    """Serve an instance in a thread of its own until the block ends."""
    instance, ready, loops = Instance(keycloak), threading.Event(), list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]()

    async def serve() -> None:
        until, server = asyncio.Event(), HTTPServer(build_application(instance))
        (listener,) = bind_sockets(0, "127.0.0.1")
        server.add_sockets([listener])
        instance.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        loops.append((asyncio.get_running_loop(), until))
        ready.set()
        await until.wait()
        server.stop()
        await server.close_all_connections()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="instance", daemon=True)
    thread.start()
    assert ready.wait(START_SECONDS)
    try:
        yield instance
    finally:
        loop, until = loops[0]
        loop.call_soon_threadsafe(until.set)
        thread.join(START_SECONDS)
