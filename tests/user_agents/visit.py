"""A loopback login that listens, and whoever comes to it."""

from __future__ import annotations

import http.client
import threading
from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

from jupyter_flowauth.errors import LoginTimeout
from jupyter_flowauth.records import LoginResult
from jupyter_flowauth.user_agents.loopback import LoopbackUserAgent
from tests.storage.login_requests import build_request

ISSUER = "https://issuer.example"


class Visit:
    """A login that listens, its browser's address, and its wait in a thread."""

    def __init__(self, presenter, *, open_browser=lambda url: None, **changes):
        base = build_request()
        values = {"authorization_endpoint": f"{ISSUER}/authorize", "issuer": ISSUER, "iss_required": True, **changes}
        self.login = replace(base, authorization=replace(base.authorization, **values))
        self.urls, opened = [], threading.Event()

        def remember(url):
            self.urls.append(url)
            try:
                return open_browser(url)
            finally:
                opened.set()

        self.agent = LoopbackUserAgent(remember, presenter=presenter)
        self.agent.show(self.login)
        assert opened.wait(60)
        self.state = str(self.login.authorization.state)
        self.redirect_uri = parse_qs(urlsplit(self.urls[0]).query)["redirect_uri"][0]
        self.port, self.path = urlsplit(self.redirect_uri).port, urlsplit(self.redirect_uri).path or "/"
        self.start_path = urlsplit(presenter.shown[-1][1]).path

    def get(self, path, *, method="GET", host=None, port=None):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=60)
        try:
            connection.putrequest(method, path, skip_host=True)
            connection.putheader("Host", host or f"127.0.0.1:{self.port}")
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def answer(self, path=None, **changes):
        values = {"code": "SENTINEL-code", "state": self.state, "iss": ISSUER, **changes}
        query = urlencode({name: value for name, value in values.items() if value is not None})
        return self.get(f"{path or self.path}?{query}")

    def wait(self):
        class Impatient:
            left = 100

            def pause(self, seconds):
                self.left -= 1
                if self.left <= 0:
                    raise LoginTimeout("nobody came")

        return self.agent.wait(self.login, Impatient())

    def end(self, message="You are alice."):
        self.agent.finish(self.login, LoginResult(self.login.login_id, "done", message, 0))
