from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

import pytest
import requests

from jupyter_flowauth.sandbox.visitor import Visitor, VisitRefused, parse_page

PREFIX = "/user/ada/flowauth/sandbox"


def test_a_visitor_stays_logged_in(sandbox, start):
    visitor = Visitor()
    visitor.approve(start(), user="bob")
    assert "bob@sandbox.example" in visitor.open(start()).text


def test_two_visitors_share_nothing(start):
    Visitor().approve(start())
    assert Visitor().open(start()).title == "Log in · Sandbox"


def test_the_last_redirect_is_not_followed(sandbox, start):
    assert urlsplit(sandbox.approve(start())).netloc == "127.0.0.1:8888"


def test_the_code_pages_address_is_returned_whole(sandbox, start):
    returned = sandbox.approve(start(redirect_uri=f"{sandbox.url}/v2/web/auth-code"))
    assert returned.startswith(f"{sandbox.url}/v2/web/auth-code?code=")


def test_a_button_that_is_not_there_cannot_be_pressed(start):
    visitor = Visitor()
    with pytest.raises(VisitRefused):
        visitor.submit(visitor.open(start()), ("user", "mallory"))


def test_title_form_and_buttons_are_read():
    page = parse_page("<title>A &amp; B</title><form action=x><input name=a value='1 &lt;'><button name=b value=c>C</button></form>")
    assert (page.title, page.form.action, page.form.fields, page.form.buttons) == ("A & B", "x", {"a": "1 <"}, [("b", "c")])


@pytest.fixture
def proxy(sandbox):
    """A proxy that serves the sandbox's pages below a prefix, as the Jupyter server does in the demo."""

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self):
            assert self.path.startswith(PREFIX + "/")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name: self.headers[name] for name in ("Cookie", "Content-Type") if name in self.headers} | {
                "X-Forwarded-Prefix": PREFIX
            }
            url = sandbox.url + self.path.removeprefix(PREFIX)
            answer = requests.request(self.command, url, headers=headers, data=body, allow_redirects=False, timeout=60)
            self.send_response(answer.status_code)
            for name, value in answer.raw.headers.items():
                if name in {"Location", "Set-Cookie", "Content-Type"}:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content)

        do_POST = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, format, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_pages_work_behind_a_prefix(sandbox, start, proxy):
    returned = Visitor().approve(start().replace(sandbox.url, proxy, 1))
    assert returned.startswith("http://127.0.0.1:8888/flowauth/callback/globus?code=")


def test_the_code_page_is_reached_behind_a_prefix(sandbox, start, proxy):
    visitor = Visitor()
    url = start(redirect_uri=f"{sandbox.url}/v2/web/auth-code")
    returned = visitor.approve(url.replace(sandbox.url, proxy, 1))
    assert returned.startswith(f"{proxy}/v2/web/auth-code?code=")
    assert visitor.get(returned).title == "Your code · Sandbox"
