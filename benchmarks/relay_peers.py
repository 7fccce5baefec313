"""What the relay is measured with, each a process: a Hub that answers at once, and a bare Tornado handler that checks the same cookies."""

from __future__ import annotations

import asyncio
import json
import sys

from tornado.web import Application, RequestHandler

PREFIX = "/services/flowauth/"
SECRET = "a secret of at least thirty-two characters"
COOKIES = ("flowauth-relay-session", "flowauth-relay-login-")
USER = {"kind": "user", "name": "alice", "servers": {"": {"url": "/user/alice/", "ready": True}}, "scopes": []}


class HubUser(RequestHandler):
    def get(self) -> None:
        self.finish(USER)


class HubToken(RequestHandler):
    def post(self) -> None:
        self.finish({"access_token": "token"})

    def check_xsrf_cookie(self) -> None:
        """There is none."""


class Bare(RequestHandler):
    def get(self) -> None:
        for name in self.request.cookies:
            if name.startswith(COOKIES):
                value = self.get_signed_cookie(name)
                assert value is not None
                if name.startswith(COOKIES[1]):
                    assert json.loads(value)["user"] == "alice"
        self.set_status(303)
        self.set_header("Location", "/user/alice/flowauth/callback/globus")
        self.finish()


async def serve(kind: str, port: int) -> None:
    routes = [("/hub/api/user", HubUser), ("/hub/api/oauth2/token", HubToken)] if kind == "hub" else [(f"{PREFIX}callback/globus", Bare)]
    Application(routes, cookie_secret=SECRET, log_function=lambda _: None).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
